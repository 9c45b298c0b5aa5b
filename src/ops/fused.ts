import type { Axes, Axis } from '../lanes/axis.js';
import { isZero, plain, withZero } from '../lanes/axis.js';
import type { Call, Rule } from '../lanes/rule.js';
import { Frozen } from '../lanes/rule.js';
import { quotient } from '../onnx/dim.js';
import { broadcast, everyZero } from './broadcasting.js';
import { conv, convolve } from './convolution.js';
import { gemm, multiply } from './matmul.js';
import { windowed } from './pooling.js';

/** Activations that onnxruntime fuses, and that give 0 at 0. Those that are not listed do not, or depend on parameters. */
const ZERO_AT_ZERO: ReadonlySet<string> = new Set([
  'Relu',
  'LeakyRelu',
  'Tanh',
  'Elu',
  'Selu',
  'Softsign',
  'ScaledTanh',
  'ThresholdedRelu',
  'HardSwish',
  'Gelu',
  'RELU',
  'GELU',
]);

/** What the attribute `activation` leaves of the zeros. */
function activated(call: Call, axes: Axes): Axis[] {
  const activation = call.attributes.string('activation', '');
  const keepsZero = activation === '' || ZERO_AT_ZERO.has(activation);
  return axes.map((axis) => withZero(axis, keepsZero && isZero(axis)));
}

/** The operands that are there, from the first to the last. */
const given = (call: Call, indices: readonly number[]): Axes[] =>
  indices.flatMap((index) => (call.optional(index) === undefined ? [] : [call.input(index)]));

/**
 * BiasGelu, FastGelu, BiasAdd: operands are added, broadcast, and a function with f(0) = 0 is applied.
 *
 *   x [n s c], b [c]  ->  y [n s c]
 *
 * exact: yes.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.BiasGelu
 */
export const biased: Rule = {
  says: 'operands are added, broadcast; zero stays zero',
  exact: 'yes',
  axes: (call) => [
    broadcast(
      call.lanes,
      given(
        call,
        Array.from({ length: call.count }, (_, i) => i),
      ),
      everyZero,
    ),
  ],
};

/** BiasDropout at inference: data, bias and residual are added; the mask has the sum's axes. exact: yes. */
export const biasDropout: Rule = {
  says: 'data, bias and residual are added; the mask has their axes',
  exact: 'yes',
  axes: (call) => {
    const y = broadcast(call.lanes, given(call, [0, 1, 2]), everyZero);
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
    const last = sum.at(-1);
    const half = last && quotient(last.length, 2);
    if (last === undefined || half === undefined) throw new Frozen('mismatch', 'its last axis has no halves');
    return [[...sum.slice(0, -1), call.lanes.unify(call.lanes.cut(last, [half, half]))]];
  },
};

/**
 * BiasSoftmax: axes from `axis` on are normalised together and stay whole; the others pass. exact: yes.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.BiasSoftmax
 */
export const biasSoftmax: Rule = {
  says: 'the axes from `axis` on stay whole; the others pass',
  exact: 'yes',
  axes: (call) => {
    const sum = broadcast(call.lanes, given(call, [0, 1]), everyZero);
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
 *   a [… m k], b [… k n]  ->  y [… m n]        transBatchA: a [m … k]
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
    return [activated(call, [...batch, ...row, ...column])];
  },
};

/** FusedGemm: Gemm, then an activation. exact: yes. */
export const fusedGemm: Rule = {
  ...gemm,
  axes: (call) => [activated(call, gemm.axes(call)[0] as Axes)],
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
    const { batch, row, column } = multiply(call, call.input(0), call.input(1));
    return [broadcast(call.lanes, [[...batch, ...row, ...column], ...given(call, [2])], everyZero)];
  },
};

/**
 * FusedConv: Conv, the sum with operand 3, an activation.
 *
 *   x [n γ*c h w], W [γ*o c kh kw], b [γ*o], z [n γ*o h' w']  ->  y [n γ*o h' w']
 *
 * exact: yes.   restates: `group`.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FusedConv
 */
export const fusedConv: Rule = {
  ...conv,
  axes: (call) => {
    const y = conv.axes(call)[0] as Axes;
    return [activated(call, broadcast(call.lanes, [y, ...given(call, [3])], everyZero))];
  },
};

const channelsFirst = (axes: Axes): Axes => [axes[0]!, axes.at(-1)!, ...axes.slice(1, -1)];
const channelsLast = (axes: Axes): Axes => [axes[0]!, ...axes.slice(2), axes[1]!];

/**
 * NhwcFusedConv: FusedConv with the data's channels last; the weight is Conv's.
 *
 *   x [n h w γ*c], W [γ*o c kh kw], b [γ*o], z [n h' w' γ*o]  ->  y [n h' w' γ*o]
 *
 * exact: yes.   restates: `group`.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.NhwcFusedConv
 */
export const nhwcFusedConv: Rule = {
  ...conv,
  axes: (call) => {
    const weight = call.input(1);
    const bias = call.optional(2) === undefined ? undefined : call.input(2)[0];
    const [batch, channels, ...places] = convolve(call, channelsFirst(call.input(0)), weight, [bias]);
    const zero = isZero(weight[0]!) && (bias === undefined || isZero(bias));
    const y = channelsLast([batch, withZero(channels, zero), ...places]);
    return [activated(call, broadcast(call.lanes, [y, ...given(call, [3])], everyZero))];
  },
};

/** NhwcMaxPool: MaxPool with channels last.   x [n h w c]  ->  y [n h' w' c]   exact: yes. */
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

/** ComplexMul and its like, Inverse, Trilu work on the last `count` axes as a whole; the others pass. */
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
