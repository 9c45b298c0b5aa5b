import { isZero } from '../coupling/axis.js';
import type { Call, Rule } from '../coupling/rule.js';
import * as dim from '../model/dim.js';
import { firstZero } from './broadcasting.js';
import type { Compute } from './computing.js';
import { isFloat, plainly } from './computing.js';
import { linear, scaling, several } from './elementwise.js';

/** A quotient, element by element: exact where the divisor is not zero in a removed lane, as 0 / 0 is not a number. */
function quotientOf(compute: (dtype: string | undefined, call: Call) => Compute): Rule {
  const rule = several(firstZero, compute);
  return {
    ...rule,
    exact: 'where the divisor is not zero in a removed lane',
    axes: (call) => {
      for (const axis of call.input(1))
        if (isZero(axis)) call.lanes.inexact(axis, 'divides by what is zero where the lane was removed');
      return rule.axes(call);
    },
  };
}

/** Of floats it is linear in the dividend. */
export const division = linear(
  'quotient',
  scaling(
    quotientOf((dtype) => (isFloat(dtype) ? divideFloats : (dim.truncatedDivide as Compute))),
    true,
  ),
);
/** Mod: the sign is the divisor's, or with `fmod` the dividend's. */
export const remainder = quotientOf((_, call) =>
  call.attributes.int('fmod', 0) === 0 ? (dim.modulo as Compute) : plainly((a, b) => a! % b!),
);

const divideFloats: Compute = (a, b) =>
  typeof a === 'number' && typeof b === 'number'
    ? a / b
    : typeof b === 'number'
      ? dim.multiply(a!, 1 / b)
      : dim.quotient(a!, b!);
