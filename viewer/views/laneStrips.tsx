import type { TensorRow } from '../../dist/types/findings/types.js';
import { bytes } from '../../src/report/numbers.js';
import { Picture } from '../parts/picture.js';
import { counted, shapeText } from '../parts/text.js';

const STRIP = 34;
const GAP = 24;

/** A tensor down to its lanes: for each of its axes which indices stay. */
export function LaneStrips({
  tensor,
  width,
  two,
  reasons,
}: {
  readonly tensor: TensorRow;
  readonly width: number;
  readonly two: boolean;
  readonly reasons: readonly string[];
}) {
  const { dims, left, bytes: size, dtype, cuts = [], frozen = [] } = tensor;
  const axes = dims.flatMap((length, axis) => (length > 1 ? [{ length, axis }] : []));
  const height = Math.max(1, axes.length) * (STRIP + GAP) + 8;
  return (
    <div>
      <p class="basis">
        {dtype} {shapeText(dims)}, {bytes(size[0])}
        {two &&
          (left === undefined
            ? '; the pruned model does not have it'
            : `; left: ${shapeText(left)}, ${bytes(size[1])}`)}
      </p>
      <Picture
        width={width}
        height={height}
        label={`Indices of each axis: ${axes.map(({ axis, length }) => textOf(axis, length, left?.[axis])).join('; ')}`}
      >
        {axes.map(({ length, axis }, row) => {
          const y = row * (STRIP + GAP) + 18;
          const cut = cuts.find((own) => own.axis === axis);
          const runs = cut?.runs ?? [left?.[axis] ?? (two ? 0 : length)];
          let at = 0;
          return (
            <g key={axis}>
              <text class="tick" x="0" y={y - 6}>
                {textOf(axis, length, two ? (left?.[axis] ?? 0) : undefined)}
                {frozen.some((own) => own.axis === axis) ? '; frozen' : ''}
              </text>
              <rect class="gone" x="0" y={y} width={width} height={STRIP} />
              {runs.map((run, index) => {
                const x = (width * at) / length;
                at += run;
                return index % 2 === 0 && run > 0 ? (
                  <rect key={index} class="after" x={x} y={y} width={(width * run) / length} height={STRIP} />
                ) : null;
              })}
            </g>
          );
        })}
      </Picture>
      {frozen.length > 0 && (
        <ul>
          {frozen.map((own) => (
            <li key={own.axis}>
              Axis {own.axis} stays whole: {own.reasons.map((reason) => reasons[reason]).join('; ')}.
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

const textOf = (axis: number, length: number, left: number | undefined): string =>
  `axis ${axis}: ${left === undefined || left === length ? counted(length, 'index').replace('indexs', 'indices') : `${left} of ${length} indices stay`}`;
