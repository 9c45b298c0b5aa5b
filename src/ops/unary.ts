import { isZero, withZero } from '../coupling/axis.js';
import type { Rule } from '../coupling/rule.js';
import * as dim from '../model/dim.js';
import { knownNumbers } from '../model/values.js';
import { CLIP, keepsZero, stepsOf } from './activations.js';
import { mapValues } from './broadcasting.js';
import type { Compute } from './computing.js';
import { lifted, plainly } from './computing.js';

/**
 * y = f(x), element by element.
 *
 *   x [n c h w]  ->  y [n c h w]
 *
 * exact: yes. Whether f(0) = 0 decides whether y is zero where a lane was removed.
 */
export function unary(zero: 'zero' | 'not zero' | 'not finite', compute?: Compute, makes?: 'bool'): Rule {
  return {
    says: 'element by element',
    exact: zero === 'not finite' ? 'where what it is applied to is not zero in a removed lane' : 'yes',
    axes: (call) => {
      const axes = call.input(0);
      const x = call.optional(0)!;
      if (zero === 'not finite') {
        for (const axis of axes)
          if (isZero(axis)) call.lanes.inexact(axis, `${call.node.op} of zero is not finite`);
      }
      const values = compute && mapValues([x.values], lifted(compute));
      return [
        {
          axes: axes.map((axis) => withZero(axis, zero === 'zero' && isZero(axis))),
          values,
          dtype: makes ?? x.dtype,
        },
      ];
    },
  };
}

/** Element by element, and f(0) = 0. */
export const zeroPreserving = unary('zero');
/** Element by element, and f(0) ≠ 0. */
export const pointwise = unary('not zero');
/** Element by element, true or false. */
export const property = unary('not zero', undefined, 'bool');
/** Element by element, with a pole at zero. */
export const poleAtZero = unary('not finite');

/** Neg: -x. */
export const negative: Rule = { ...unary('zero', (x) => dim.multiply(x!, -1)), linear: true };
/** Abs: |x|. */
export const absolute = unary(
  'zero',
  plainly((x) => Math.abs(x!)),
);
const rounding = (compute: Compute): Rule => ({ ...unary('zero', compute), rounds: true });
/** Floor: the greatest whole number that is not above x. */
export const floor = rounding((x) => dim.floorDivide(x!, 1));
/** Ceil: the least whole number that is not below x. */
export const ceil = rounding((x) => dim.ceilDivide(x!, 1));
/** Round: the nearest whole number, of two the even one. */
export const round = rounding(
  plainly((x) => (Math.abs(x! % 1) === 0.5 ? 2 * Math.round(x! / 2) : Math.round(x!))),
);
/** Sqrt: √x, which is 0 at 0. */
export const squareRoot = unary(
  'zero',
  plainly((x) => Math.sqrt(x!)),
);
/** Reciprocal: 1 / x. Where x is zero in a removed lane the lane is not exact. */
export const reciprocal = unary(
  'not finite',
  plainly((x) => 1 / x!),
);

/**
 * Clip: zero stays zero where it lies within the bounds. Bounds are attributes before opset 11, operands since.
 *
 *   x [n c h w]  ->  y [n c h w]
 */
export const clip: Rule = {
  says: 'element by element',
  exact: 'yes',
  axes: (call) => {
    const axes = call.input(0);
    const bound = (name: string, operand: number, otherwise: number): number => {
      if (call.attributes.has(name)) return call.attributes.float(name, otherwise);
      const tensor = call.optional(operand);
      if (tensor === undefined) return otherwise;
      const [value] = (tensor.values && knownNumbers(tensor.values)) ?? [Number.NaN];
      return value!;
    };
    const low = bound('min', 1, Number.NEGATIVE_INFINITY);
    const high = bound('max', 2, Number.POSITIVE_INFINITY);
    const keeps = keepsZero(CLIP, { min: low, max: high });
    // A bound that is computed from data may change with them: a layer in front must not rely on it.
    const min = Number.isNaN(low) ? Number.NEGATIVE_INFINITY : low;
    const max = Number.isNaN(high) ? Number.POSITIVE_INFINITY : high;
    call.passes({ operand: 0, steps: stepsOf(CLIP, { min, max }) });
    const values = mapValues(
      [call.optional(0)!.values],
      lifted(plainly((x) => Math.min(Math.max(x!, low), high))),
    );
    return [
      {
        axes: axes.map((axis) => withZero(axis, keeps && isZero(axis))),
        values,
        dtype: call.optional(0)!.dtype,
      },
    ];
  },
};

/**
 * Affine: α x + β with attributes that are numbers; an experiment of old operator sets.
 *
 *   x [n c h w]  ->  y [n c h w]
 *
 * exact: yes.
 */
export const affine: Rule = {
  says: 'element by element',
  exact: 'yes',
  axes: (call) => {
    const keepsZero = call.attributes.float('beta', 0) === 0;
    return [call.input(0).map((axis) => withZero(axis, keepsZero && isZero(axis)))];
  },
};

/**
 * Shrink: zero stays zero unless the threshold is negative.
 *
 *   x [n c h w]  ->  y [n c h w]
 *
 * exact: yes.
 */
export const shrink: Rule = {
  says: 'element by element',
  exact: 'yes',
  axes: (call) => {
    const keepsZero = call.attributes.float('lambd', 0.5) >= 0 || call.attributes.float('bias', 0) === 0;
    return [call.input(0).map((axis) => withZero(axis, keepsZero && isZero(axis)))];
  },
};
