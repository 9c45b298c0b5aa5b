import type { Axes, Axis } from '../coupling/axis.js';
import { isLabelled, isZero, lengthOf, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import { axisWithin } from '../coupling/rule.js';
import type { Dim } from '../model/dim.js';
import {
  add,
  asLength,
  ceilDivide,
  equal,
  isSigned,
  minimum,
  multiply,
  subtract,
  symbol,
} from '../model/dim.js';
import type { Element, Values } from '../model/values.js';
import { lift, literal, numbersNow } from '../model/values.js';
import { keepNumbers } from './broadcasting.js';
import { pickAlong } from './contents.js';
import { openAxis, openInstead } from './frozen.js';

/** How many of an axis' first `count` indices there are after a removal. */
function countBefore(labels: Int32Array, count: number): Element {
  const before = labels.subarray(0, count);
  return { before: count, after: (kept) => kept.count(before) };
}

interface Range {
  readonly axis: number;
  readonly start: Element;
  readonly end: Element;
  /** Undefined where data decides, or that and more. */
  readonly step: number | undefined;
}

const SLICED_BY_DATA = 'is sliced at places that depend on data';

/** Where a stated start or end lies: counted from the front, within the axis. */
const positionOf = (stated: Element, axis: Axis): Element =>
  lift((position, length) => {
    if (isSigned(position!)) return symbol(`place(${position}, ${length})`, undefined, 'count');
    if (typeof position !== 'number') return minimum(position!, length!);
    if (position < 0)
      return typeof length === 'number' ? Math.max(0, position + length) : add(length!, position);
    return typeof length === 'number'
      ? Math.min(position, length)
      : position > Number.MAX_SAFE_INTEGER || position >= 2 ** 31 - 1
        ? length!
        : minimum(position, length!);
  })(stated, lengthOf(axis));

function sliceRule(
  ranges: (
    call: Call,
    rank: number,
  ) => {
    /** Undefined where data decides which axes it slices. */
    readonly ranges: readonly Range[] | undefined;
    readonly restate: (
      starts: readonly Element[],
      ends: readonly Element[],
      stated: { starts: readonly Element[]; ends: readonly Element[] },
    ) => void;
  },
): Rule {
  return {
    says: 'the lanes of the part; starts and ends follow the lanes before them',
    exact: 'yes',
    moves: true,
    takesPart: true,
    axes: (call) => {
      const x = call.input(0);
      const { values, dtype } = call.optional(0)!;
      const read = ranges(call, x.length);
      if (read.ranges === undefined) {
        const places = [1, 2].map((index) => call.optional(index));
        keepNumbers(call, [undefined, ...places]);
        return [{ axes: x.map((axis, d) => openInstead(call, axis, d, SLICED_BY_DATA)), dtype }];
      }
      const axes = [...x];
      const starts: Element[] = [];
      const ends: Element[] = [];
      const stated = { starts: [] as Element[], ends: [] as Element[] };
      for (const { axis: d, start, end, step } of read.ranges) {
        const axis = x[d]!;
        const from = positionOf(start, axis);
        const to = positionOf(end, axis);
        const forwards = step !== undefined && step > 0;
        stated.starts.push(forwards ? from : start);
        stated.ends.push(forwards ? to : end);
        // Backwards, the place before the first is an end that no index has.
        if (step !== undefined && step < 0)
          call.lanes.freeze(axis, 'operator', `is sliced with step ${step}`);
        if (step === undefined) {
          axes[d] = openInstead(call, axis, d, SLICED_BY_DATA);
          starts.push(literal(start.before));
          ends.push(literal(end.before));
          continue;
        }
        if (step < 0 || !isLabelled(axis) || equal(axis.length, 0)) {
          const length = sliceLength(from.before, to.before, start.before, end.before, axis.length, step);
          axes[d] = length === undefined ? openAxis(call, d) : plain(length);
          starts.push(step > 0 ? from : start);
          ends.push(step > 0 ? to : end);
          continue;
        }
        const part = sliceLanes(call, axis, from.before, to.before, step);
        axes[d] = part.axis;
        starts.push(part.start);
        ends.push(part.end);
      }
      read.restate(starts, ends, stated);
      const content = read.ranges.reduce<Values | undefined>(sliceValues, values);
      return [{ axes, values: content, zeros: call.isZeroConstant(0), dtype }];
    },
  };
}

/** A part of a labelled axis. With a step, lanes are tied so that the same step still finds the same lanes. */
function sliceLanes(
  call: Call,
  axis: Axis,
  from: Dim,
  to: Dim,
  step: number,
): { axis: Axis; start: Element; end: Element } {
  const { lanes } = call;
  const length = axis.length;
  const whole = from === 0 && equal(to, length) && step === 1;
  if (whole) return { axis, start: literal(0), end: lengthOf(axis) };
  if (typeof length !== 'number' || typeof from !== 'number' || typeof to !== 'number') {
    lanes.freezeUnknown(axis, 'data-dependent', 'is sliced at places that are not known', [length, from, to]);
    return { axis: plain(subtract(to, from)), start: literal(from), end: literal(to) };
  }
  if (step === 1) {
    const labels = lanes.labelsOf(axis);
    const [, part] = lanes.cut(axis, [from, Math.max(0, to - from), length - Math.max(from, to)]);
    return { axis: part!, start: countBefore(labels, from), end: countBefore(labels, Math.max(from, to)) };
  }
  const even = step > 1 && length % step === 0 && from < step && to > length - step;
  if (!even) {
    lanes.freeze(axis, 'operator', `is sliced with step ${step}`);
    return {
      axis: plain(sliceLength(from, to, from, to, length, step)!),
      start: literal(from),
      end: literal(to),
    };
  }
  const [rows, columns] = lanes.factor(axis, [length / step, step]) as [Axis, Axis];
  lanes.freeze(columns, 'operator', `is a phase of a slice with step ${step}`);
  const end = lift((count) => add(multiply(count!, step), to - length))(lengthOf(rows));
  const count = Math.ceil((to - from) / step);
  return {
    axis: count === rows.length ? rows : lanes.cut(rows, [count, length / step - count])[0]!,
    start: literal(from),
    end,
  };
}

/** How many places a slice has; undefined where that is not known. */
function sliceLength(from: Dim, to: Dim, start: Dim, end: Dim, length: Dim, step: number): Dim | undefined {
  if (step > 0) {
    const span = ceilDivide(subtract(to, from), step);
    if (typeof span === 'number') return Math.max(0, span);
    // Of two places that data decides the second may lie before the first.
    return from === 0 || equal(to, length) ? span : asLength(span);
  }
  if (typeof start !== 'number' || typeof end !== 'number' || typeof length !== 'number') {
    const reversesAll = step === -1 && typeof end === 'number' && end < -(2 ** 30);
    return reversesAll && typeof start === 'number' && start < 0 ? length : undefined;
  }
  const first = Math.min(start < 0 ? start + length : start, length - 1);
  const last = Math.max(end < 0 ? end + length : end, -1);
  return Math.max(0, Math.ceil((last - first) / step));
}

function sliceValues(values: Values | undefined, { axis, start, end, step }: Range): Values | undefined {
  if (
    values === undefined ||
    step === undefined ||
    typeof start.before !== 'number' ||
    typeof end.before !== 'number'
  )
    return undefined;
  const length = values.dims[axis]!;
  const clamp = (at: number): number =>
    step > 0
      ? Math.min(Math.max(at < 0 ? at + length : at, 0), length)
      : Math.min(Math.max(at < 0 ? at + length : at, -1), length - 1);
  const places: number[] = [];
  for (let i = clamp(start.before); step > 0 ? i < clamp(end.before) : i > clamp(end.before); i += step)
    places.push(i);
  return pickAlong(values, axis, places);
}

/**
 * Slice of opset 1..9: starts, ends and axes are attributes.
 *
 *   x [n a+b h w]  ->  y [n a h w]        (axes = [1], starts = [0], ends = [a])
 */
export const sliceByAttribute: Rule = sliceRule((call, rank) => {
  const starts = call.attributes.ints('starts') ?? [];
  const ends = call.attributes.ints('ends') ?? [];
  const axes = call.attributes.ints('axes') ?? starts.map((_, i) => i);
  return {
    ranges: starts.map((start, i) => ({
      axis: axisWithin(axes[i]!, rank),
      start: literal(start),
      end: literal(ends[i]!),
      step: 1,
    })),
    restate: (from, to, stated) => {
      call.restate({ attribute: 'starts', kind: 'ints' }, from, { stated: stated.starts });
      call.restate({ attribute: 'ends', kind: 'ints' }, to, { stated: stated.ends });
    },
  };
});

/**
 * Slice since opset 10: starts, ends, axes and steps are operands.
 *
 *   x [n a+b h w], starts (0), ends (a), axes (1)  ->  y [n a h w]
 */
export const sliceByOperand: Rule = sliceRule((call, rank) => {
  const [starts, ends, stated, steps] = [1, 2, 3, 4].map((index) => call.values(index)?.elements);
  const given = (index: number): boolean => call.optional(index) !== undefined;
  const axes = given(3) ? stated?.map(({ before }) => before) : starts?.map((_, i) => i);
  const known = axes?.every((axis) => typeof axis === 'number') === true;
  const fits = known && axes.length === starts?.length && axes.length === ends?.length;
  if (!fits) return { ranges: undefined, restate: () => undefined };
  const stepOf = (i: number): number | undefined => {
    const step = given(4) ? steps?.[i]?.before : 1;
    return typeof step === 'number' && step !== 0 ? step : undefined;
  };
  return {
    ranges: starts.map((start, i) => ({
      axis: axisWithin(axes[i]!, rank),
      start,
      end: ends[i]!,
      step: stepOf(i),
    })),
    restate: (from, to, stated) => {
      call.restate(1, from, { stated: stated.starts });
      call.restate(2, to, { stated: stated.ends });
    },
  };
});

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
  for (const { slot } of codes.flatMap(({ factors }) => factors))
    if (slot !== undefined) slot.parameter = true;
  const [first] = call.optional(0)?.values?.elements ?? [];
  const zero = call.isStored(0) && call.input(0).length === 1 && first?.before === 0;
  return codes.map((axis) => withZero(axis, zero && isZero(axis)));
}

function gatherLanes(call: Call, axis: Axis, known: Values | undefined): Axes {
  const { lanes } = call;
  const indices = known && numbersNow(known);
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
  const places = indices && numbersNow(indices);
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
