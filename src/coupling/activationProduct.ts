import type { Node } from '../model/graph.js';

/**
 * What an axis of an operand is, as Einsum has it: a letter; several, the first outermost, where axes are merged; or, where only one
 * index takes part, that index.
 */
export type Letters = string | readonly string[] | number;

/**
 * A node that multiplies two values of the graph and sums over one axis of both: queries and keys of attention. The lanes of that axis
 * say nothing by themselves: any other dims that give the same products do as well.
 */
export interface ActivationProduct {
  readonly node: Node;
  readonly summed: string;
  /** Lengths of the letters that merged axes consist of. Of each merged axis one may be missing: it follows from the others. */
  readonly lengths: ReadonlyMap<string, number>;
  readonly sides: readonly [Side, Side];
}

/** One of the factors. */
export interface Side {
  readonly operand: number;
  /**
   * The value of the graph that is the factor. Absent where the operand is a weight, with which the node itself makes the
   * factor.
   */
  readonly value?: string;
  /** A letter for each axis; where the operand is a weight, for its outputs alone, from index `from` on. */
  readonly axes: readonly Letters[];
  readonly from: number;
  /** A stored vector that the node adds: what it adds lies at these letters, from `from` on. */
  readonly bias?: { readonly operand: number; readonly from: number; readonly axes: readonly string[] };
}

/** What a rule says of a node that contracts. */
export interface StatedActivationProduct {
  readonly summed: string;
  readonly lengths?: Readonly<Record<string, number>>;
  readonly sides: readonly [ContractingSide, ContractingSide];
}

/**
 * One factor of a product of two activations, as an operator's rule states it: the operand, and a letter for each of
 * its axes as in an einsum.
 */
export interface ContractingSide {
  readonly operand: number;
  readonly axes: readonly Letters[];
  /** The factor is what the node makes with the weight at the operand: its outputs from here on. */
  readonly projected?: number;
  readonly bias?: Side['bias'];
}
