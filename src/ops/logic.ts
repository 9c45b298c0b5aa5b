import type { Rule } from '../coupling/rule.js';
import * as dim from '../model/dim.js';
import { equal } from '../model/dim.js';
import type { ZeroLaw } from './broadcasting.js';
import { everyZero, neverZero, someZero } from './broadcasting.js';
import { plainly } from './computing.js';
import { several } from './elementwise.js';
import { unary } from './unary.js';

/** Not: true where x is false, so that zeros do not stay zeros. */
export const not = unary(
  'not zero',
  plainly((x) => (x === 0 ? 1 : 0)),
);

/** BitwiseOr, BitwiseXor: zero where both operands are. */
export const disjunction = several(everyZero);
/** BitwiseAnd: zero where one of the operands is. */
export const conjunction = several(someZero);

const truth = (law: ZeroLaw, compute: (a: number, b: number) => boolean): Rule =>
  several(law, () => plainly((a, b) => (compute(a!, b!) ? 1 : 0)), 'bool');
/** Or: false where both operands are. */
export const or = truth(everyZero, (a, b) => a !== 0 || b !== 0);
/** Xor: false where both operands are. */
export const xor = truth(everyZero, (a, b) => (a !== 0) !== (b !== 0));
/** And: false where one of the operands is. */
export const and = truth(someZero, (a, b) => a !== 0 && b !== 0);
/** Less: 1 where a < b, else 0. Not known to be zero in a removed lane. */
export const less = truth(neverZero, (a, b) => a < b);
/** LessOrEqual: 1 where a ≤ b, else 0; so 0 ≤ 0 makes a removed lane 1. */
export const lessOrEqual = truth(neverZero, (a, b) => a <= b);
/** Greater: 1 where a > b, else 0. Not known to be zero in a removed lane. */
export const greater = truth(neverZero, (a, b) => a > b);
/** GreaterOrEqual: 1 where a ≥ b, else 0; so 0 ≥ 0 makes a removed lane 1. */
export const greaterOrEqual = truth(neverZero, (a, b) => a >= b);
/** Lengths are never negative, so that one which is open is no -1; a number that data decides may be. */
export const equality = several(
  neverZero,
  () => (a, b) => {
    if (equal(a!, b!)) return 1;
    const differ =
      [a!, b!].every((side) => typeof side === 'number') ||
      [
        [a!, b!],
        [b!, a!],
      ].some(([side, other]) => typeof side === 'number' && side < 0 && !dim.isSigned(other!));
    return differ ? 0 : undefined;
  },
  'bool',
);
