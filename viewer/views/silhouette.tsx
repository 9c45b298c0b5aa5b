import { ticks } from 'd3-array';
import { useState } from 'preact/hooks';
import type { NodeRow, ReportData } from '../../dist/types/findings/types.js';
import { Figure, Key, Section, Table } from '../parts/figure.js';
import { useWidth } from '../parts/hooks.js';
import { Picture } from '../parts/picture.js';
import { Shortened, shortened } from '../parts/text.js';

/** A layer, and how wide it is before and after. */
interface Layer {
  readonly name: string;
  readonly op: string;
  readonly before: number;
  readonly after: number;
}

/** Nodes that have weights, in order of the graph, and the lengths of the axis that holds their channels. */
export function layersOf(nodes: readonly NodeRow[], two: boolean): readonly Layer[] {
  return nodes.flatMap(({ name, op, shape, left, gone, params }): Layer[] => {
    if (params[0] === 0 || shape === undefined || shape.length < 2) return [];
    const cut =
      left?.length === shape.length
        ? shape.findIndex((length, axis) => axis > 0 && left[axis] !== length)
        : -1;
    const axis = cut > 0 ? cut : shape.length > 3 ? 1 : shape.length - 1;
    const before = shape[axis]!;
    return [{ name, op, before, after: gone ? 0 : two ? (left?.[axis] ?? before) : before }];
  });
}

const HEIGHT = 240;
const EDGE = { left: 44, right: 8, top: 10, bottom: 26 };

/** How wide each layer is, from the input on the left to the output on the right. */
export function Silhouette({ data }: { readonly data: ReportData }) {
  const layers = layersOf(data.nodes, data.pruned !== undefined);
  const [box, width] = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<number | undefined>(undefined);
  if (layers.length === 0) return null;
  const most = Math.max(...layers.map(({ before, after }) => Math.max(before, after)));
  const [inner, middle] = [width - EDGE.left - EDGE.right, (HEIGHT - EDGE.bottom + EDGE.top) / 2];
  const step = inner / layers.length;
  const half = (value: number): number => (value / most) * (middle - EDGE.top);
  const path = (of: (layer: Layer) => number): string => {
    const upper = layers.flatMap((layer, i) => {
      const y = middle - half(of(layer));
      return [`${EDGE.left + i * step},${y.toFixed(1)}`, `${EDGE.left + (i + 1) * step},${y.toFixed(1)}`];
    });
    const lower = layers
      .flatMap((layer, i) => {
        const y = middle + half(of(layer));
        return [`${EDGE.left + i * step},${y.toFixed(1)}`, `${EDGE.left + (i + 1) * step},${y.toFixed(1)}`];
      })
      .reverse();
    return `M${[...upper, ...lower].join('L')}Z`;
  };
  const own = at === undefined ? undefined : layers[at];
  const move = (event: { readonly currentTarget: EventTarget | null; readonly clientX: number }): void => {
    const { left, width: shown } = (event.currentTarget as Element).getBoundingClientRect();
    const place = Math.floor((((event.clientX - left) * width) / shown - EDGE.left) / step);
    setAt(place >= 0 && place < layers.length ? place : undefined);
  };
  return (
    <Section
      id="widths"
      title="Widths"
      says="The model from its input on the left to its output on the right. The height is how many channels, neurons or heads each layer gives; hatched is what is gone."
    >
      <Figure
        name="widths"
        legend={
          <>
            <Key kind="after">kept</Key>
            {data.pruned && <Key kind="gone">removed</Key>}
            <span class="hover">
              {own ? (
                <>
                  <Shortened text={own.name} /> ({own.op}): {own.before} → {own.after}
                </>
              ) : (
                ''
              )}
            </span>
          </>
        }
        table={() => (
          <Table
            heads={['Layer', 'Operator', 'Before', 'After']}
            rows={layers.map(({ name, op, before, after }) => [
              <Shortened key="name" text={name} />,
              op,
              before,
              after,
            ])}
          />
        )}
      >
        <div ref={box}>
          <div onPointerMove={move} onPointerLeave={() => setAt(undefined)}>
            <Picture
              width={width}
              height={HEIGHT}
              label={`Widths of ${layers.length} layers, before and after`}
            >
              {ticks(0, most, 3).map((tick) =>
                [-1, 1].map((side) => (
                  <g key={`${tick} ${side}`}>
                    <line
                      class="grid"
                      x1={EDGE.left}
                      x2={width - EDGE.right}
                      y1={middle + side * half(tick)}
                      y2={middle + side * half(tick)}
                    />
                    {(side < 0 || tick > 0) && (
                      <text
                        class="tick"
                        x={EDGE.left - 6}
                        y={middle + side * half(tick) + 4}
                        text-anchor="end"
                      >
                        {tick}
                      </text>
                    )}
                  </g>
                )),
              )}
              <path class="gone" d={path(({ before }) => before)} />
              <path class="after" d={path(({ after }) => after)} />
              {at !== undefined && (
                <rect
                  class="mark"
                  x={EDGE.left + at * step}
                  width={Math.max(1, step)}
                  y={EDGE.top}
                  height={2 * (middle - EDGE.top)}
                />
              )}
              <text class="tick" x={EDGE.left} y={HEIGHT - 8}>
                {shortened(layers[0]!.name, width < 500 ? 14 : 30)}
              </text>
              <text class="tick" x={width - EDGE.right} y={HEIGHT - 8} text-anchor="end">
                {shortened(layers.at(-1)!.name, width < 500 ? 14 : 30)}
              </text>
            </Picture>
          </div>
        </div>
      </Figure>
    </Section>
  );
}
