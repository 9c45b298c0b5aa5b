import { type HierarchyRectangularNode, hierarchy, treemap } from 'd3-hierarchy';
import type { TensorRow } from '../../dist/types/findings/types.js';
import { bytes } from '../../src/report/numbers.js';
import { onPress } from '../parts/hooks.js';
import { Picture } from '../parts/picture.js';
import { shortened } from '../parts/text.js';

/** A module or a tensor, and what it takes up. */
export interface Place {
  readonly label: string;
  readonly path: string;
  readonly bytes: readonly [number, number];
  readonly tensor?: TensorRow;
  readonly children?: readonly Place[];
}

type Drawn = HierarchyRectangularNode<Place>;
/** Whether rectangles are as large as the bytes before, or after. */
type Side = 0 | 1;

/** The height of a module's name above what is in it. */
const HEAD = 17;

/** What lies in a place, and in that, as rectangles as large as their bytes. */
export function Rectangles({
  place,
  mode,
  width,
  height,
  enter,
}: {
  readonly place: Place;
  readonly mode: Side;
  readonly width: number;
  readonly height: number;
  readonly enter: (place: Place) => void;
}) {
  const drawn = arranged(place, mode, width, height);
  return (
    <Picture width={width} height={height} label={`Bytes of ${shortened(place.label, 60)}`} isUsed>
      {(drawn.children ?? []).map((child) => (
        <Cell key={child.data.path} node={child} mode={mode} enter={enter} />
      ))}
    </Picture>
  );
}

/** Two levels of places, the largest first. */
function arranged(place: Place, mode: Side, width: number, height: number): Drawn {
  const inner = new Set(place.children);
  const opened = (own: Place): readonly Place[] | undefined =>
    own === place || inner.has(own) ? own.children : undefined;
  const root = hierarchy<Place>(place, (own) => opened(own) as Place[] | undefined)
    .sum((own) => (opened(own) === undefined ? Math.max(own.bytes[mode], 0) : 0))
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  return treemap<Place>()
    .size([width, height])
    .paddingInner(2)
    .paddingTop((node) => (node.depth === 1 && node.children ? HEAD : 0))(root);
}

const sizeText = ({ label, bytes: [before, after] }: Place): string =>
  `${shortened(label, 60)}: ${bytes(before)} before, ${bytes(after)} after`;

/** A child of what is shown: a group of rectangles, or one. */
function Cell({
  node,
  mode,
  enter,
}: {
  readonly node: Drawn;
  readonly mode: Side;
  readonly enter: (place: Place) => void;
}) {
  const { data, x0, x1, y0, y1, children } = node;
  const [wide, high] = [x1 - x0, y1 - y0];
  if (wide < 1 || high < 1) return null;
  const open = (): void => enter(data);
  const name =
    children && wide > 30 && high > HEAD ? shortened(data.label, Math.floor((wide - 6) / 6.6)) : '';
  const inside = (children ?? [node]).map((own) => ({ own, label: labelIn(own, mode) }));
  return (
    // biome-ignore lint/a11y/useSemanticElements: there are no buttons in a drawing
    <g class="cell" role="button" tabindex={0} onClick={open} onKeyDown={onPress(open)}>
      <title>{sizeText(data)}</title>
      <rect class="ground" x={x0} y={y0} width={wide} height={high} />
      {name !== '' && (
        <text class="name" x={x0 + 3} y={y0 + 12.5}>
          {name}
        </text>
      )}
      {inside.map(({ own, label }) => (
        <Filled key={own.data.path} node={own} mode={mode} label={label} />
      ))}
    </g>
  );
}

/** The part of a rectangle that is kept, from its upper left corner on. */
function keptIn(
  { data, x0, x1, y0, y1 }: Drawn,
  mode: Side,
): { readonly width: number; readonly height: number } {
  const [wide, high] = [Math.max(0, x1 - x0), Math.max(0, y1 - y0)];
  const [before, after] = data.bytes;
  const left = mode === 1 || before === 0 ? 1 : Math.min(1, after / before);
  return wide >= high ? { width: wide * left, height: high } : { width: wide, height: high * left };
}

/** What is written into a rectangle; nothing where it does not fit. */
function labelIn(node: Drawn, mode: Side): string {
  const { width, height } = keptIn(node, mode);
  return width > 34 && height > 16 ? shortened(node.data.label, Math.floor((width - 6) / 6.8)) : '';
}

/** A rectangle of which the part that is kept is filled, and the rest hatched. */
function Filled({
  node,
  mode,
  label,
}: {
  readonly node: Drawn;
  readonly mode: Side;
  readonly label: string;
}) {
  const { x0, x1, y0, y1 } = node;
  if (x1 <= x0 || y1 <= y0) return null;
  return (
    <g>
      <rect class="gone" x={x0} y={y0} width={x1 - x0} height={y1 - y0} />
      <rect class="after" x={x0} y={y0} {...keptIn(node, mode)} />
      {label !== '' && (
        <text class="on" x={x0 + 4} y={y0 + 13}>
          {label}
        </text>
      )}
    </g>
  );
}
