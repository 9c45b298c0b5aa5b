import { type HierarchyRectangularNode, hierarchy, treemap } from 'd3-hierarchy';
import { useState } from 'preact/hooks';
import type { ReportData, TensorRow } from '../../src/findings/types.js';
import { bytes, share } from '../../src/report/numbers.js';
import { Figure, Key, Section, Table } from '../parts/figure.js';
import { onPress, useWidth } from '../parts/hooks.js';
import { type Module, modulesOf, partsOf } from '../parts/modules.js';
import { Picture } from '../parts/picture.js';
import { Shortened, shapeText, shortened } from '../parts/text.js';
import { LaneStrips } from './laneStrips.js';

/** A module or a tensor, and what it takes up. */
interface Place {
  readonly label: string;
  readonly path: string;
  readonly bytes: readonly [number, number];
  readonly tensor?: TensorRow;
  readonly children?: readonly Place[];
}

/** Rectangles that are drawn of one module at most: what is smaller is one rectangle together. */
const MOST = 40;
const HEAD = 17;

/** Where the bytes of the weights are: modules, in these tensors, in these lanes. */
export function Treemap({ data }: { readonly data: ReportData }) {
  const two = data.pruned !== undefined;
  const [top] = useState(() =>
    placeOf(
      modulesOf(data.tensors, (tensor) => nameOf(tensor, data)),
      'model',
    ),
  );
  const [path, setPath] = useState<readonly Place[]>([]);
  const [mode, setMode] = useState<0 | 1>(0);
  const [box, width] = useWidth<HTMLDivElement>();
  const own = path.at(-1) ?? top;
  const height = width < 500 ? 380 : 440;
  const enter = (place: Place): void => setPath([...path, place]);
  return (
    <Section
      id="bytes"
      title="Where the bytes are"
      says="Each rectangle is a module or a tensor, as large as its bytes; hatched is what is gone of it. Choose one to look inside, down to its lanes."
    >
      <Figure
        name="bytes"
        legend={
          <>
            <Key kind="after">kept</Key>
            {two && <Key kind="gone">removed</Key>}
          </>
        }
        table={() => <PlaceTable places={(own.children ?? [own]).slice()} two={two} enter={enter} />}
      >
        <div class="controls">
          {two && (
            <fieldset class="choice" aria-label="Rectangles are as large as the bytes">
              {(['before', 'after'] as const).map((name, index) => (
                <button
                  key={name}
                  type="button"
                  aria-pressed={mode === index}
                  onClick={() => setMode(index as 0 | 1)}
                >
                  {name}
                </button>
              ))}
            </fieldset>
          )}
          <span class="crumbs">
            {[top, ...path].map((place, depth) => (
              <span key={place.path}>
                {depth > 0 && ' › '}
                {depth === path.length ? (
                  <b>
                    <Shortened text={place.label} />
                  </b>
                ) : (
                  <button type="button" class="link" onClick={() => setPath(path.slice(0, depth))}>
                    <Shortened text={place.label} />
                  </button>
                )}
              </span>
            ))}
          </span>
        </div>
        <div ref={box}>
          {own.tensor === undefined ? (
            <Rectangles place={own} mode={two ? mode : 0} width={width} height={height} enter={enter} />
          ) : (
            <LaneStrips tensor={own.tensor} width={width} two={two} reasons={data.reasons} />
          )}
        </div>
      </Figure>
    </Section>
  );
}

/** Tensors that are named by a number alone lie where the node that reads them does. */
function nameOf({ name, node }: TensorRow, { nodes }: ReportData): string {
  const reader = nodes[node]?.name;
  if (partsOf(name).length > 1 || reader === undefined || partsOf(reader).length < 2) return name;
  return `${reader}/${name}`;
}

function placeOf({ label, path, modules, items }: Module<TensorRow>, name = label): Place {
  const children = [
    ...modules.map((module) => placeOf(module)),
    ...items.map((tensor): Place => {
      const last = partsOf(tensor.name).at(-1) ?? tensor.name;
      return { label: last, path: `${path}/#${tensor.name}`, bytes: tensor.bytes, tensor };
    }),
  ];
  // A module of one tensor is that tensor.
  const [only] = children;
  if (children.length === 1 && path !== '') return { ...only!, label: `${label}/${only!.label}` };
  return { label: name, path, children: gathered(children, path), bytes: sumOf(children) };
}

const sumOf = (places: readonly Place[]): readonly [number, number] => [
  places.reduce((sum, place) => sum + place.bytes[0], 0),
  places.reduce((sum, place) => sum + place.bytes[1], 0),
];

/** The largest places, and one for all others. */
function gathered(places: readonly Place[], path: string): readonly Place[] {
  const sorted = places.toSorted((a, b) => b.bytes[0] - a.bytes[0]);
  if (sorted.length <= MOST) return sorted;
  const rest = sorted.slice(MOST - 1);
  const others: Place = {
    label: `${rest.length} others`,
    path: `${path}/…`,
    bytes: sumOf(rest),
    children: gathered(rest, `${path}/…`),
  };
  return [...sorted.slice(0, MOST - 1), others];
}

