import type { Axes, Axis } from '../coupling/axis.js';
import { isZero, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Bias, RealAt, StatedLinearMap } from '../coupling/linearMap.js';
import type { Call, Rule } from '../coupling/rule.js';
import { broadcast, everyZero } from './broadcasting.js';
import { convolve, mixingWindow } from './convolution.js';
import { multiply } from './matmul.js';
import { quantisesWhole } from './quantization.js';
import type { QuantisationOperands } from './zeroPoints.js';
import { asStored, isRealZero, parametersOf, realAxes, withParameters } from './zeroPoints.js';

/** The places of a quantised operand, of its scale and of its zero point. */
interface Operand {
  readonly data: number;
  readonly scale?: number;
  readonly zeroPoint: number;
}

/** A weight's axes by what they stand for, its scales and zero points; scores are of what it stands for. */
function weightOf(
  call: Call,
  { data, scale, zeroPoint }: Operand,
  along: number,
  isWeight: boolean,
): { readonly axes: Axis[]; readonly parameters: QuantisationOperands } {
  const axes = realAxes(call, data, zeroPoint, isWeight);
  const axis = along < 0 ? along + axes.length : along;
  call.quantised(data, { ...(scale !== undefined && { scale }), zeroPoint, axis });
  return { axes, parameters: parametersOf(call, scale, zeroPoint) };
}

/** A quantised convolution: axes by what they stand for. `x` and `w` are operands, `bias` the place of an int32 bias. */
function convolution(call: Call, x: Operand, w: Operand, bias: number, y?: RealAt): Axis[] {
  if (call.attributes.int('channels_last', 0) !== 0)
    throw new Frozen('operator', 'its channels are the last axis');
  if (x.scale !== undefined) call.optional(x.scale);
  const weight = weightOf(call, w, 0, true);
  const added = call.optional(bias)?.axes?.[0];
  const { parameters } = weight;
  const real = realAxes(call, x.data, x.zeroPoint);
  const [batch, channels, ...places] = convolve(call, real, weight.axes, [added, ...parameters.axes]);
  call.mixes({
    ...{ data: x.data, axis: 1, weight: w.data, outputs: [0], input: 1, outputAxis: 1 },
    ...{ taps: places.map((_, d) => d + 2), window: mixingWindow(call, places.length) },
    groups: call.attributes.int('group', 1),
    ...answering(x, w, y, bias),
  });
  if (!parameters.keepsPoint)
    call.lanes.inexact(
      channels,
      'its channels must have one zero point, and that of a removed one is masked',
    );
  const zero =
    parameters.scalesToZero ||
    (isRealZero(weight.axes[0]!, parameters) && (added === undefined || isZero(added)));
  return [batch, withZero(channels, zero), ...places];
}

/** What a product of integers says of its operands: `y` where it answers in integers itself, with `bias` in units of both scales. */
function answering(
  x: Operand,
  w: Operand,
  y?: RealAt,
  bias?: number,
): Pick<StatedLinearMap, 'integers' | 'dataAreIntegers' | 'outputIsIntegers' | 'bias'> {
  if (x.scale === undefined || w.scale === undefined)
    return { integers: { zeroPoint: w.zeroPoint }, dataAreIntegers: true, bias: BEHIND };
  return {
    integers: { scale: w.scale, zeroPoint: w.zeroPoint },
    dataAreIntegers: { scale: x.scale, zeroPoint: x.zeroPoint },
    ...(y && { outputIsIntegers: y }),
    bias: bias === undefined ? { kind: 'none' } : { kind: 'operand', operand: bias, inUnits: x.scale },
  };
}

/**
 * QLinearConv: Conv of quantised operands; scale and zero point of the weight may lie on its output channels.
 *
 *   x [n c h! w!], scale [], zero point [], W [o c kh kw], scale [o], zero point [o], y's scale [], zero point [], b [o]
 *     ->  y [n o h' w']
 *
 * exact: yes, but for zero points of their own in each channel, of which the runtime asks that they are equal.
 * restates: `group`.   source: https://onnx.ai/onnx/operators/onnx__QLinearConv.html
 */
export const qlinearConv: Rule = {
  says: 'as Conv; scales and zero points of the weight lie on the output channels',
  exact: 'where all channels have one zero point',
  axes: (call) => {
    call.optional(6);
    const x = { data: 0, scale: 1, zeroPoint: 2 };
    const y = { scale: 6, zeroPoint: 7 };
    return [asStored(call, convolution(call, x, { data: 3, scale: 4, zeroPoint: 5 }, 8, y), 7)];
  },
};

