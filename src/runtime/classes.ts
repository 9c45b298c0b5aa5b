import { isFloat } from './dtypes.js';
import type { Tensor } from './runtime.js';

/** How many classes an output tells apart, where it looks like classes: floats [samples, k], k of 2 and more. */
export function classesOf({ type, dims }: Tensor, samples: number): number | undefined {
  const [rows, width = 0] = dims;
  return isFloat(type) && dims.length === 2 && rows === samples && width >= 2 ? width : undefined;
}

/** Where the largest value lies, the first of equals; -1 where all are NaN. */
export function largest(values: ArrayLike<number>, start: number, length: number): number {
  let best = -1;
  for (let i = 0; i < length; i++)
    if (best < 0 ? !Number.isNaN(values[start + i]) : values[start + i]! > values[start + best]!) best = i;
  return best;
}
