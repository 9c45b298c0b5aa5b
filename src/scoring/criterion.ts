import type { Group, GroupAxis } from '../coupling/groups.js';
import type { ObservationPoint } from '../coupling/observationPoints.js';
import type { ActivationSummary, Histogram } from '../native/activations.js';
import type { TreeLevel } from '../native/pruningTree.js';
import type { SliceRequest, Statistic } from '../native/statistics.js';
import type { Estimation } from './estimation.js';
import type { CriterionOptions, ValuesOf } from './optionTypes.js';

/** What a criterion may ask for. */
export interface CalibrationStatistics {
  /** A statistic of the stored weights on these axes: one number for each lane of each request. */
  statistics(requests: readonly SliceRequest[], statistic: Statistic): Promise<readonly Float64Array[]>;
  /** Number of axes of a stored tensor. */
  rankOf(tensor: number): number;
  /** What the file says of a stored tensor. */
  stored(tensor: number): StoredTensor;
  /** All elements of a stored tensor of floats, rounded to float32, in row-major order. errors: as `NativeModel.floats`. */
  values(tensor: number): Promise<Float32Array>;
  /** Stored tensors that scale what was normalised just before: BatchNorm's γ and its like. */
  readonly gains: ReadonlySet<number>;
  /** Whether there are calibration data. */
  readonly hasData: boolean;
  /**
   * Statistics of what the groups' lanes are on calibration data, at each value that shows them best (`findObservationPoints`); with a
   * histogram its entropies too, for which the model runs once more. A group that no value shows has none.
   * errors: OPTION_INVALID without data, NON_FINITE with the value, and those of data and runtime.
   */
  activations(
    groups: readonly Group[],
    histogram?: Histogram & { readonly millerMadow: boolean },
  ): Promise<readonly (readonly ChannelSummary[])[]>;
  /**
   * The pruning trees of groups, or what their lanes say of others: options as those of `model.tree`, rows drawn in one run for
   * all. Undefined for a group that no value shows, or none of what its lanes are judged by.
   * errors: as activations.
   */
  trees(groups: readonly Group[], options: Partial<Estimation>): Promise<readonly (Grown | undefined)[]>;
  /**
   * In which order lanes leave, and what the layers that read them, or products of queries and keys, lose by it. Undefined for a group
   * that has neither where it can be seen. errors: as activations.
   */
  saliencies(groups: readonly Group[]): Promise<readonly (Saliency | undefined)[]>;
  /**
   * What the lanes of each group are at a sample of all positions of all samples, `most` at most of each; fewer where all groups
   * together would hold too much. Undefined for a group that no value shows. errors: as activations.
   */
  rows(groups: readonly Group[], most: number): Promise<readonly (SampledRows | undefined)[]>;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** The name, shape and element type of a stored tensor, without its elements. */
export interface StoredTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dtype: string;
}

/** What lanes are at some positions: `values` is [rows, lanes]; a lane that no value shows is 0 in all of them. */
export interface SampledRows {
  readonly rows: number;
  readonly values: Float32Array;
}

/** What lanes cost the layers that read them. */
export interface Saliency {
  /** Positions in the group, the first to leave first. */
  readonly order: Uint32Array;
  /** [lanes]: entry k is the loss when lanes 0 to k of the order are removed, in shares of the layers' output variance and the logits' energy. */
  readonly damage: Float64Array;
  /** By lane, where a layer reads them and the parts of scores are wanted: entropies at the first such layer, in bits per input. */
  readonly bits?: Bits;
}

/**
 * What a layer's input lanes tell, [lanes] each, in bits and as of Gaussians of their covariance: `entropy` h(X_j),
 * `conditional` h(X_j | rest), and `redundancy` I(X_j; rest), which is the first less the second.
 */
export interface Bits {
  readonly entropy: Float64Array;
  readonly conditional: Float64Array;
  readonly redundancy: Float64Array;
}

/** What a tree says of lanes, by their positions in the group. */
export interface Grown {
  /** In which lanes leave. */
  readonly order: readonly number[];
  readonly entropies: Float64Array;
  /** Of a tree of pairs. */
  readonly levels?: readonly TreeLevel[];
  /** Gain ratios, where lanes are judged by others. */
  readonly ratios?: Float64Array;
  /** Lanes that no value shows. */
  readonly unseen: readonly number[];
}

/** A group's lanes as one value shows them. All arrays are [group.lanes]; the count of a lane that is not there is 0. */
export interface ChannelSummary {
  readonly place: ObservationPoint;
  readonly summary: ActivationSummary;
  /** Of the histogram, where one was asked for, in bits. */
  readonly entropy?: Float64Array;
}

/** What the lanes of a group are worth, [group.lanes], never NaN; and what that is made of, where it is of several. */
export type Importance =
  | Float64Array
  | { readonly scores: Float64Array; readonly parts: Readonly<Record<string, Float64Array>> };

/** What each lane is worth: those of the lowest score leave first. */
export interface Criterion<O extends CriterionOptions = CriterionOptions> {
  readonly name: string;
  readonly summary: string;
  /** Where its idea comes from. */
  readonly source: string;
  /** Without data, one that needs them is refused before any file is opened. */
  readonly needs: 'nothing' | 'weights' | 'data';
  /** Whether these options need data though the criterion itself does not. */
  needsData?(options: ValuesOf<O>): boolean;
  /** The declarations of its options, by their names. */
  readonly options: O;
  /** One for each group. */
  score(
    groups: readonly Group[],
    options: ValuesOf<O>,
    calibration: CalibrationStatistics,
  ): Promise<readonly Importance[]>;
}

/** A criterion whose `score` is given its options with the types that they are declared with. */
export const defineCriterion = <const O extends CriterionOptions>(own: Criterion<O>): Criterion<O> => own;

/** The scores alone, [lanes], without what they are made of. */
export const scoresOf = (worth: Importance): Float64Array => ('scores' in worth ? worth.scores : worth);

/**
 * The slices that make a group's lanes: filters and rows, not what consumes them. Vectors (biases, BatchNorm) count only
 * where there is nothing else, since their values are on another scale; scales and zero points likewise.
 */
export function producers(group: Group, rankOf: (tensor: number) => number): SliceRequest {
  const makers = group.axes.filter(({ parameterAxis }) => !parameterAxis.contracted);
  const weights = makers.filter(({ parameterAxis }) => !parameterAxis.parameter);
  const matrices = weights.filter(({ parameterAxis }) => rankOf(parameterAxis.tensor) > 1);
  const chosen = [matrices, weights, makers, group.axes].find((axes) => axes.length > 0) ?? [];
  return {
    lanes: group.lanes.length,
    slices: chosen.map(sliceOf),
  };
}

/** An axis of a group as a statistic of stored weights is asked for: integers count as what they stand for. */
export const sliceOf = ({ parameterAxis, lanes }: GroupAxis): SliceRequest['slices'][number] => ({
  tensor: parameterAxis.tensor,
  axis: parameterAxis.axis,
  lanes,
  ...(parameterAxis.quantised !== undefined && { dequantise: parameterAxis.quantised }),
});
