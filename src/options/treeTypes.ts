import type { PairEstimator, PruningTree } from '../native/tree.js';
import type { CalibrationOptions, CallOptions, FreeOptions } from './call.js';

export type { OfBoth, PairEstimator, PruningTree, TreeLevel, TreeParent } from '../native/tree.js';

export interface TreeOptions extends CallOptions, CalibrationOptions, FreeOptions {
  /** The id of a group, as `inspect` gives it with the same `free`. */
  readonly group: string;
  /**
   * 'pairs' (default): the tree of the group's own lanes. 'consumers': what each lane says of the output lanes of the layers that
   * read it. 'output': what each says of the class that the model itself names.
   */
  readonly variant?: 'pairs' | 'consumers' | 'output';
  /** Default 'histogram'; 'gaussian' is faster, sees linear dependence alone, and is for 'pairs' only. */
  readonly estimator?: 'histogram' | 'gaussian';
  /** Bins of a lane: 2 to 64, default 6: chance fills the cells of more. For 'gaussian', steps of the samples' range: default 4096. */
  readonly bins?: number;
  /** Bins of equal width (default), or with as many values in each. Histograms only. */
  readonly binning?: 'equal' | 'quantile';
  /** The same bins for all lanes (default), or for each lane its own; lanes of consumers always have their own. Histograms only. */
  readonly range?: 'group' | 'lane';
  /** Corrects entropies for the number of samples; default false. Histograms only. */
  readonly millerMadow?: boolean;
  /**
   * Rows that are drawn of all positions of all samples, at most; default 4096, fewer where all that is looked at would not fit into
   * 256 MB.
   */
  readonly rows?: number;
  /** Seed of the drawing; default 0. */
  readonly seed?: number;
  /** Gives the mutual information of all pairs; by default up to 256 lanes. */
  readonly pairs?: boolean;
}

/** What a tree was made of. Lanes are positions in the group, as in a plan. */
export interface TreeSample {
  readonly group: string;
  readonly lanes: number;
  readonly estimator: PairEstimator;
  /** Samples that the model ran on, and rows that were drawn of them. */
  readonly samples: number;
  readonly rows: number;
  /** The model's values that were looked at. */
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
  /** The layers that read the lanes; for 'output' the output alone. `targets`: lanes of it that were looked at. */
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

export type TreeReport = TreePairs | TreeGains;