/**
 * ConvInteger: Conv of integers to int32.
 *
 *   x [n c h! w!], W [o c kh kw], x's zero point [], W's [o]  ->  y [n o h' w']
 *
 * exact and restates: as QLinearConv.
 */
export const convInteger: Rule = {
  says: 'as Conv; the zero points of the weight lie on the output channels',
  exact: 'where all channels have one zero point',
  axes: (call) => [
    { axes: convolution(call, { data: 0, zeroPoint: 2 }, { data: 1, zeroPoint: 3 }, 4), dtype: 'int32' },
  ],
};

/** A product of matrices, by what they stand for; scales of `a` lie on its rows, those of `b` on its columns. */
function matrices(
  call: Call,
  a: { readonly axes: readonly Axis[]; readonly parameters: QuantisationOperands },
  b: { readonly axes: readonly Axis[]; readonly parameters: QuantisationOperands },
  bias?: number,
): Axis[] {
  const on = (place: number, { axes, parameters }: typeof a): Axes => {
    if (parameters.axes.length === 0) return axes;
    if (axes.length < 2) throw new Frozen('mismatch', 'a vector has scales of its own');
    return axes.with(place, withParameters(call, axes.at(place)!, parameters));
  };
  const { batch, row, column } = multiply(call, on(-2, a), on(-1, b));
  const product = [...batch, ...row, ...column];
  const added = bias === undefined ? undefined : call.optional(bias);
  return added === undefined ? product : broadcast(call.lanes, [product, call.input(bias!)], everyZero);
}

const BEHIND = { kind: 'behind' } as const;

/** A product with a stored matrix of integers at `weight`: y = W x, and what is added. */
function mixesMatrix(
  call: Call,
  weight: Operand,
  { dataAreIntegers, bias = BEHIND }: { readonly dataAreIntegers: boolean; readonly bias?: Bias },
): void {
  const rank = call.input(0).length;
  if (call.input(weight.data).length !== 2 || rank < 2) return;
  const { scale, zeroPoint } = weight;
  call.mixes({
    ...{ data: 0, axis: rank - 1, weight: weight.data, outputs: [1], input: 0, outputAxis: rank - 1 },
    ...{ bias, dataAreIntegers, integers: { ...(scale !== undefined && { scale }), zeroPoint } },
  });
}

const matrix = (call: Call, { data, scale, zeroPoint }: Operand): ReturnType<typeof weightOf> =>
  weightOf(call, { data, ...(scale !== undefined && { scale }), zeroPoint }, -2, false);

/**
 * QLinearMatMul: MatMul of quantised operands; scales of a may lie on its rows, those of b on its columns.
 *
 *   a [… m k], scale [], zero point [], b [… k n], scale [n], zero point [n], y's scale [], zero point []
 *     ->  y [… m n]
 *
 * exact: where a or b stands for zero in a removed lane of k: always for a weight.
 * source: https://onnx.ai/onnx/operators/onnx__QLinearMatMul.html
 */
export const qlinearMatMul: Rule = {
  says: 'as MatMul; scales and zero points lie on the rows of a and the columns of b',
  exact: 'where one operand stands for zero in a removed lane: always for a weight',
  axes: (call) => {
    call.optional(6);
    const a = matrix(call, { data: 0, scale: 1, zeroPoint: 2 });
    const weight = { data: 3, scale: 4, zeroPoint: 5 };
    const b = weightOf(call, weight, -1, true);
    const rank = call.input(0).length;
    if (call.input(3).length === 2 && rank >= 2)
      call.mixes({
        ...{ data: 0, axis: rank - 1, weight: 3, outputs: [1], input: 0, outputAxis: rank - 1 },
        ...answering({ data: 0, scale: 1, zeroPoint: 2 }, weight, { scale: 6, zeroPoint: 7 }),
      });
    return [asStored(call, matrices(call, a, b), 7)];
  },
};

/**
 * MatMulInteger: MatMul of integers less their zero points, to int32.
 *
 *   a [… m k], b [… k n], a's zero point [m], b's [n]  ->  y [… m n]
 *
 * exact: as QLinearMatMul.   source: https://onnx.ai/onnx/operators/onnx__MatMulInteger.html
 */
export const matMulInteger: Rule = {
  says: 'as MatMul; zero points lie on the rows of a and the columns of b',
  exact: 'where one operand stands for zero in a removed lane: always for a weight',
  axes: (call) => {
    const a = matrix(call, { data: 0, zeroPoint: 2 });
    const b = weightOf(call, { data: 1, zeroPoint: 3 }, -1, true);
    mixesMatrix(call, { data: 1, zeroPoint: 3 }, { dataAreIntegers: true });
    return [{ axes: matrices(call, a, b), dtype: 'int32' }];
  },
};

