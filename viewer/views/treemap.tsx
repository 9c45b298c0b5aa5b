import { useState } from 'preact/hooks';
import type { ReportData, TensorRow } from '../../dist/types/findings/types.js';
import { bytes, share } from '../../src/report/numbers.js';
import { Figure, Key, Section, Table } from '../parts/figure.js';
import { useWidth } from '../parts/hooks.js';
import { type Module, modulesOf, partsOf } from '../parts/modules.js';
import { Shortened, shapeText } from '../parts/text.js';
import { LaneStrips } from './laneStrips.js';
import { type Place, Rectangles } from './rectangles.js';

/** Rectangles that are drawn of one module at most: what is smaller is one rectangle together. */
const MOST = 40;

/** Where the bytes of the weights are: modules, in these tensors, in these lanes. */
export function Treemap({ data }: { readonly data: ReportData }) {
  const two = data.pruned !== undefined;
  const [top] = useState(() =>
    placeOf(
      modulesOf(data.tensors, (tensor) => nameOf(tensor, data)),
      'model',
    ),
  );
  const [path, setPath] = useState<readonly Place[]>(() => mostIn(top));
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

/** The way to where there is something to compare: through places of which one part holds nearly all. */
function mostIn(top: Place): readonly Place[] {
  const path: Place[] = [];
  for (let at: Place | undefined = top; at !== undefined; ) {
    const largest: Place | undefined = at.children?.[0];
    at = largest?.children !== undefined && largest.bytes[0] > 0.97 * at.bytes[0] ? largest : undefined;
    if (at !== undefined) path.push(at);
  }
  return path;
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
