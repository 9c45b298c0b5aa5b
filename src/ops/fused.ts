import type { Axes } from '../coupling/axis.js';
import { isZero, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Fusing } from '../coupling/passage.js';
import type { Call, Rule } from '../coupling/rule.js';
import { quotient } from '../model/dim.js';
import { broadcast, everyZero } from './broadcasting.js';
import { conv, convolved } from './convolution.js';
import { activated, fusing } from './fusing.js';
import { gemm, gemmOf, multiply } from './matmul.js';
import { windowed } from './pooling.js';

/** The operands that are there, from the first to the last. */
const given = (call: Call, indices: readonly number[]): Axes[] =>
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

/** An operand's axes as the product sees them: `transBatch` puts the first axis last but one, `trans` swaps the last two. */
function turned(call: Call, index: number, side: 'A' | 'B'): Axes {
  const { attributes } = call;
  let axes = call.input(index);
  if (axes.length < 2) return axes;
  if (attributes.int(`transBatch${side}`, 0) !== 0) axes = [...axes.slice(1, -1), axes[0]!, axes.at(-1)!];
  if (attributes.int(`trans${side}`, 0) !== 0) axes = [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!];
  return axes;
}

/** Operands that are turned have their letters turned. */
function contracts(call: Call): void {
  const turned = (index: number, side: 'A' | 'B', last: readonly [string, string]): string[] => {
    const { attributes } = call;
    const rank = call.input(index).length;
    const [row, column] = attributes.int(`trans${side}`, 0) !== 0 ? [last[1], last[0]] : last;
    const batch = Array.from({ length: rank - 2 }, (_, i) => `batch ${rank - 3 - i}`);
    return attributes.int(`transBatch${side}`, 0) !== 0 ? [row, ...batch, column] : [...batch, row, column];
  };
  if ([0, 1].some((index) => call.input(index).length < 2)) return;
  call.contracts({
    summed: 'k',
    sides: [
      { operand: 0, axes: turned(0, 'A', ['m', 'k']) },
      { operand: 1, axes: turned(1, 'B', ['k', 'n']) },
    ],
  });
}

/**
 * FusedMatMul: α a' b', with a' and b' transposed where the attributes say so; an activation may follow.
 *
 *   a [… m k], b [… k n]  ->  y [… m n]
 *   a [… k m], b [… n k]  ->  y [… m n]        (transA = 1, transB = 1)
 *
 * exact: where one operand is zero in a removed lane of k.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FusedMatMul
 */
export const fusedMatMul: Rule = {
  says: 'a and b are contracted, transposed where the attributes say so; leading axes are broadcast',
  exact: 'where one operand is zero in a removed lane: always for a weight',
  axes: (call) => {
    const { batch, row, column } = multiply(call, turned(call, 0, 'A'), turned(call, 1, 'B'));
    contracts(call);
    mixes(call);
    return [activated(call, [...batch, ...row, ...column])];
  },
};

/** With a weight of two axes on one side; its batches are none, so that these are not turned. */
function mixes(call: Call): void {
  const { attributes } = call;
  const isTurned = (name: string): boolean => attributes.int(name, 0) !== 0;
  const [a, b] = [call.input(0), call.input(1)];
  const alpha = attributes.float('alpha', 1);
  const scales = alpha === 1 ? [] : [{ kind: 'scale', by: alpha } as const];
  const alone = { op: 'FusedMatMul', domain: 'com.microsoft', operands: 2 };
  const fused = fusing(call, scales, alone, ['alpha']);
  // Behind an activation no vector can be added to the product.
  const isActivated = attributes.string('activation', '') !== '';
  const behind = isActivated ? undefined : ({ kind: 'behind' } as const);
  if (b.length === 2 && a.length > 1) {
    const [asItLies, axis] = [
      !isTurned('transBatchA') || a.length === 2,
      isTurned('transA') ? a.length - 2 : a.length - 1,
    ];
    const [input, output] = isTurned('transB') ? [1, 0] : [0, 1];
    call.mixes({
      ...{ data: 0, axis, weight: 1, outputs: [output], input },
      // Of data that are turned positions lie elsewhere than in y.
      ...(asItLies && !isTurned('transA') && { outputAxis: a.length - 1 }),
      ...(behind && { bias: behind }),
      ...(fused && { fused }),
    });
  }
  if (a.length === 2 && b.length > 1) {
    const asItLies = !isTurned('transBatchB') || b.length === 2;
    const [input, output] = isTurned('transA') ? [0, 1] : [1, 0];
    const axis = isTurned('transB') ? b.length - 1 : b.length - 2;
    call.mixes({
      ...{ data: 1, axis, weight: 0, outputs: [output], input },
      ...(asItLies && !isTurned('transB') && { outputAxis: b.length - 2 }),
      ...(fused && { fused }),
    });
  }
}

/**
 * FusedGemm: Gemm, then an activation.
 *
 *   a [m k], b [k n], c [n]  ->  y [m n]        (activation = "Relu")
 *
 * exact: yes.
 */
export const fusedGemm: Rule = {
  ...gemm,
  axes: (call) => {
    const fused = fusing(call, [], { op: 'Gemm', domain: '', operands: 3 });
    return [activated(call, gemmOf(call, fused))];
  },
};

