import type { Curve } from '../../src/allocation/curve.js';

/** A unit of as many parts as there are losses; each choice takes one part away. `worth`: of each step, by default 1. */
export function curveFrom(unit: string, loss: readonly number[], worth?: readonly number[]): Curve {
  const amounts = loss.map((_, choice) => loss.length - choice);
  return {
    unit,
    amounts,
    loss,
    worth: worth ?? loss.slice(1).map(() => 1),
    nearest: (share) => Math.min(loss.length - 1, Math.round((1 - share) * loss.length)),
  };
}
