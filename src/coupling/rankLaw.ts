import type { Node } from '../model/graph.js';

/**
 * What the ranks of a node's operands and outputs say of each other, in both directions: a Conv's data has the rank of its
 * weight. Applied again whenever one of them becomes known; says only what holds whenever the node runs.
 */
export type RankLaw = (ranks: NodeRanks) => void;

/** The ranks around one node, as far as they are known. */
export interface NodeRanks {
  readonly node: Node;
  /** The rank of an operand; undefined where it is absent or not known, like the answers below. */
  input(index: number): number | undefined;
  output(index: number): number | undefined;
  /** How many elements an operand has that is a vector. */
  count(index: number): number | undefined;
  setInput(index: number, rank: number | undefined): void;
  setOutput(index: number, rank: number | undefined): void;
}
