import type { Group } from '../coupling/groups.js';
import type { SliceRequest } from '../native/statistics.js';
import {
  type CalibrationStatistics,
  defineCriterion,
  type Grown,
  type Importance,
  sliceOf,
} from './criterion.js';
import { type Estimation, estimationOptions, GAUSSIAN_STEPS, MOST_BINS } from './estimation.js';
import { norm } from './shown.js';

/**
 * The pruning tree: each level pairs the lanes that share most, and deletes of each pair x the lane y of the lower gain ratio
 * I(y) / I(x), at the cost I(x | kept), what it alone knows of the two. Lanes leave by (level, cost).
 *
 * - `variant: 'consumers'`: lanes that say least of the lanes of the next layers leave first, by their mean gain ratio; `'output'`:
 *   lanes that say least of the class that the model itself names leave first
 * - `weighted`: within a level by what consumers make of that: (2^(2 cost) - 1) · Σw² of the weights that read the lane, a variance
 *   in units of the bins' width, times what it is multiplied with
 * - `estimator`, `bins`, `binning`, `range`, `millerMadow`, `rows`: as of `espalier tree`; a Gaussian has 4096 steps whatever `bins` is
 *
 * score: the greatest cost of all lanes that leave up to this one, in bits, so that scores rise in the tree's order, and a group whose
 * lanes repeat each other begins low; a trifle is added for each lane before it, which keeps equal costs in order. The lane that the
 * root keeps counts with its entropy. By gain ratios: the ratio. A lane that no value shows scores as the last. A group that none
 * shows: the Euclidean norms of the weights that make its lanes.
 *
 * reads: one pass over the data; up to 256 MB of sampled rows. cost: n²/2 · rows increments a group of n lanes.
 */
export const tree = defineCriterion({
  name: 'tree',
  summary: 'the pruning tree: of two lanes that share most, the one that says less of both leaves',
  source: 'Quinlan 1986, gain ratios; Shannon 1948',
  needs: 'data',
  options: {
    ...estimationOptions,
    bins: {
      ...estimationOptions.bins,
      help: 'bins of a lane in a histogram',
      more: `At most ${MOST_BINS}, since chance fills the cells of more. A Gaussian has ${GAUSSIAN_STEPS} steps.`,
    },
    weighted: {
      default: false,
      help: 'rank the lanes of a level by what the layers that read them make of them',
    },
  },
  score: async (groups, { weighted, ...options }, calibration) => {
    const grown = await calibration.trees(groups, forEstimator(options));
    const read = weighted ? await readings(groups, calibration) : undefined;
    const hidden = groups.filter((_, index) => grown[index] === undefined);
    const norms = new Map((await norm(hidden, calibration)).map((scores, index) => [hidden[index]!, scores]));
    return groups.map((group, index) => {
      const own = grown[index];
      return own === undefined ? norms.get(group)! : worthOf(group.lanes.length, own, read?.[index]);
    });
  },
});

/** A Gaussian has steps of its own. */
const forEstimator = ({ bins, ...options }: Estimation): Partial<Estimation> =>
  options.estimator === 'gaussian' ? options : { ...options, bins };

/** Σw² of the stored weights that read each lane; 1 for lanes that none reads. */
export async function readings(
  groups: readonly Group[],
  calibration: CalibrationStatistics,
): Promise<readonly Float64Array[]> {
  const requests = groups.map(({ lanes, axes }): SliceRequest => {
    const readers = axes.filter(({ parameterAxis }) => parameterAxis.contracted);
    return {
      lanes: lanes.length,
      slices: readers.map(sliceOf),
    };
  });
  const squares = await calibration.statistics(requests, { kind: 'square-sum' });
  return squares.map((own, index) => (requests[index]!.slices.length === 0 ? own.map(() => 1) : own));
}

function worthOf(lanes: number, grown: Grown, read: Float64Array | undefined): Importance {
  const { levels, ratios, entropies, unseen } = grown;
  if (levels === undefined) {
    const scores = Float64Array.from(ratios!);
    const most = scores.reduce((a, b) => Math.max(a, b), 0);
    for (const lane of unseen) scores[lane] = most;
    return { scores, parts: { entropy: entropies } };
  }
  const level = new Float64Array(lanes).fill(levels.length + 1);
  const cost = Float64Array.from(entropies);
  for (const [index, { parents }] of levels.entries())
    for (const parent of parents) {
      level[parent.deleted] = index + 1;
      cost[parent.deleted] = parent.cost;
    }
  const price = read === undefined ? cost : cost.map((bits, lane) => (2 ** (2 * bits) - 1) * read[lane]!);
  const hidden = new Set(unseen);
  const order = Array.from(level.keys()).sort(
    (a, b) =>
      Number(hidden.has(a)) - Number(hidden.has(b)) ||
      level[a]! - level[b]! ||
      price[a]! - price[b]! ||
      a - b,
  );
  return { scores: rising(order, price), parts: { level, cost, entropy: entropies } };
}

/** The greatest price so far, and a little more for each lane. */
function rising(order: readonly number[], price: Float64Array): Float64Array {
  const scores = new Float64Array(order.length);
  const trifle = 1e-9 * price.reduce((a, b) => Math.max(a, b), 1e-9);
  let greatest = 0;
  for (const [rank, lane] of order.entries()) {
    greatest = Math.max(greatest, price[lane]!);
    scores[lane] = greatest + (rank + 1) * trifle;
  }
  return scores;
}
