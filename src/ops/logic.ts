import type { Rule } from '../coupling/rule.js';
import * as dim from '../model/dim.js';
import { equal } from '../model/dim.js';
import type { ZeroLaw } from './broadcasting.js';
import { everyZero, neverZero, someZero } from './broadcasting.js';
import { plainly } from './computing.js';
import { several } from './elementwise.js';
import { unary } from './unary.js';

export const not = unary(
  'not zero',
  plainly((x) => (x === 0 ? 1 : 0)),
);

export const disjunction = several(everyZero);
export const conjunction = several(someZero);

const truth = (law: ZeroLaw, compute: (a: number, b: number) => boolean): Rule =>
  several(law, () => plainly((a, b) => (compute(a!, b!) ? 1 : 0)), 'bool');
export const or = truth(everyZero, (a, b) => a !== 0 || b !== 0);
export const xor = truth(everyZero, (a, b) => (a !== 0) !== (b !== 0));
export const and = truth(someZero, (a, b) => a !== 0 && b !== 0);
export const less = truth(neverZero, (a, b) => a < b);
export const lessOrEqual = truth(neverZero, (a, b) => a <= b);
export const greater = truth(neverZero, (a, b) => a > b);
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
