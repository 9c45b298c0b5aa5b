import type { Axes, Axis } from '../coupling/axis.js';
import { isLabelled, isZero, lengthOf, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import { add } from '../model/dim.js';
import type { Element, Values } from '../model/values.js';
import { knownNumbers, lift, literal } from '../model/values.js';
import { countBefore, pickAlong } from './contents.js';

/**
 * Gather: along `axis`, the indices' own axes take the place of the data's. Known indices pick lanes; indices that data
 * chooses keep the axis whole. Stored codes that choose from a code book are cut as the weight that they stand for.
 *
 *   x [v! d], indices [n s]   ->  y [n s d]        (axis = 0)
 *   book [v!], codes [o i]    ->  W [o i]
 *
 * exact: yes; of codes where the book's first entry is zero, which code 0 means.
 * restates: operand 1, where its indices point at lanes.
 * source: https://onnx.ai/onnx/operators/onnx__Gather.html
 */
export const gather: Rule = {
  says: 'known indices pick lanes; indices that data chooses keep the axis whole',
  exact: 'yes',
  linear: true,
  takesPart: true,
  codes: true,
  axes: (call) => {
    const x = call.input(0);
    const { values, dtype } = call.optional(0)!;
    const along = call.attributes.axis('axis', x.length, 0);
    const indices = call.input(1);
    const axis = x[along];
    if (axis === undefined) throw new Frozen('mismatch', 'its data has no axes');
    if (areCodes(call, indices)) {
      const axes = [...x.slice(0, along), ...decoded(call, axis, indices), ...x.slice(along + 1)];
      return [{ axes, dtype }];
    }
    const known = call.values(1);
    const picked = isLabelled(axis) ? gatherLanes(call, axis, known) : indices;
    const axes = [...x.slice(0, along), ...picked, ...x.slice(along + 1)];
    return [{ axes, values: gatherValues(values, along, known), dtype }];
  },
};

/** Indices with lanes of their own, which point at no lanes one by one: each is looked up where it stands. */
const areCodes = (call: Call, indices: Axes): boolean =>
  indices.some(isLabelled) && (indices.length > 1 || call.optional(1)?.values === undefined);

/** What codes stand for lies on their axes. They are no numbers to be scored, but say which entry is meant. */
function decoded(call: Call, book: Axis, codes: Axes): Axis[] {
  call.lanes.freeze(book, 'data-dependent', 'is a code book: codes choose which of its indices are used');
  for (const { stored } of codes.flatMap(({ factors }) => factors))
    if (stored !== undefined) call.lanes.roles.parameter(stored);
  const [first] = call.optional(0)?.values?.elements ?? [];
  const zero = call.isStored(0) && call.input(0).length === 1 && first?.before === 0;
  return codes.map((axis) => withZero(axis, zero && isZero(axis)));
}

function gatherLanes(call: Call, axis: Axis, known: Values | undefined): Axes {
  const { lanes } = call;
  const indices = known && knownNumbers(known);
  const length = axis.length;
  if (indices === undefined || typeof length !== 'number' || known!.dims.length > 1) {
    lanes.freeze(axis, 'data-dependent', 'data chooses which of its indices are used');
    return call.input(1).map((own) => withZero(own, false));
  }
  const places = indices.map((index) => (index < 0 ? index + length : index));
  if (places.some((place) => place < 0 || place >= length))
    throw new Frozen('mismatch', `an index lies beyond the ${length} of its data`);
  const labels = lanes.labelsOf(axis);
  const moved = places.map((place) => countBefore(labels, place));
  const stated = indices.map(
    (index): Element => (index < 0 ? lift((count) => add(count!, index))(lengthOf(axis)) : literal(index)),
  );
  if (known!.dims.length === 0) {
    lanes.freeze(lanes.pick(axis, places), 'operator', 'is picked out of its axis');
    call.restate(1, moved, { stated });
    return [];
  }
  call.restate(1, moved, { stated, labels: Int32Array.from(places, (place) => labels[place]!) });
  return [lanes.pick(axis, places)];
}

function gatherValues(
  values: Values | undefined,
  along: number,
  indices: Values | undefined,
): Values | undefined {
  const places = indices && knownNumbers(indices);
  if (values === undefined || places === undefined) return undefined;
  const length = values.dims[along]!;
  const picked = pickAlong(
    values,
    along,
    places.map((place) => (place < 0 ? place + length : place)),
  );
  return picked && { ...picked, dims: values.dims.toSpliced(along, 1, ...indices!.dims) };
}

/**
 * GatherND without batch axes: the axes that the indices address stay whole, the others pass.
 *
 *   x [h! w! n c], indices [s! 2]  ->  y [s! n c]
 *
 * exact: yes.   source: https://onnx.ai/onnx/operators/onnx__GatherND.html
 */
export const gatherNd: Rule = {
  says: 'axes that the indices address stay whole; the others pass',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    const indices = call.input(1);
    for (const axis of indices) call.lanes.freeze(axis, 'operator', 'is read as indices');
    const batch = call.attributes.int('batch_dims', 0);
    const depth = indices.at(-1)?.length;
    if (typeof depth !== 'number')
      throw new Frozen('unknown-shape', 'the number of axes that it addresses is not known');
    const addressed = batch + depth;
    for (const axis of x.slice(0, addressed)) call.lanes.freeze(axis, 'data-dependent', 'indices address it');
    return [[...indices.slice(0, -1), ...x.slice(addressed)]];
  },
};
