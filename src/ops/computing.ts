import type { Dim } from '../model/dim.js';
import type { Element } from '../model/values.js';
import { lift } from '../model/values.js';

/** What a function of numbers does to lengths; undefined where it has no symbolic form. */
export type Compute = (...operands: Dim[]) => Dim | undefined;

/** A function of lengths as one of elements: undefined where an operand is missing, or its result has no symbolic form. */
export const lifted =
  (compute: Compute) =>
  (...operands: Element[]): Element | undefined =>
    // A node may have fewer operands than its operator takes.
    operands.length < Math.max(1, compute.length) ||
    compute(...operands.map((operand) => operand.before)) === undefined
      ? undefined
      : lift((...dims) => compute(...dims)!)(...operands);

/** A function of plain numbers only. */
export const plainly =
  (compute: (...operands: number[]) => number): Compute =>
  (...operands) =>
    operands.every((operand) => typeof operand === 'number') ? compute(...operands) : undefined;

/** Whether elements are floats: float16, float32 or float64. */
export const isFloat = (dtype: string | undefined): boolean => dtype?.startsWith('float') ?? false;

/** A function of two lengths over any number of them. */
export const folded =
  (compute: (a: Dim, b: Dim) => Dim): Compute =>
  (...operands) =>
    operands.reduce(compute);
