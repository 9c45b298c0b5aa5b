import type { PairEstimator, PruningTree } from '../native/pruningTree.js';

export type { OfBoth, PairEstimator, PruningTree, TreeLevel, TreeParent } from '../native/pruningTree.js';

/** What a tree was made of. Lanes are positions in the group, as in a plan. */
export interface TreeSample {
  readonly group: string;
  readonly lanes: number;
  readonly estimator: PairEstimator;
  /** Samples that the model ran on, and rows that were drawn of them. */
  readonly samples: number;
  readonly rows: number;
  /** The names of the model's values that rows were sampled of. */
  readonly values: readonly string[];
  /** Lanes that no value shows; they count as constant. */
  readonly unseen: readonly number[];
}

/** The pruning tree of a group's lanes. */
export interface TreePairs extends TreeSample, PruningTree {
  readonly variant: 'pairs';
  /** c = n(n-1)/2. */
  readonly pairCount: number;
  /** d = ⌈log2 n⌉. */
  readonly depth: number;
}

/** What each lane says of lanes that are made of it, or of the model's class. Arrays are [lanes]. */
export interface TreeGains extends TreeSample {
  readonly variant: 'consumers' | 'output';
  /**
   * The layers that read the lanes; for 'output' the output alone. `targets`: the output lanes that were taken into account.
   */
  readonly readers: readonly { readonly node: string; readonly value: string; readonly targets: number }[];
  /** I(y), in bits; of several readers the mean. */
  readonly entropies: Float64Array;
  /** The mean gain G(x,y) = I(x) - I(x|y) over all targets x, in bits. */
  readonly gains: Float64Array;
  /** The mean gain ratio G(x,y) / I(x). */
  readonly ratios: Float64Array;
  /** The target that each lane says most of. */
  readonly best: readonly { readonly reader: number; readonly target: number; readonly ratio: number }[];
  /** Lanes in the order in which they would leave: by gain ratio, ascending. */
  readonly order: readonly number[];
}

/** What `model.tree` gives: a tree of pairs of lanes, or each lane's gain ratio, as the option `variant` asks for. */
export type TreeReport = TreePairs | TreeGains;