/** Zero points of weights that only these operators read are not masked for: 0 is real zero where they are 0. */
const EXACT = 'where the weight is quantised about zero, or the other operand is zero in a removed lane';

/**
 * MatMulIntegerToFloat: MatMulInteger, scaled, with a bias.
 *
 *   a [… m k], b [k n], a's scale [m], b's [n], a's zero point [m], b's [n], bias [n]  ->  y [… m n]
 *
 * exact: where b is quantised about zero, or a stands for zero in a removed lane of k.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */
export const matMulIntegerToFloat: Rule = {
  says: 'as MatMul; scales and zero points lie on the rows of a and the columns of b, the bias on the columns',
  exact: EXACT,
  axes: (call) => {
    const a = matrix(call, { data: 0, scale: 2, zeroPoint: 4 });
    const b = weightOf(call, { data: 1, scale: 3, zeroPoint: 5 }, -1, false);
    const bias = { kind: 'operand', operand: 6 } as const;
    mixesMatrix(call, { data: 1, scale: 3, zeroPoint: 5 }, { dataAreIntegers: true, bias });
    return [{ axes: matrices(call, a, b, 6), dtype: call.optional(2)?.dtype }];
  },
};

/**
 * DynamicQuantizeMatMul: a is quantised by its extremes, then MatMulIntegerToFloat.
 *
 *   a [… m k], b [k n], b's scale [n], zero point [n], bias [n]  ->  y [… m n]
 *
 * exact: where a is zero in a removed lane of its own.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */
export const dynamicQuantizeMatMul: Rule = {
  says: 'as MatMul; scales, zero points and bias lie on the columns of b; the extremes of a set its scale',
  exact: 'where a is zero in a removed lane',
  axes: (call) => {
    const axes = call.input(0);
    quantisesWhole(call, axes);
    const b = weightOf(call, { data: 1, scale: 2, zeroPoint: 3 }, -1, false);
    const a = { axes, parameters: { axes: [], scalesToZero: false, keepsPoint: true } };
    const bias = { kind: 'operand', operand: 4 } as const;
    mixesMatrix(call, { data: 1, scale: 2, zeroPoint: 3 }, { dataAreIntegers: false, bias });
    return [{ axes: matrices(call, a, b, 4), dtype: 'float32' }];
  },
};

/**
 * QGemm: Gemm of quantised operands, with an int32 bias; to float where there is no output scale.
 *
 *   a [m k], scale [], zero point [], b [k n], scale [n], zero point [n], c [n]  ->  y [m n]
 *
 * exact: as MatMulIntegerToFloat.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */
export const qgemm: Rule = {
  says: 'as Gemm; scales and zero points of b lie on its columns',
  exact: EXACT,
  axes: (call) => {
    const { attributes } = call;
    const turned = (axes: readonly Axis[], attribute: string): Axis[] => {
      if (axes.length !== 2) throw new Frozen('mismatch', `an operand has rank ${axes.length}, not 2`);
      return attributes.int(attribute, 0) === 0 ? [...axes] : [axes[1]!, axes[0]!];
    };
    const a = matrix(call, { data: 0, scale: 1, zeroPoint: 2 });
    const columns = attributes.int('transB', 0) === 0 ? 1 : 0;
    const b = weightOf(call, { data: 3, scale: 4, zeroPoint: 5 }, columns, false);
    const real = matrices(
      call,
      { ...a, axes: turned(a.axes, 'transA') },
      { ...b, axes: turned(b.axes, 'transB') },
      6,
    );
    // With `alpha` other than 1 the int32 operand C is in units that the factor is part of, which refits do not reckon with.
    if (attributes.int('transA', 0) === 0 && attributes.float('alpha', 1) === 1)
      call.mixes({
        ...{ data: 0, axis: 1, weight: 3, outputs: [columns], input: 1 - columns, outputAxis: 1 },
        ...answering(
          { data: 0, scale: 1, zeroPoint: 2 },
          { data: 3, scale: 4, zeroPoint: 5 },
          call.optional(7) === undefined ? undefined : { scale: 7, zeroPoint: 8 },
          6,
        ),
      });
    if (call.optional(7) === undefined) return [{ axes: real, dtype: 'float32' }];
    return [asStored(call, real, 8)];
  },
};