/**
 * GemmFastGelu: the product with a weight, a bias, gelu.
 *
 *   x [n s k], W [k c], b [c]  ->  y [n s c]
 *
 * exact: yes.
 */
export const gemmFastGelu: Rule = {
  says: 'the last axis is contracted with the weight; the bias is added; zero stays zero',
  exact: 'yes',
  axes: (call) => {
    const [x, weight] = [call.input(0), call.input(1)];
    const { batch, row, column } = multiply(call, x, weight);
    if (weight.length === 2 && x.length > 1)
      call.mixes({
        ...{ data: 0, axis: x.length - 1, weight: 1, outputs: [1], input: 0, outputAxis: x.length - 1 },
        bias: { kind: 'operand', operand: 2 },
        fused: {
          steps: [{ kind: 'sum', operands: [2] }],
          alone: { op: 'MatMul', domain: '', operands: 2, without: [] },
        },
      });
    return [broadcast(call.lanes, [[...batch, ...row, ...column], ...given(call, [2])], everyZero)];
  },
};

/**
 * FusedConv: Conv, the sum with operand 3, an activation.
 *
 *   x [n γ*c h! w!], W [γ*o c 1 1], b [γ*o], z [n γ*o h! w!]  ->  y [n γ*o h! w!]        (group = γ)
 *
 * exact: yes.   restates: `group`.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FusedConv
 */
export const fusedConv: Rule = {
  ...conv,
  axes: (call) => {
    const y = convolved(call, call.input(0), 1, behindConvolution(call));
    return [activated(call, broadcast(call.lanes, [y, ...given(call, [3])], everyZero))];
  },
};

/** The sum with operand 3, and the activation: the same node without them is Conv. */
function behindConvolution(call: Call): Fusing | undefined {
  const { op, domain } = call.node;
  const steps = call.optional(3) === undefined ? [] : [{ kind: 'sum', operands: [3] } as const];
  return fusing(call, steps, { op, domain, operands: 3 });
}

const channelsFirst = (axes: Axes): Axes => [axes[0]!, axes.at(-1)!, ...axes.slice(1, -1)];
const channelsLast = (axes: Axes): Axes => [axes[0]!, ...axes.slice(2), axes[1]!];

/**
 * NhwcFusedConv: FusedConv with the data's channels last; the weight is Conv's.
 *
 *   x [n h! w! γ*c], W [γ*o c 1 1], b [γ*o], z [n h! w! γ*o]  ->  y [n h! w! γ*o]        (group = γ)
 *
 * exact: yes.   restates: `group`.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.NhwcFusedConv
 */
export const nhwcFusedConv: Rule = {
  ...conv,
  axes: (call) => {
    const x = call.input(0);
    const y = channelsLast(convolved(call, channelsFirst(x), x.length - 1, behindConvolution(call)));
    return [activated(call, broadcast(call.lanes, [y, ...given(call, [3])], everyZero))];
  },
};

/**
 * NhwcMaxPool: MaxPool with channels last.
 *
 *   x [n h! w! c]  ->  y [n h' w' c]        (kernel_shape = [2 2])
 *
 * exact: yes.
 */
export const nhwcPool: Rule = {
  says: 'channels pass, last; a window slides over the spatial axes',
  exact: 'yes',
  axes: (call) => [channelsLast(windowed(call, channelsFirst(call.input(0))))],
};

/**
 * CDist: distances between the rows of two matrices.
 *
 *   a [m c], b [k c]  ->  y [m k]
 *
 * exact: where both are zero in a removed lane of c.   frozen: metrics that are not Euclidean.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.CDist
 */
export const distances: Rule = {
  says: 'columns are one axis, summed over; rows pass',
  exact: 'where both operands are zero in a removed lane',
  axes: (call) => {
    const [a, b] = [call.input(0), call.input(1)];
    const metric = call.attributes.string('metric', 'sqeuclidean');
    if (metric !== 'sqeuclidean' && metric !== 'euclidean')
      throw new Frozen('operator', `measures by "${metric}", which is not followed`);
    if (a.length !== 2 || b.length !== 2) throw new Frozen('mismatch', 'its operands are no matrices');
    const zero = isZero(a[1]!) && isZero(b[1]!);
    call.lanes.sum(withZero(call.lanes.unify([a[1]!, b[1]!]), zero));
    return [[withZero(a[0]!, false), withZero(b[0]!, false)]];
  },
};

/**
 * ComplexMul and its like, Inverse, Trilu work on the last `count` axes as a whole; the others pass.
 *
 *   x [n h! w!]  ->  y [n h! w!]
 */
export const wholeAtTheEnd = (count: number, keepsZero: boolean): Rule => ({
  says: `the last ${count} axes stay whole; the others pass`,
  exact: keepsZero ? 'yes' : 'where what it is applied to is not zero in a removed lane',
  axes: (call) => {
    const x = call.input(0);
    const whole = (d: number): boolean => d >= x.length - count;
    return [
      x.map((axis, d) => {
        if (whole(d)) call.lanes.freeze(axis, 'operator', `${call.node.op} works on it as a whole`);
        else if (!keepsZero && isZero(axis))
          call.lanes.inexact(axis, `${call.node.op} of zero is not defined`);
        return whole(d) ? plain(axis.length) : axis;
      }),
    ];
  },
});
