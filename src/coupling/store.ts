import type { TensorDocument } from '../model/document.js';
import type { Node } from '../model/graph.js';
import type { Values } from '../model/values.js';
import type { IntegerProduct } from './integerProducts.js';

/** What a call asks of the graph's stored tensors. */
export interface Store {
  /** The stored tensor that a value is itself. */
  storedAs(name: string): TensorDocument | undefined;
  /** A Constant's, that one operand reads. */
  isOwnConstant(name: string): boolean;
  isReadOnce(name: string): boolean;
  /** The name of an output; where the file gives it none, one that the file does not have, the same each time. */
  outputName(node: Node, output: number): string;
  contentOf(tensor: number): Values | undefined;
  dimsOf(tensor: number): readonly number[];
  isZero(tensor: TensorDocument): boolean;
  /** Of quantised data: what a node comes to in floats, and what was quantised for its operand. */
  productOf(node: Node, data: number): IntegerProduct | undefined;
  unquantised(node: Node, data: number): string | undefined;
  /** The rank of a value that is not made yet, where what stands around it tells. */
  rankOf(name: string): number | undefined;
  /** How a body is followed, by the name of its beginning; and how it should have been. */
  following(name: string): number | undefined;
  follow(name: string, how: number): void;
  /** The branch that an If is followed through where its branches end in values that cannot be one. */
  branchOf(node: Node): number | undefined;
  /** Whether it lies in a branch that lengths decide against. */
  neverRuns(node: Node): boolean;
}
