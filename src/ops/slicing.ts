import type { Axis } from '../coupling/axis.js';
import { isLabelled, lengthOf, plain } from '../coupling/axis.js';
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
import { lift, literal } from '../model/values.js';
import { keepNumbers } from './broadcasting.js';
import { countBefore, pickAlong } from './contents.js';
import { openAxis, openInstead } from './frozen.js';

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
        // A slice that runs backwards to the first element ends before index 0, where no index could be moved to: the axis
        // stays whole.
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
    // Where data decides both ends, the second may lie before the first, and the slice be empty.
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
