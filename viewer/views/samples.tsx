import { useLayoutEffect, useRef } from 'preact/hooks';
import type {
  Answer,
  ComparedSample,
  ComparedSamples,
  ReportData,
  SampleInput,
  ShownImage,
} from '../../dist/types/findings/types.js';
import { decimal, percent } from '../../src/report/numbers.js';
import { Section } from '../parts/figure.js';
import { counted, Shortened, shapeText } from '../parts/text.js';

/** Samples that the two models answer otherwise, side by side. */
export function Samples({ data: { samples } }: { readonly data: ReportData }) {
  if (samples === undefined) return null;
  const { looked, changed, kind, output, shown } = samples;
  const what: Readonly<Record<ComparedSamples['kind'], string>> = {
    classes: 'another class than the original gives',
    boxes: 'boxes that are less than half alike',
    values: 'values that are less than half alike',
  };
  return (
    <Section
      id="samples"
      title="Changed answers"
      says={
        <>
          Of {counted(looked, 'sample')} that were looked at,{' '}
          {changed === 0
            ? 'none gets'
            : `${changed} (${percent(changed / looked)}) get${changed === 1 ? 's' : ''}`}{' '}
          {what[kind]} (<Shortened text={output} most={30} />
          ).
          {shown.length > 0 &&
            ` The ${shown.length === 1 ? 'one that differs' : `${shown.length} that differ`} most:`}
        </>
      }
    >
      {shown.length > 0 && (
        <ol class="samples">
          {shown.map((sample) => (
            <Sample key={sample.at} sample={sample} kind={kind} />
          ))}
        </ol>
      )}
    </Section>
  );
}

function Sample({
  sample,
  kind,
}: {
  readonly sample: ComparedSample;
  readonly kind: ComparedSamples['kind'];
}) {
  const { at, input, answers, label, fidelity } = sample;
  return (
    <li>
      <Input input={input} answers={kind === 'boxes' ? answers : undefined} name={`Sample ${at}`} />
      <div>
        <h3>
          Sample {at}
          {label !== undefined && `, label ${label}`}
        </h3>
        {kind !== 'classes' && <p class="small">{percent(fidelity)} alike</p>}
        {kind === 'values' ? (
          <Values answers={answers} />
        ) : kind === 'boxes' ? (
          <Counts answers={answers} />
        ) : (
          <Classes answers={answers} label={label} />
        )}
      </div>
    </li>
  );
}

type Answers = readonly [Answer, Answer];
const SIDES = ['original', 'pruned'] as const;

