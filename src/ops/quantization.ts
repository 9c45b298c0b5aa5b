import type { Axes, Axis } from '../coupling/axis.js';
import { isHeld, isLabelled, isZero, withHeld, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import { bounds, type ElementwiseStep } from '../coupling/passage.js';
import type { Call, Rule } from '../coupling/rule.js';
import { quotient } from '../model/dim.js';
import { knownNumbers } from '../model/values.js';
import { asStored, parametersOf, realAxes, withParameters } from './zeroPoints.js';

/** The axis that parameters lie on, and whether they are blocked: then they have as many axes as the data. */
function layoutOf(call: Call, rank: number): { readonly along: number; readonly blocked: boolean } {
  const along = call.attributes.axis('axis', rank, Math.min(1, Math.max(0, rank - 1)));
  const blocked = call.attributes.int('block_size', 0) > 0;
  const scale = call.input(1);
  if (blocked && scale.length !== rank)
    throw new Frozen('mismatch', `its scale has rank ${scale.length}, its data ${rank}`);
  return { along, blocked };
}

/**
 * Blocked scales and zero points: along the blocked axis lanes are whole blocks, each the lane of its scale; the other
 * axes are the data's.
 */
function withBlocks(call: Call, axes: Axes, along: number): Axis[] {
  const { lanes } = call;
  const size = call.attributes.int('block_size', 0);
  const parameters = [1, 2].flatMap((index) => (call.optional(index) === undefined ? [] : [index]));
  for (const index of parameters) call.parameter(index);
  const given = parameters.map((index) => call.input(index));
  if (given.some((own) => own.length !== axes.length))
    throw new Frozen('mismatch', 'its scale and zero point differ in rank');
  const scalesToZero = (d: number): boolean => isLabelled(given[0]![d]!) && isZero(given[0]![d]!);
  const keepsPoint = given.length === 1 || call.isZeroConstant(2);
  return axes.map((axis, d) => {
    const own = given.map((parameter) => parameter[d]!).filter(({ length }) => length !== 1);
    const zero = scalesToZero(d) || (keepsPoint && isZero(axis));
    if (d !== along) return withZero(lanes.unify([axis, ...own]), zero);
    const count = quotient(axis.length, size);
    if (typeof count !== 'number') {
      for (const each of [axis, ...own]) lanes.freeze(each, 'operator', 'is quantised in unequal blocks');
      return axis;
    }
    const [blocks, within] = lanes.factor(axis, [count, size]);
    lanes.freeze(within!, 'operator', 'lies within a block that has one scale');
    lanes.unify([blocks!, ...own]);
    return withZero(axis, zero);
  });
}

/** What gives zero when it is dequantised with this scale: the zero point, or anything where the scale is zero. */
const zeroUnder = (scale: string): string => `zero under ${scale}`;

/**
 * QuantizeLinear: scale and zero point lie on `axis`, or are scalars. Real zero becomes the zero point.
 *
 *   x [n c h w], scale [c], zero point [c]  ->  y [n c h w]        (axis = 1)
 *
 * exact: yes. Where a lane has a scale of its own, that is zero in the masked original: y may be anything there, but is
 * zero again once it is dequantised.   frozen: blocked axes, but for whole blocks.
 * source: https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html
 */
export const quantizeLinear: Rule = {
  says: 'axes pass; scale and zero point lie on `axis`; blocks stay whole',
  exact: 'yes',
  quantises: { scale: { operand: 1 } },
  axes: (call) => {
    const x = call.input(0);
    call.passes({ operand: 0, steps: saturation(call), passes: true });
    if (x.length === 0) return [scalar(call)];
    const { along, blocked } = layoutOf(call, x.length);
    if (blocked) return [withBlocks(call, x, along).map((axis) => withZero(axis, false))];
    const parameters = parametersOf(call, 1, 2);
    const y = asStored(call, x, 2);
    if (parameters.axes.length === 0) return [y];
    const united = call.lanes.unify([x[along]!, ...parameters.axes]);
    if (call.optional(2)?.dtype?.startsWith('float') || call.attributes.int('output_dtype', 0) >= FLOAT8)
      call.lanes.inexact(united, 'divides by a scale that is zero where the lane was removed');
    const zero = isZero(x[along]!);
    return [
      y.with(along, zero ? withHeld(united, zeroUnder(call.node.inputs[1]!)) : withZero(united, false)),
    ];
  },
};

/**
 * What integers saturate at, where real zero lies at one end of them: a ReLU that was folded into it. Other ranges hold nearly all that
 * comes, and rounding is left as it is.
 */
function saturation(call: Call): readonly ElementwiseStep[] {
  const only = (operand: number): number | undefined => {
    const values = call.optional(operand)?.values;
    const numbers = values && knownNumbers(values);
    return numbers?.length === 1 ? numbers[0] : undefined;
  };
  const [scale, zero, range] = [only(1), only(2), RANGES[call.optional(2)?.dtype ?? '']];
  if (scale === undefined || zero === undefined || range === undefined) return [];
  const [low, high] = range.map((integer) => (integer - zero) * scale) as [number, number];
  return low === 0 || high === 0 ? bounds(low, high) : [];
}

const RANGES: Readonly<Record<string, readonly [low: number, high: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** The first of the 8-bit floats among ONNX's element types. They have a NaN, which even a scale of zero does not make zero. */
const FLOAT8 = 17;

/**
 * DequantizeLinear: y = (x - zero point) · scale, the inverse; a quantised weight is seen through it.
 *
 *   x [o c h w], scale [o], zero point [o]  ->  y [o c h w]        (axis = 0)
 *
 * exact: yes.   frozen: blocked axes, but for whole blocks.
 * source: https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html
 */
export const dequantizeLinear: Rule = {
  says: 'axes pass; scale and zero point lie on `axis`; blocks stay whole',
  exact: 'yes',
  moves: true,
  dequantises: true,
  axes: (call) => {
    const x = call.input(0);
    call.passes({ operand: 0, steps: [], passes: true });
    if (x.length === 0) return [scalar(call)];
    const { along, blocked } = layoutOf(call, x.length);
    const block = blocked ? { block: call.attributes.int('block_size', 0) } : {};
    call.quantised(0, { scale: 1, zeroPoint: 2, axis: along, ...block });
    const real = realAxes(call, 0, 2, true);
    if (blocked) return [withBlocks(call, real, along)];
    const parameters = parametersOf(call, 1, 2);
    const axis = withParameters(call, real[along]!, parameters);
    const under = isLabelled(x[along]!) && isHeld(x[along]!, zeroUnder(call.node.inputs[1]!));
    return [real.with(along, under ? withZero(axis, true) : axis)];
  },
};

function scalar(call: Call): Axes {
  for (let i = 1; i < call.count; i++) call.optional(i);
  return [];
}

/**
 * DynamicQuantizeLinear: scale and zero point come from the data's extremes, between which zero always lies.
 *
 *   x [n c]  ->  y [n c], scale [], zero point []
 *
 * exact: where x is zero in a removed lane; what else lies there counts among the extremes.
 * source: https://onnx.ai/onnx/operators/onnx__DynamicQuantizeLinear.html
 */
export const dynamicQuantizeLinear: Rule = {
  says: 'axes pass; scale and zero point come from the extremes of the whole',
  exact: 'where x is zero in a removed lane',
  quantises: { scale: { output: 1 } },
  axes: (call) => {
    const x = call.input(0);
    quantisesWhole(call, x);
    const point = call.node.outputs[2] || 'zero point';
    const y = x.map((axis) => (isZero(axis) ? withHeld(axis, point) : axis));
    return [
      { axes: y, dtype: 'uint8' },
      { axes: [], dtype: 'float32' },
      { axes: [], dtype: 'uint8' },
    ];
  },
};

/** The extremes of all of `x` set the scale of each of its numbers. */
export function quantisesWhole(call: Call, x: Axes): void {
  for (const axis of x)
    if (isLabelled(axis) && !isZero(axis))
      call.lanes.inexact(axis, 'its extremes set the scale of the others');
}
