import type { TensorDocument } from '../model/document.js';
import type { Node } from '../model/graph.js';
import type { Values } from '../model/values.js';
import type { IntegerProduct } from './integerProducts.js';

/** What a call asks of the graph's stored tensors. */
export interface Store {
  /** The stored tensor that a value is itself. */
  storedAs(name: string): TensorDocument | undefined;
  /** Whether a value is the output of a Constant node that one operand alone reads, so that it can be rewritten. */
  isOwnConstant(name: string): boolean;
  isReadOnce(name: string): boolean;
  /** The name of an output; where the file gives it none, one that the file does not have, the same each time. */
  outputName(node: Node, output: number): string;
  contentOf(tensor: number): Values | undefined;
  dimsOf(tensor: number): readonly number[];
  isZero(tensor: TensorDocument): boolean;
  /**
   * Where a node computes with quantised data: the floats that its product comes to, and the floats that were quantised for
   * its operand.
   */
  productOf(node: Node, data: number): IntegerProduct | undefined;
  unquantised(node: Node, data: number): string | undefined;
  /** The rank of a value that is not made yet, where what stands around it tells. */
  rankOf(name: string): number | undefined;
  /** How the body of a loop is followed, by the name of its first node; and how it should have been. */
  following(name: string): number | undefined;
  follow(name: string, how: number): void;
  /** The branch that an If is followed through where its branches end in values that cannot be one. */
  branchOf(node: Node): number | undefined;
  /** Whether a node lies in a branch of an If whose condition lengths decide against. */
  neverRuns(node: Node): boolean;
}
