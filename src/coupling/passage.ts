import type { Node } from '../model/graph.js';

/** One thing that a node does to each element of a value. Other operands are broadcast to it. */
export type ElementwiseStep =
  /** Adds these operands, each `times` so often, by default once. */
  | { readonly kind: 'sum'; readonly operands: readonly number[]; readonly times?: number }
  /** Multiplies by a number. */
  | { readonly kind: 'scale'; readonly by: number }
  /** (x - mean) / √(variance + epsilon) · scale + shift, each an operand that is a vector of the lanes. */
  | {
      readonly kind: 'normalise';
      readonly operands: readonly [scale: number, shift: number, mean: number, variance: number];
      readonly epsilon: number;
    }
  /** A function that gives the same for all below `low`, and for all above `high`. */
  | { readonly kind: 'bounds'; readonly low: number; readonly high: number };

/** What a rule says of an operand: what its node does to each element first. */
export interface Passing {
  readonly operand: number;
  readonly steps: readonly ElementwiseStep[];
  /** The first output is what comes of the steps; by default something else is made of it behind them. */
  readonly passes?: boolean;
}

/** The same, of a node. */
export interface Passage extends Passing {
  readonly node: Node;
}

/** A node that goes on behind its own W x + b. */
export interface Fusing {
  /** What it does to W x + b; its first output is what comes of them. */
  readonly steps: readonly ElementwiseStep[];
  readonly alone: UnfusedNode;
}

/** The node that computes W x + b alone: what a runtime must be given to see it. */
export interface UnfusedNode {
  readonly op: string;
  readonly domain: string;
  /** The number of operands that it has: the first ones of the fused node. */
  readonly operands: number;
  /** Attributes that it does not have. */
  readonly without: readonly string[];
  /** The factor of its last operand, which it must have and is not to add: it is 0. */
  readonly ignores?: string;
}

/** Whether W x + b alone has what is added at this operand in it. */
export const isWithin = ({ alone }: Fusing, operand: number): boolean =>
  operand < alone.operands && alone.ignores === undefined;

/** What a node does to a value that it reads once. */
export function passageOf(
  passages: ReadonlyMap<Node, readonly Passage[]>,
  node: Node,
  value: string,
): Passage | undefined {
  const [operand, ...more] = node.inputs.flatMap((name, place) => (name === value ? [place] : []));
  if (operand === undefined || more.length > 0) return undefined;
  return passages.get(node)?.find((own) => own.operand === operand);
}

/** What lies below or above bounds is all the same; nothing is said where there are none. */
export const bounds = (low: number, high: number): readonly ElementwiseStep[] =>
  low > Number.NEGATIVE_INFINITY || high < Number.POSITIVE_INFINITY ? [{ kind: 'bounds', low, high }] : [];
