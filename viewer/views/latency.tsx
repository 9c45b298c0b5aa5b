import type { ReportData } from '../../dist/types/findings/types.js';
import { milliseconds, percent } from '../../src/report/numbers.js';
import { Figure, Key, Section, Table } from '../parts/figure.js';
import { useWidth } from '../parts/hooks.js';
import { Picture } from '../parts/picture.js';
import { Shortened, shortened } from '../parts/text.js';

/** Layers that are drawn: those that take longest. */
const MOST = 24;
const ROW = 24;

interface Bar {
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

/** What each layer takes, before and predicted; and how the whole came out when it was measured. */
export function Latency({ data: { latency, verification } }: { readonly data: ReportData }) {
  const [box, width] = useWidth<HTMLDivElement>();
  if (latency === undefined) return null;
  const bars = barsOf(latency);
  const most = Math.max(...bars.map(({ before, after }) => Math.max(before, after)));
  const names = width < 560 ? 110 : 230;
  const length = (ms: number): number => Math.max(0.5, (ms / most) * (width - names - 66));
  const measured = verification?.latency;
  const height = bars.length * ROW + 4;
  return (
    <Section
      id="latency"
      title="Latency by layer"
      says="Milliseconds of each layer on the machine that pruned it: measured alone at several widths, and scaled so that all come to the measured whole. Last is all that was not measured by itself."
    >
      <p class="basis">
        Predicted: {milliseconds(latency.originalMs)} → {milliseconds(latency.predictedMs)} (
        {percent(latency.ratio)} of the original).{' '}
        {measured
          ? `Measured: ${milliseconds(measured.originalMs)} → ${milliseconds(measured.prunedMs)} (${percent(measured.ratio)}).`
          : 'The pruned model itself was not measured: give samples, or compare both with verify.'}
      </p>
      <Figure
        name="latency"
        legend={
          <>
            <Key kind="before">before</Key>
            <Key kind="after">predicted</Key>
          </>
        }
        table={() => (
          <Table
            heads={['Layer', 'Before', 'Predicted']}
            rows={[
              ...latency.byNode.map((own) => [own.node, own.originalMs, own.predictedMs] as const),
              ['all else', latency.rest.originalMs, latency.rest.predictedMs] as const,
            ].map(([name, before, after]) => [
              <Shortened key="name" text={name} />,
              milliseconds(before),
              milliseconds(after),
            ])}
          />
        )}
      >
        <div ref={box}>
          <Picture
            width={width}
            height={height}
            label={`Milliseconds of ${bars.length} layers, before and predicted`}
          >
            {bars.map(({ name, before, after }, row) => (
              <g key={name}>
                <text x={names - 8} y={row * ROW + 15} text-anchor="end">
                  {shortened(name, Math.floor(names / 7.4))}
                </text>
                <rect class="before" x={names} y={row * ROW + 3} width={length(before)} height="9" />
                <rect class="after" x={names} y={row * ROW + 12} width={length(after)} height="7" />
                <text class="tick" x={names + length(Math.max(before, after)) + 5} y={row * ROW + 15}>
                  {milliseconds(after)}
                </text>
              </g>
            ))}
          </Picture>
        </div>
      </Figure>
    </Section>
  );
}

/** The longest layers in order of the graph, then all others together. */
function barsOf({ byNode, rest }: NonNullable<ReportData['latency']>): readonly Bar[] {
  const longest = new Set(byNode.toSorted((a, b) => b.originalMs - a.originalMs).slice(0, MOST));
  const others = byNode.filter((own) => !longest.has(own));
  const sum = (of: 'originalMs' | 'predictedMs'): number =>
    others.reduce((all, own) => all + own[of], rest[of]);
  return [
    ...byNode.flatMap((own) =>
      longest.has(own) ? [{ name: own.node, before: own.originalMs, after: own.predictedMs }] : [],
    ),
    {
      name: others.length > 0 ? `${others.length} others, and the rest` : 'all else',
      before: sum('originalMs'),
      after: sum('predictedMs'),
    },
  ];
}