type Drawn = HierarchyRectangularNode<Place>;

function Rectangles({
  place,
  mode,
  width,
  height,
  enter,
}: {
  readonly place: Place;
  readonly mode: 0 | 1;
  readonly width: number;
  readonly height: number;
  readonly enter: (place: Place) => void;
}) {
  const root = hierarchy<Place>(place, ({ children, path }) =>
    depthIn(path, place) < 2 ? (children as Place[]) : undefined,
  )
    .sum(({ children, bytes: own, path }) =>
      children && depthIn(path, place) < 2 ? 0 : Math.max(own[mode], 0),
    )
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const drawn = treemap<Place>()
    .size([width, height])
    .paddingInner(2)
    .paddingTop((node) => (node.depth === 1 && node.children ? HEAD : 0))(root);
  return (
    <Picture width={width} height={height} label={`Bytes of ${place.label}`} isUsed>
      {(drawn.children ?? []).map((child) => (
        <Cell key={child.data.path} node={child} mode={mode} enter={enter} />
      ))}
    </Picture>
  );
}

/** How deep below a place another one lies: 0 for itself, 1 for its children. */
const depths = new WeakMap<Place, ReadonlyMap<string, number>>();
function depthIn(path: string, place: Place): number {
  let known = depths.get(place);
  if (known === undefined) {
    const found = new Map<string, number>([[place.path, 0]]);
    for (const child of place.children ?? []) {
      found.set(child.path, 1);
      for (const grandchild of child.children ?? []) found.set(grandchild.path, 2);
    }
    depths.set(place, found);
    known = found;
  }
  return known.get(path) ?? 3;
}

const wordsOf = ({ label, bytes: [before, after] }: Place): string =>
  `${shortened(label, 60)}: ${bytes(before)} before, ${bytes(after)} after`;

/** A child of what is shown: a group of rectangles, or one. */
function Cell({
  node,
  mode,
  enter,
}: {
  readonly node: Drawn;
  readonly mode: 0 | 1;
  readonly enter: (place: Place) => void;
}) {
  const { data, x0, x1, y0, y1 } = node;
  const [wide, high] = [x1 - x0, y1 - y0];
  if (wide < 1 || high < 1) return null;
  const open = (): void => enter(data);
  return (
    // biome-ignore lint/a11y/useSemanticElements: there are no buttons in a drawing
    <g
      class="cell"
      role="button"
      tabIndex={0}
      aria-label={wordsOf(data)}
      onClick={open}
      onKeyDown={onPress(open)}
    >
      <title>{wordsOf(data)}</title>
      <rect class="ground" x={x0} y={y0} width={wide} height={high} />
      {node.children ? (
        node.children.map((child) => <Filled key={child.data.path} node={child} mode={mode} labelled />)
      ) : (
        <Filled node={node} mode={mode} labelled />
      )}
      {node.children && wide > 30 && high > HEAD && (
        <text class="name" x={x0 + 3} y={y0 + 12.5}>
          {shortened(data.label, Math.floor((wide - 6) / 6.6))}
        </text>
      )}
    </g>
  );
}

/** A rectangle of which the share that is kept is filled, and the rest hatched. */
function Filled({
  node: { data, x0, x1, y0, y1 },
  mode,
  labelled,
}: {
  readonly node: Drawn;
  readonly mode: 0 | 1;
  readonly labelled: boolean;
}) {
  const [wide, high] = [x1 - x0, y1 - y0];
  if (wide <= 0 || high <= 0) return null;
  const kept = mode === 1 || data.bytes[0] === 0 ? 1 : Math.min(1, data.bytes[1] / data.bytes[0]);
  const left = mode === 0 ? kept : 1;
  const across = wide >= high;
  const fits = labelled && wide > 34 && high > 16;
  return (
    <g>
      <rect class="gone" x={x0} y={y0} width={wide} height={high} />
      <rect
        class="after"
        x={x0}
        y={y0}
        width={across ? wide * left : wide}
        height={across ? high : high * left}
      />
      {fits && (across ? wide * left : wide) > 34 && (across ? high : high * left) > 16 && (
        <text class="on" x={x0 + 4} y={y0 + 13}>
          {shortened(data.label, Math.floor(((across ? wide * left : wide) - 6) / 6.8))}
        </text>
      )}
    </g>
  );
}

function PlaceTable({
  places,
  two,
  enter,
}: {
  readonly places: readonly Place[];
  readonly two: boolean;
  readonly enter: (place: Place) => void;
}) {
  return (
    <Table
      heads={['Part', 'Shape', ...(two ? ['Before', 'After', 'Left'] : ['Bytes'])]}
      rows={places.map((place) => [
        <button key="open" type="button" class="link" onClick={() => enter(place)}>
          <Shortened text={place.label} />
        </button>,
        place.tensor ? shapeText(place.tensor.dims) : '',
        bytes(place.bytes[0]),
        ...(two ? [bytes(place.bytes[1]), share(place.bytes[1], place.bytes[0])] : []),
      ])}
    />
  );
}