function Classes({ answers, label }: { readonly answers: Answers; readonly label: number | undefined }) {
  return (
    <div class="pair">
      {answers.map(({ classes = [] }, side) => (
        <div key={SIDES[side]}>
          <h4>{SIDES[side]}</h4>
          <ul>
            {classes.slice(0, 3).map((own) => (
              <li key={own.class} class={own.class === label ? 'right' : ''}>
                <Shortened
                  text={typeof own.class === 'number' ? `class ${own.class}` : own.class}
                  most={20}
                />{' '}
                <span class="small">{Math.round(100 * own.value)}&nbsp;%</span>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </div>
  );
}

const Counts = ({ answers }: { readonly answers: Answers }) => (
  <p>
    <span class="stroke-before">original</span>{' '}
    {counted(answers[0].boxes?.length ?? 0, 'box').replace('boxs', 'boxes')},{' '}
    <span class="stroke-after">pruned</span>{' '}
    {counted(answers[1].boxes?.length ?? 0, 'box').replace('boxs', 'boxes')}
  </p>
);

/** Two pictures, or two rows of numbers as lines in one. */
function Values({ answers }: { readonly answers: Answers }) {
  const [original, pruned] = answers;
  if (original.image && pruned.image)
    return (
      <div class="pair">
        {[original.image, pruned.image].map((image, side) => (
          <div key={SIDES[side]}>
            <h4>{SIDES[side]}</h4>
            <Image input={image} answers={undefined} name={`What the ${SIDES[side]} model gives`} />
          </div>
        ))}
      </div>
    );
  const rows = answers.map(({ values = [] }) => values);
  return (
    <>
      <Line rows={rows} label="Values of both answers" />
      <p class="small">
        <span class="stroke-before">original</span> {numbersText(rows[0]!)}
        <br />
        <span class="stroke-after">pruned</span> {numbersText(rows[1]!)}
      </p>
    </>
  );
}

const numbersText = (values: readonly number[]): string =>
  `${values
    .slice(0, 4)
    .map((value) => decimal(value))
    .join(', ')}${values.length > 4 ? ', …' : ''}`;

function Line({ rows, label }: { readonly rows: readonly (readonly number[])[]; readonly label: string }) {
  const all = rows.flat().filter((value) => value !== null && Number.isFinite(value));
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const y = (value: number): number => (high > low ? 46 - (44 * (value - low)) / (high - low) : 24);
  return (
    <svg class="line-picture" viewBox="0 0 150 48" role="img" aria-label={label}>
      {rows.map((values, side) => (
        <polyline
          key={SIDES[side]}
          class={side === 0 ? 'stroke-before' : 'stroke-after'}
          points={values
            .map(
              (value, index) =>
                `${((150 * index) / Math.max(1, values.length - 1)).toFixed(1)},${y(value ?? low).toFixed(1)}`,
            )
            .join(' ')}
        />
      ))}
    </svg>
  );
}

/** What the models were given. */
function Input({
  input,
  answers,
  name,
}: {
  readonly input: SampleInput;
  readonly answers: Answers | undefined;
  readonly name: string;
}) {
  if (input.form === 'texts')
    return (
      <p class="given">
        {input.texts.map((text) => (
          <Shortened key={text} text={text} most={120} />
        ))}
      </p>
    );
  if (input.form === 'values')
    return (
      <div class="given">
        <Line rows={[input.values]} label={`${name}, some of its values`} />
        <p class="small">
          <Shortened text={input.name} most={18} /> {shapeText(input.dims)}
        </p>
      </div>
    );
  return <Image input={input} answers={answers} name={name} />;
}

/** A picture that a model was given, with the boxes of both models. */
function Image({
  input,
  answers,
  name,
}: {
  readonly input: ShownImage;
  readonly answers: Answers | undefined;
  readonly name: string;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height, channels, pixels, size } = input;
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const image = context.createImageData(width, height);
    const text = atob(pixels);
    for (let pixel = 0; pixel < width * height; pixel++) {
      for (let channel = 0; channel < 3; channel++)
        image.data[4 * pixel + channel] = text.charCodeAt(channels * pixel + (channels === 3 ? channel : 0));
      image.data[4 * pixel + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }, [width, height, channels, pixels]);
  // Boxes are in pixels, or in shares of the image.
  const all = answers?.flatMap(({ boxes = [] }) => boxes.flatMap((box) => box.slice(0, 4))) ?? [];
  const shares = all.length > 0 && Math.max(...all) <= 2;
  const [wide, high] = shares ? [1, 1] : size;
  return (
    <div class="given image" style={{ aspectRatio: `${width} / ${height}` }}>
      <canvas
        ref={canvas}
        width={width}
        height={height}
        role="img"
        aria-label={`${name}, as the model was given it`}
      />
      {answers && (
        <svg viewBox={`0 0 ${wide} ${high}`} preserveAspectRatio="none" aria-hidden="true">
          {answers.map(({ boxes = [] }, side) =>
            boxes.map(([left = 0, top = 0, right = 0, bottom = 0]) => (
              <rect
                key={`${side} ${left} ${top} ${right}`}
                class={side === 0 ? 'stroke-before' : 'stroke-after'}
                x={left}
                y={top}
                width={Math.max(0, right - left)}
                height={Math.max(0, bottom - top)}
              />
            )),
          )}
        </svg>
      )}
    </div>
  );
}
