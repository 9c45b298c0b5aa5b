import type { Group } from '../coupling/groups.js';
import type { ActivationSummary } from '../native/activations.js';
import { NativeMoments } from '../native/moments.js';
import type { SliceRequest, Statistic } from '../native/statistics.js';
import { invalid, shown } from '../schema/check.js';
import {
  type CalibrationStatistics,
  type ChannelSummary,
  producers,
  type SampledRows,
  sliceOf,
} from '../scoring/criterion.js';
import { overPlaces } from '../scoring/shown.js';
import type { GroupView, SliceView, Views } from './groups.js';

/**
 * The weights that statistics are of: those that make a lane (filters, rows; vectors such as biases only where there is nothing else),
 * or those that read it.
 */
export type WeightsOf = 'makers' | 'readers';

/**
 * Statistics of stored weights, read straight from the file off the main thread: for each group one array [lanes], never NaN. Quantised
 * weights count as what they stand for; a lane without such weights has 0. Errors: NON_FINITE with the tensor and the place.
 */
export interface WeightStatistics {
  /** Σ|w| */
  absSum(groups: readonly GroupView[], of?: WeightsOf): Promise<readonly Float64Array[]>;
  /** Σw² */
  squareSum(groups: readonly GroupView[], of?: WeightsOf): Promise<readonly Float64Array[]>;
  /** Of the lane's weights about their mean. */
  variance(groups: readonly GroupView[], of?: WeightsOf): Promise<readonly Float64Array[]>;
  /** Σ ‖w - w_k‖ over all other lanes k of the group. */
  distance(groups: readonly GroupView[], of?: WeightsOf): Promise<readonly Float64Array[]>;
  /** Of the histogram of the lane's weights, in bits; `bins` from 2 to 65,536, over the range of the group's weights. */
  entropy(groups: readonly GroupView[], bins: number, of?: WeightsOf): Promise<readonly Float64Array[]>;
  /**
   * All elements of a slice's tensor, rounded to float32, in row-major order of its `dims`. It is read into the heap: ask for one after
   * the other. Errors: OPTION_INVALID for a tensor that is not of floats.
   */
  values(slice: SliceView): Promise<Float32Array>;
}

/** A group's lanes as one value of the model shows them on all samples; each array is [lanes]. */
export interface ObservedLanes extends ActivationSummary {
  /** The value's name. A lane that is not in it has `count` 0. */
  readonly value: string;
}

/** Second moments of a group's lanes over positions of samples (pixels, tokens). */
export interface SecondMoments {
  /** Positions that they are of. */
  readonly rows: number;
  /** [lanes] */
  readonly means: Float64Array;
  /** [lanes, lanes], row by row: E (x - E x)(x - E x)ᵀ. A lane that no value shows has 0. */
  readonly covariance: Float64Array;
}

/** What lanes are on calibration data. Every call needs samples: OPTION_INVALID without (`hasData`), and errors of data and runtime. */
export interface ActivationStatistics {
  /** For each group, at each value that shows it (behind the non-linearity, where consumers read): none for a group that no value shows. */
  observed(groups: readonly GroupView[]): Promise<readonly (readonly ObservedLanes[])[]>;
  /**
   * A number for each lane, averaged over the values that show it. A lane that none shows counts as the mean of its group; a group that
   * none shows, by the Euclidean norms of the weights that make its lanes.
   */
  averaged(
    groups: readonly GroupView[],
    of: (observed: ObservedLanes) => Float64Array,
  ): Promise<readonly Float64Array[]>;
  /**
   * Lanes at sampled positions, the same for the same seed: `values` is [rows, lanes], row by row. By default 4096 rows at most.
   * Undefined for a group that no value shows. Each call runs the model once, for all groups that it is given.
   */
  rows(groups: readonly GroupView[], most?: number): Promise<readonly (SampledRows | undefined)[]>;
  /** Means and covariances of such rows. */
  secondMoments(groups: readonly GroupView[], most?: number): Promise<readonly (SecondMoments | undefined)[]>;
}

/** Statistics of the weights of a task's groups. */
export function weightStatistics(views: Views): WeightStatistics {
  const { calibration } = views;
  const statistic =
    (kind: Statistic) =>
    (groups: readonly GroupView[], of: WeightsOf = 'makers'): Promise<readonly Float64Array[]> => {
      const request = requestFor(of, calibration);
      return calibration.statistics(views.groupsOf(groups).map(request), kind);
    };
  return Object.freeze<WeightStatistics>({
    absSum: statistic({ kind: 'abs-sum' }),
    squareSum: statistic({ kind: 'square-sum' }),
    variance: statistic({ kind: 'variance' }),
    distance: statistic({ kind: 'distance' }),
    entropy: (groups, bins, of) =>
      statistic({ kind: 'entropy', bins, millerMadow: false, range: 'group' })(groups, of),
    values: async (slice) => {
      const tensor = views.tensorOf(slice);
      if (!/^b?float/.test(slice.dtype))
        throw invalid(
          `the tensor "${slice.tensor}" is of ${slice.dtype}, not of floats`,
          'Use statistics: they are of what quantised weights stand for.',
        );
      return calibration.values(tensor);
    },
  });
}

function requestFor(of: WeightsOf, calibration: CalibrationStatistics): (group: Group) => SliceRequest {
  if (of === 'makers') return (group) => producers(group, calibration.rankOf);
  if (of !== 'readers') throw invalid(`of must be 'makers' or 'readers', not ${shown(of)}`);
  return ({ lanes, axes }) => ({
    lanes: lanes.length,
    slices: axes.filter(({ parameterAxis: own }) => own.contracted && !own.parameter).map(sliceOf),
  });
}

const ROWS = 4096;

/** What the lanes of a task's groups are on its samples. */
export function activationStatistics(views: Views): ActivationStatistics {
  const { calibration } = views;
  const rows: ActivationStatistics['rows'] = async (groups, most = ROWS) => {
    if (!Number.isSafeInteger(most) || most < 1)
      throw invalid(`the number of rows must be a whole number from 1 on, not ${shown(most)}`);
    return calibration.rows(views.groupsOf(groups), most);
  };
  return Object.freeze<ActivationStatistics>({
    observed: async (groups) => {
      const found = await calibration.activations(views.groupsOf(groups));
      return found.map((own) => own.map(observedOf));
    },
    averaged: async (groups, of) => {
      const own = views.groupsOf(groups);
      return overPlaces(own, await calibration.activations(own), calibration, (seen) => of(observedOf(seen)));
    },
    rows,
    secondMoments: async (groups, most) => {
      const sampled = await rows(groups, most);
      const moments: (SecondMoments | undefined)[] = [];
      for (const [index, { lanes }] of groups.entries())
        moments.push(sampled[index] && (await momentsOf(sampled[index], lanes, calibration)));
      return moments;
    },
  });
}

const observedOf = ({ place, summary }: ChannelSummary): ObservedLanes =>
  Object.freeze({ value: place.value, ...summary });

async function momentsOf(
  { rows, values }: SampledRows,
  lanes: number,
  { signal }: CalibrationStatistics,
): Promise<SecondMoments> {
  const call = signal === undefined ? {} : { signal };
  const moments = new NativeMoments(lanes, 0);
  await moments.add(values, new Float32Array(0), call);
  const { inputMeans: means } = await moments.summary(call);
  const { inputs } = await moments.covariances(call);
  return Object.freeze({ rows, means, covariance: inputs });
}
