import type { Node } from '../model/graph.js';

/**
 * A node that runs along a sequence: at each step its gates are made of W x + R h + b, h what it gave one step earlier. So W and R
 * are mixes of one sum, and what R reads changes with both.
 */
export interface Recurrence {
  readonly node: Node;
  /** X [sequence batch inputs], or [batch sequence inputs]. */
  readonly data: string;
  /** Y [sequence directions batch hidden], or [batch sequence directions hidden]: h of each step. */
  readonly states: string;
  readonly batchFirst: boolean;
  /** Those that begin at the end of the sequence. */
  readonly reversed: readonly boolean[];
  /** Operands: W, R, B, lengths of sequences, the first h. */
  readonly operands: {
    readonly input: number;
    readonly recurrent: number;
    readonly lengths: number;
    readonly initial: number;
  };
  /** By gate: whether it is made of the sum. Of others R h goes through something first, so W x and R h are to be right by themselves. */
  readonly sums: readonly boolean[];
}

/** What a rule says of it. */
export type Recurring = Omit<Recurrence, 'node' | 'data' | 'states'>;
