import type { Axes, Axis } from '../coupling/axis.js';
import { isZero, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import { quotient } from '../model/dim.js';
import { broadcast, everyZero } from './broadcasting.js';
import { addsFirst } from './fusedSums.js';

/** Vectors that lie on the normalised axis, from those operands that are there. */
function vectors(call: Call, indices: readonly number[]): Axis[] {
  return indices.flatMap((index) => {
    if (call.optional(index) === undefined) return [];
    const axes = call.input(index);
    if (axes.length !== 1)
      throw new Frozen('mismatch', `its operand ${index} has rank ${axes.length}, not 1`);
    return [axes[0]!];
  });
}

/** A sum, normalised over its last axis, where scale and offset lie. */
function normalisedLast(call: Call, sum: Axes, parameters: readonly Axis[]): Axis[] {
  const last = sum.at(-1);
  if (last === undefined) throw new Frozen('mismatch', 'normalises a scalar');
  call.lanes.inexact(last, `${call.node.op} runs over it`);
  const normalised = call.lanes.unify([last, ...parameters]);
  return [...sum.slice(0, -1), withZero(normalised, parameters.length > 0 && parameters.every(isZero))];
}

const statisticsOf = (axes: Axes): Axis[] => [
  ...axes.slice(0, -1).map((axis) => withZero(axis, false)),
  plain(1),
];

/**
 * SkipLayerNormalization and SkipSimplifiedLayerNormalization: data, skip and bias are added, the sum is normalised over
 * its last axis.
 *
 *   x [n s c], skip [n s c], γ [c], β [c], b [c]  ->  y [n s c], mean [n s 1], deviation [n s 1], sum [n s c]
 *
 * exact: no, the statistics run over the lanes.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.SkipLayerNormalization
 */
function skipNormalization(parameters: readonly number[], bias: number): Rule {
  return {
    says: 'data, skip and bias are added; the last axis is one with scale and offset',
    exact: 'no, the statistics run over the lanes',
    axes: (call) => {
      const addends = [call.input(0), call.input(1), ...vectors(call, [bias]).map((axis) => [axis])];
      const sum = broadcast(call.lanes, addends, everyZero);
      addsFirst(call, [0, 1, bias]);
      const [scale, shift] = parameters;
      const shifted = shift !== undefined && call.optional(shift) !== undefined;
      call.scales({ axis: sum.length - 1, scale: scale!, ...(shifted && { shift }) });
      const y = normalisedLast(call, sum, vectors(call, parameters));
      return [y, statisticsOf(sum), statisticsOf(sum), sum];
    },
  };
}

/**
 * SkipLayerNormalization: as above, with an offset.
 *
 *   x [n s c], skip [n s c], γ [c], β [c], b [c]  ->  y [n s c], mean [n s 1], deviation [n s 1], sum [n s c]
 */
export const skipLayerNormalization = skipNormalization([2, 3], 4);
/**
 * SkipSimplifiedLayerNormalization: as above, without an offset.
 *
 *   x [n s c], skip [n s c], γ [c], b [c]  ->  y [n s c], mean [n s 1], deviation [n s 1], sum [n s c]
 */
export const skipSimplifiedLayerNormalization = skipNormalization([2], 3);

/**
 * EmbedLayerNormalization: rows of three tables are looked up, added and normalised. Tables keep their rows.
 *
 *   ids [n s], _, words [v! c], positions [p! c], segments [2 c], γ [c], β [c]
 *     ->  y [n s c], mask index [n], sum [n s c]
 *
 * exact: no, the statistics run over the lanes.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.EmbedLayerNormalization
 */
export const embedLayerNormalization: Rule = {
  says: 'rows of tables are added; the last axis is one with scale and offset',
  exact: 'no, the statistics run over the lanes',
  axes: (call) => {
    const ids = call.input(0).map((axis) => withZero(axis, false));
    const columns = [2, 3, 4].flatMap((index): Axis[] => {
      if (call.optional(index) === undefined) return [];
      const [rows, column] = call.input(index);
      if (rows === undefined || column === undefined)
        throw new Frozen('mismatch', `its operand ${index} is no table`);
      call.lanes.freeze(rows, 'data-dependent', 'data chooses which of its indices are used');
      return [column];
    });
    if (columns.length === 0) throw new Frozen('mismatch', 'it has no tables');
    const sum = [...ids, withZero(call.lanes.unify(columns), columns.every(isZero))];
    return [normalisedLast(call, sum, vectors(call, [5, 6])), ids.slice(0, 1), sum];
  },
};

/**
 * GroupNorm and SkipGroupNorm: channels are normalised in groups; each group keeps as many. SkipGroupNorm adds skip and
 * bias first.
 *
 *   x [n h w g*c], γ [g*c], β [g*c]  ->  y [n h w g*c]        (groups = g)
 *   x [n h w g*c], γ [g*c], β [g*c], skip [n h w g*c], b [g*c]
 *     ->  y [n h w g*c], sum [n h w g*c]        (groups = g, only SkipGroupNorm)
 *   x [n h w g*c], γ [g*c], β [g*c], skip [n g*c]
 *     ->  y [n h w g*c], sum [n h w g*c]        (groups = g, only SkipGroupNorm)
 *
 * exact: no, the statistics run over the lanes.   restates: `groups`.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.GroupNorm
 */
export const fusedGroupNorm: Rule = {
  says: 'channels are groups × lanes, one with scale and offset; groups stay rectangular',
  exact: 'no, the statistics run over the lanes',
  axes: (call) => {
    const { lanes, attributes } = call;
    const x = call.input(0);
    const place = attributes.int('channels_last', 1) === 0 ? 1 : x.length - 1;
    if (x.length < 2) throw new Frozen('mismatch', 'its input has no channels');
    const along = (axis: Axis): Axis[] => x.map((_, d) => (d === place ? axis : plain(1)));
    const skip = call.optional(3) === undefined ? [] : [call.input(3)];
    const addends = skip.map((own) => {
      if (own.length !== 2) return own;
      return along(own[1]!).with(0, own[0]!);
    });
    const sum = broadcast(lanes, [x, ...addends, ...vectors(call, [4]).map(along)], everyZero);
    addsFirst(call, [0, 3, 4]);
    const channels = sum[place];
    if (channels === undefined) throw new Frozen('mismatch', 'its input has no channels');
    const groups = attributes.int('groups', 1);
    const each = quotient(channels.length, groups);
    if (each === undefined)
      throw new Frozen('mismatch', `its ${channels.length} channels do not divide into ${groups} groups`);
    lanes.inexact(channels, `${call.node.op} runs over it`);
    const parameters = vectors(call, [1, 2]);
    const normalised = lanes.unify([channels, ...parameters]);
    const [group] = lanes.factor(normalised, [groups, each]);
    call.restate({ attribute: 'groups', kind: 'int' }, [group!]);
    return [sum.with(place, withZero(normalised, parameters.every(isZero))), sum];
  },
};
