import type { Axes } from '../coupling/axis.js';
import { withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import { quotient } from '../model/dim.js';
import { broadcast, everyZero } from './broadcasting.js';

/** The operands that are there, from the first to the last. */
export const given = (call: Call, indices: readonly number[]): Axes[] =>
  indices.flatMap((index) => (call.optional(index) === undefined ? [] : [call.input(index)]));

/** Each of these operands, where it is there, is added to the others first. */
export function addsFirst(call: Call, indices: readonly number[], passes = false): void {
  const present = indices.filter((index) => call.optional(index) !== undefined);
  for (const operand of present) {
    const operands = present.filter((index) => index !== operand);
    call.passes({ operand, steps: operands.length === 0 ? [] : [{ kind: 'sum', operands }], passes });
  }
}

/**
 * BiasGelu, FastGelu, BiasAdd: operands are added, broadcast, and a function with f(0) = 0 is applied.
 *
 *   x [n s c], b [c]  ->  y [n s c]
 *
 * exact: yes.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.BiasGelu
 */
const sums = (passes: boolean): Rule => ({
  says: 'operands are added, broadcast; zero stays zero',
  exact: 'yes',
  axes: (call) => {
    const all = Array.from({ length: call.count }, (_, i) => i);
    addsFirst(call, all, passes);
    return [broadcast(call.lanes, given(call, all), everyZero)];
  },
});
/** BiasGelu, FastGelu: gelu(x + b). Its slope vanishes nowhere, so that no step of a refit describes it. */
export const biasGelu = sums(false);
/** BiasAdd: x + b + skip and no function behind it, so that a layer in front is refitted to the sum. */
export const biasAdd = sums(true);

/**
 * BiasDropout at inference: data, bias and residual are added; the mask has the sum's axes.
 *
 *   x [n s c], b [c], residual [n s c]  ->  y [n s c], mask [n s c]
 *
 * exact: yes.
 */
export const biasDropout: Rule = {
  says: 'data, bias and residual are added; the mask has their axes',
  exact: 'yes',
  axes: (call) => {
    const y = broadcast(call.lanes, given(call, [0, 1, 2]), everyZero);
    addsFirst(call, [0, 1, 2], true);
    for (const index of [3, 4]) call.optional(index);
    return [y, y.map((axis) => withZero(axis, false))];
  },
};

/**
 * BiasSplitGelu: the first half of x + b is multiplied with the gelu of the second, so that both halves have one lane.
 *
 *   x [n s 2*c], b [2*c]  ->  y [n s c]
 *
 * exact: yes.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.BiasSplitGelu
 */
export const biasSplitGelu: Rule = {
  says: 'the halves of the last axis are multiplied: each lane lies on both',
  exact: 'yes',
  axes: (call) => {
    const sum = broadcast(call.lanes, given(call, [0, 1]), everyZero);
    addsFirst(call, [0, 1]);
    const last = sum.at(-1);
    const half = last && quotient(last.length, 2);
    if (last === undefined || half === undefined) throw new Frozen('mismatch', 'its last axis has no halves');
    return [[...sum.slice(0, -1), call.lanes.unify(call.lanes.cut(last, [half, half]))]];
  },
};

/**
 * BiasSoftmax: axes from `axis` on are normalised together and stay whole; the others pass.
 *
 *   x [n s! c!], b [c!]  ->  y [n s! c!]        (axis = 1)
 *
 * exact: yes.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.BiasSoftmax
 */
export const biasSoftmax: Rule = {
  says: 'the axes from `axis` on stay whole; the others pass',
  exact: 'yes',
  axes: (call) => {
    const sum = broadcast(call.lanes, given(call, [0, 1]), everyZero);
    addsFirst(call, [0, 1]);
    const from = call.attributes.axis('axis', sum.length, 1);
    for (const axis of sum.slice(from)) call.lanes.freeze(axis, 'operator', 'BiasSoftmax runs over it');
    return [sum.map((axis) => withZero(axis, false))];
  },
};
