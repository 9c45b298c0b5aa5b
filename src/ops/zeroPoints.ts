import type { Axes, Axis } from '../coupling/axis.js';
import { isHeld, isLabelled, isZero, withHeld, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call } from '../coupling/rule.js';
import { knownNumbers } from '../model/values.js';

/**
 * Quantised data in the masked original. Rules of quantised operators reckon with what the integers stand for: an axis
 * of `realAxes` is zero where (q - zero point) · scale is, and `asStored` says it of the integers again.
 *
 * A removed slice of a weight is masked with its zero point where an operator of ONNX itself reads it as quantised
 * (DequantizeLinear, ConvInteger, MatMulInteger, QLinearConv, QLinearMatMul) and both are stored; any other tensor,
 * scales and zero points included, with 0.
 */
export function realAxes(call: Call, data: number, zeroPoint: number, isWeight = false): Axis[] {
  const axes = call.input(data);
  call.optional(zeroPoint);
  const point = zeroPointOf(call, zeroPoint);
  const storedPoint = point === 0 || call.isStored(zeroPoint);
  return axes.map((axis) => {
    if (isWeight && storedPoint && call.isStored(data) && !isShared(axis)) return axis;
    return withZero(axis, isLabelled(axis) && isHeld(axis, point));
  });
}

/** The axes of a quantised result, of which `real` says what its numbers stand for. */
export function asStored(call: Call, real: Axes, zeroPoint: number): Axis[] {
  call.optional(zeroPoint);
  const point = zeroPointOf(call, zeroPoint);
  return real.map((axis) => (isZero(axis) ? withHeld(axis, point) : axis));
}

/** A number where it is known and the same everywhere, else the name of the value. */
function zeroPointOf(call: Call, index: number): number | string {
  const values = call.optional(index)?.values;
  if (call.optional(index) === undefined || call.isZeroConstant(index)) return 0;
  const numbers = values && knownNumbers(values);
  const [first] = numbers ?? [];
  return first !== undefined && numbers!.every((number) => number === first)
    ? first
    : (call.node.inputs[index] ?? '');
}

/** A vector that several operands share is masked only where all of them are cut alike. */
const isShared = (axis: Axis): boolean => axis.factors.some(({ stored }) => stored?.use !== undefined);

/** Scale and zero point of an operand along one of its axes: as many as the axis has indices, or one for all. */
export interface QuantisationOperands {
  /** Of length 1 where there is one for all. */
  readonly axes: readonly Axis[];
  /** The scale of a removed index is zero: whatever is scaled by it is, too. */
  readonly scalesToZero: boolean;
  /** The zero point of a removed index is as it was, or was zero anyway. */
  readonly keepsPoint: boolean;
}

/** Reads a scale (if there is one) and a zero point. Frozen: more than a vector. */
export function parametersOf(call: Call, scale: number | undefined, zeroPoint: number): QuantisationOperands {
  const vectors = [scale, zeroPoint].map((index) => {
    if (index === undefined || call.optional(index) === undefined) return undefined;
    call.parameter(index);
    const axes = call.input(index).filter((axis) => axis.length !== 1);
    if (axes.length > 1)
      throw new Frozen('mismatch', `its operand ${index} has ${axes.length} axes: it is no vector`);
    return axes[0];
  });
  const [scales, points] = vectors;
  return {
    axes: vectors.filter((axis) => axis !== undefined),
    scalesToZero: scales !== undefined && isLabelled(scales) && isZero(scales),
    keepsPoint: points === undefined || !isLabelled(points) || call.isZeroConstant(zeroPoint),
  };
}

/** Whether what an axis stands for is zero at removed indices, once its own scale and zero point are masked too. */
export const isRealZero = (axis: Axis, { scalesToZero, keepsPoint }: QuantisationOperands): boolean =>
  scalesToZero || (keepsPoint && isZero(axis));

/** An axis with its scales and zero points. */
export const withParameters = (call: Call, axis: Axis, parameters: QuantisationOperands): Axis =>
  withZero(call.lanes.unify([axis, ...parameters.axes]), isRealZero(axis, parameters));
