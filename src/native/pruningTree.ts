import { type Addon, addon } from '../platform/index.js';
import type { Histogram } from './activations.js';
import { call, type NativeOptions } from './call.js';

/** How what lanes share is estimated. */
export type PairEstimator =
  /**
   * By joint histograms of 2 to 64 bins a lane; with `millerMadow` (occupied cells - 1) / (2 N ln 2) is added to every entropy, and
   * what lanes share by chance alone is taken from their mutual information, which may then lie below 0.
   */
  | ({ readonly kind: 'histogram'; readonly millerMadow: boolean } & Histogram)
  /**
   * I(a;b) = -½ log2(1 - ρ²), I(a) = ½ log2(2πe σ²) - log2 of a step, held at 0 and above; the step is the range of all
   * samples over `bins`.
   */
  | { readonly kind: 'gaussian'; readonly bins: number };

/** Samples of lanes: values are [rows, lanes]. */
export interface LaneSamples {
  readonly lanes: number;
  readonly values: Float32Array;
}

/** Something said of both children of a parent. */
export interface OfBoth {
  readonly kept: number;
  readonly deleted: number;
}

/** A parent x of the pruning tree: two nodes that share most, each represented by a lane. Bits all. */
export interface TreeParent {
  /** The lane of the higher gain ratio, of equals the lower one: it represents x on the next level. */
  readonly kept: number;
  readonly deleted: number;
  /** I(kept;deleted). */
  readonly mutual: number;
  /** I(x) = I(kept,deleted). */
  readonly entropy: number;
  /** I(x|y) of each child y. */
  readonly conditional: OfBoth;
  /** G(x,y) = I(x) - I(x|y) = I(y). */
  readonly gain: OfBoth;
  /** G(x,y) / I(x); 0 where I(x) is 0. */
  readonly ratio: OfBoth;
  /** I(x|kept): what the deleted lane alone knows of the two. */
  readonly cost: number;
}

/** A level of the pruning tree: its parents, each of two nodes of the level below. */
export interface TreeLevel {
  /** The pair that shares most comes first. */
  readonly parents: readonly TreeParent[];
  /** The node that found no partner and moves up as it is. */
  readonly alone?: number;
}

/** The pruning tree of n lanes, which are counted from 0. */
export interface PruningTree {
  /** I(y) of each lane, in bits. */
  readonly entropies: Float64Array;
  /** ⌈log2 n⌉ of them, the one above the leaves first. */
  readonly levels: readonly TreeLevel[];
  /** All lanes in the order in which they leave: by (level, cost), last the one that the root keeps. */
  readonly order: readonly number[];
  /** I(a;b) of all n(n-1)/2 pairs (0,1), (0,2), …, (1,2), …, where they were asked for. */
  readonly pairs?: Float64Array;
}

/** What lanes say of targets. One number for each lane. */
export interface LaneGains {
  /** I(y), in bits. */
  readonly entropies: Float64Array;
  /** The mean over all targets x of G(x,y) = I(x) - I(x|y), in bits. */
  readonly gains: Float64Array;
  /** The mean over all targets of the gain ratio G(x,y) / I(x); 0 for a target that is constant. */
  readonly ratios: Float64Array;
  /** The target that the lane says most of, by its gain ratio, and that ratio. */
  readonly targets: Uint32Array;
  readonly most: Float64Array;
}

/**
 * The pruning tree of lanes: each level pairs the nodes that share most, and keeps of each pair the lane that says more of it.
 * The same bits on any number of threads, and with histograms on any machine.
 *
 * pairs: gives the mutual information of all pairs too.
 * errors: NON_FINITE with lane and sample, OPTION_INVALID for bins out of range or no samples, MODEL_TOO_LARGE beyond 16,384 lanes.
 * cost: n²/2 · rows increments, about 10⁹ a second and core; 4 n² bytes.
 */
export async function pruningTree(
  { lanes, values }: LaneSamples,
  estimator: PairEstimator,
  { pairs = false, ...options }: NativeOptions & { readonly pairs?: boolean } = {},
): Promise<PruningTree> {
  const grown = await call('tree', options, (job) =>
    addon().pruningTree(values, lanes, native(estimator), pairs, job),
  );
  return {
    entropies: grown.entropies,
    levels: levelsOf(grown),
    order: [...grown.order],
    ...(grown.pairs && { pairs: grown.pairs }),
  };
}

function levelsOf(grown: Addon.PruningTree): TreeLevel[] {
  const both = (values: Float64Array, at: number): OfBoth => ({
    kept: values[2 * at]!,
    deleted: values[2 * at + 1]!,
  });
  const levels = Array.from(grown.alone, (alone) => ({
    parents: [] as TreeParent[],
    ...(alone >= 0 && { alone }),
  }));
  for (const [at, level] of grown.level.entries()) {
    const conditional = both(grown.conditional, at);
    levels[level - 1]!.parents.push({
      kept: grown.kept[at]!,
      deleted: grown.deleted[at]!,
      mutual: grown.mutual[at]!,
      entropy: grown.entropy[at]!,
      conditional,
      gain: both(grown.gains, at),
      ratio: both(grown.ratios, at),
      cost: conditional.kept,
    });
  }
  return levels;
}

/**
 * What each lane says of targets, lanes of a next layer: both have as many rows. Each target has bins of its own.
 * errors: as pruningTree; by histograms only. cost: lanes · targets · rows increments.
 */
export const laneGains = (
  samples: LaneSamples,
  targets: LaneSamples,
  estimator: PairEstimator & { readonly kind: 'histogram' },
  options: NativeOptions = {},
): Promise<LaneGains> =>
  call('tree', options, (job) =>
    addon().laneGains(samples.values, samples.lanes, targets.values, targets.lanes, native(estimator), job),
  );

/** What each lane says of one label for each row, such as the class that a model names. errors: as laneGains. */
export const laneGainsOfLabels = (
  { values, lanes }: LaneSamples,
  labels: Uint32Array,
  estimator: PairEstimator & { readonly kind: 'histogram' },
  options: NativeOptions = {},
): Promise<LaneGains> =>
  call('tree', options, (job) => addon().laneGainsOfLabels(values, lanes, labels, native(estimator), job));

function native(estimator: PairEstimator): Addon.PairOptions {
  if (estimator.kind === 'gaussian') return { millerMadow: false, gaussianSteps: estimator.bins };
  const { millerMadow, bins, binning, range } = estimator;
  return { millerMadow, histogram: { bins, binning, range } };
}
