import type { Dim } from './dim.js';
import * as dim from './dim.js';

/** Which labels survive a removal; 0 is the label that always does. */
export interface KeptIndices {
  /** How many of these labels survive. */
  count(labels: Int32Array): number;
  /** Another number once it answers otherwise; absent where it never does. */
  readonly state?: number;
}

/**
 * One element of a small tensor that speaks of lengths: what it is in the original, and what the same computation gives once lanes
 * are removed. Both may be symbolic.
 */
export interface Element {
  readonly before: Dim;
  after(kept: KeptIndices): Dim;
}

/** The known content of a small tensor: row-major, and always whole. */
export interface Values {
  readonly dims: readonly number[];
  readonly elements: readonly Element[];
}

/** An element that no removal changes. */
class Literal implements Element {
  constructor(readonly before: Dim) {}
  after(): Dim {
    return this.before;
  }
}

/** An element that is the same before and after pruning. */
export const literal = (before: Dim): Element => new Literal(before);

/** True where no removal changes the element. */
export const isLiteral = (element: Element): boolean => element instanceof Literal;

/** Applies a function of lengths to both times. */
export const lift =
  (compute: (...operands: Dim[]) => Dim) =>
  (...operands: readonly Element[]): Element => {
    const before = compute(...operands.map((operand) => operand.before));
    if (operands.every((operand) => operand instanceof Literal)) return new Literal(before);
    // The last answer is kept: an element that is read twice in each of many steps would otherwise be computed once for each
    // path to it, exponentially often.
    let asked: KeptIndices | undefined;
    let state: number | undefined;
    let found: Dim = before;
    const after = (kept: KeptIndices): Dim => {
      if (kept !== asked || kept.state !== state)
        found = compute(...operands.map((operand) => operand.after(kept)));
      asked = kept;
      state = kept.state;
      return found;
    };
    return { before, after };
  };

/** A tensor of elements that are the same before and after pruning, row-major. */
export const literals = (dims: readonly number[], numbers: Iterable<Dim>): Values => ({
  dims,
  elements: Array.from(numbers, literal),
});

/** A tensor with one axis, as shapes and lists of axes are. */
export const vector = (elements: readonly Element[]): Values => ({ dims: [elements.length], elements });
/** A tensor without axes, of one element. */
export const scalar = (element: Element): Values => ({ dims: [], elements: [element] });

/** a + b, of the lengths before pruning and of those after it. */
export const add = lift(dim.add);
/** a - b, of the lengths before pruning and of those after it. */
export const subtract = lift(dim.subtract);
/** a · b, of the lengths before pruning and of those after it. */
export const multiply = lift(dim.multiply);

/** All elements as plain numbers of the original; undefined where one is symbolic. */
export function knownNumbers(values: Values): number[] | undefined {
  const numbers: number[] = [];
  for (const { before } of values.elements) {
    if (typeof before !== 'number') return undefined;
    numbers.push(before);
  }
  return numbers;
}
