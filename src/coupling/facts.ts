import type { Node } from '../model/graph.js';

/**
 * What an operator is by its row in the registry alone, whatever its attributes and operands are. Who has to recognise nodes
 * asks for these facts and never for names, so that another operator of the same kind needs its row and nothing else.
 */
export interface Facts {
  /** The outputs' elements are the inputs' own, moved: a weight seen through it is still that weight. */
  readonly moves?: boolean;
  /**
   * Each element of an output is an element of one operand, scaled and shifted by what the others hold. So is what is moved.
   */
  readonly linear?: boolean;
  /** An output holds a part of operand 0 only: a stored vector that several such nodes read is shared out, not shared. */
  readonly takesPart?: boolean;
  /** An output holds how long operand 0 is, and nothing of what it holds. */
  readonly measures?: boolean;
  /** Operand 1 may be codes that choose from operand 0: where both are stored, they stand for a weight. */
  readonly codes?: boolean;
  /** Output 0 is operand 0 itself, of whatever kind that is, under another name. */
  readonly identity?: boolean;
  /** Output 0 holds operand 0's numbers in another element type. */
  readonly casts?: boolean;
  /** Output 0 holds operand 0's numbers, each rounded to a whole one. */
  readonly rounds?: boolean;
  /** Output 0 holds operand 0's elements in the same order, under other lengths of axes. */
  readonly reshapes?: boolean;
  /** What output 0 is of operands 0 and 1, element by element and broadcast. */
  readonly arithmetic?: 'sum' | 'difference' | 'product' | 'quotient';
  /** Output 0 holds operand 0's floats as integers, in units of a scale that is this operand, or this output. */
  readonly quantises?: { readonly scale: { readonly operand: number } | { readonly output: number } };
  /** Output 0 holds the floats that operand 0's integers stand for; operand 1 is the scale, operand 2 the zero point. */
  readonly dequantises?: boolean;
  /**
   * What output 0 takes operand 0's elements for: scores of classes of which one is right (it holds their probabilities, or which is
   * largest), or scores that are each right or wrong.
   */
  readonly decides?: 'one' | 'each';
  /** The outputs hold some elements of operand 0, in an order that depends on how large they are. */
  readonly sorts?: boolean;
  /** Data decide which boxes of operand 0 stay, by the scores of operand 1: non-maximum suppression. */
  readonly suppresses?: boolean;
  /** Attributes name the classes that the columns of operand 0 [samples, classes] are about. */
  readonly namesClasses?: boolean;
  /** Output 0 may be no tensor (a sequence, a map, an optional): how it is made of values, where that can be told. */
  readonly holds?: Holding;
}

/** What an output that may be no tensor holds. */
export type Holding =
  /** These operands (all, where none is named), each a tensor. */
  | { readonly kind: 'tensors'; readonly operands?: readonly number[] }
  /** What operand 0 holds, and behind that these operands, each a tensor. */
  | { readonly kind: 'more'; readonly operands: readonly number[] }
  /** It is not known what it holds. `maybe`: it may be a tensor itself. */
  | { readonly kind: 'unknown'; readonly maybe: boolean };

/** The facts of a node's operator; none where no row covers it. */
export type FactsOf = (node: Pick<Node, 'domain' | 'op' | 'opset'>) => Facts;

/** The facts of an operator of which nothing but its rule is known, if that. */
export const NO_FACTS: Facts = {};
