import { EspalierError, option, text } from '../base/errors.js';
import type { Group } from '../coupling/groups.js';
import type { Statistic } from '../native/statistics.js';
import { type CalibrationStatistics, type ChannelSummary, defineCriterion, producers } from './criterion.js';
import type { CriterionOptions, ValuesOf } from './optionTypes.js';
import { overPlaces } from './shown.js';

const entropyOptions = {
  of: {
    default: 'auto',
    choices: ['auto', 'weights', 'activations'],
    help: 'what it is taken of',
    more: 'Auto is activations where there are data, else weights.',
  },
  estimator: {
    default: 'auto',
    choices: ['auto', 'histogram', 'mass', 'gaussian'],
    help: 'how it is estimated',
    more: 'Auto is histograms of weights, and Gaussians of activations.',
  },
  bins: {
    default: 256,
    whole: true,
    least: 2,
    most: 65_536,
    help: 'bins of a histogram, steps of a Gaussian',
  },
  binning: {
    default: 'equal',
    choices: ['equal', 'quantile'],
    help: 'bins of equal width, or of equally many values',
    more: 'Quantiles are of activations only.',
  },
  millerMadow: { default: false, help: 'correct entropies for the number of values' },
  range: {
    default: 'group',
    choices: ['group', 'tensor', 'lane'],
    help: 'what the same bins hold for',
    more: 'Each lane its own bins is of activations only, and tells shapes of distributions apart, not spreads.',
  },
} as const satisfies CriterionOptions;

type EntropyOptions = ValuesOf<typeof entropyOptions>;

/**
 * Entropy of what a lane is, in bits: lanes that say little leave first. Of the weights that make it, or of its activations on
 * calibration data, at the values that its consumers read; at several of them, their mean.
 *
 * - `histogram`: -Σ p log2 p over `bins` bins; `millerMadow` adds (occupied bins - 1) / (2 N ln 2), as the estimate is biased
 *   low. `binning: 'equal'` has bins of equal width, `'quantile'` such that as many values of a bounded sample lie in each
 *   (activations only). `range: 'group'` has the same bins for all lanes, at each value that shows them; `'tensor'` for each
 *   stored tensor its own (weights; of activations the same as 'group'); `'lane'` for each lane its own (activations only):
 *   then shapes of distributions are told apart, not spreads
 * - `mass`: the lane's own term -p log2 p, p = Σ|x| of the lane over Σ|x| of the group
 * - `gaussian`: ½ log2(1 + 2πe σ²/Δ²), the entropy ½ log2(2πe σ²) of a Gaussian counted in bins of width Δ = 8 σ̄ / `bins`,
 *   σ̄² the group's mean variance; the 1 keeps constants at 0 and all lanes in order
 *
 * What is not said: without data histograms of weights, with data activations as Gaussians. Measured on six small networks at four
 * ratios, without reconstruction, they kept most accuracy of all these estimates on average (53 %; weights 43 %) and in most cases.
 * Histograms of activations did worse the more bins they had (16: 50 %, 256: 40 %), and bins by quantiles or of each lane's own
 * worst (34 to 37 %; random 38 %): a lane that varies little may still take many different values.
 *
 * score: >= 0, a constant lane scores 0.
 * reads: every producer slice of the group, once or twice; or one pass over the data, for histograms two. Memory O(bins) a lane.
 * source: Shannon 1948; the bias correction is Miller 1955.
 */
export const entropy = defineCriterion({
  name: 'entropy',
  summary: 'entropy of the weights that make a lane, or of its activations, in bits',
  source: 'Shannon 1948; Miller 1955',
  needs: 'weights',
  needsData: ({ of }) => of === 'activations',
  options: entropyOptions,
  score: (groups, options, calibration) => {
    const { of } = options;
    return of === 'activations' || (of === 'auto' && calibration.hasData)
      ? ofActivations(groups, options, calibration)
      : ofWeights(groups, options, calibration);
  },
});

type Estimator = 'histogram' | 'mass' | 'gaussian';

const chosen = ({ estimator }: EntropyOptions, otherwise: Estimator): Estimator =>
  estimator === 'auto' ? otherwise : estimator;

async function ofWeights(
  groups: readonly Group[],
  options: EntropyOptions,
  calibration: CalibrationStatistics,
): Promise<readonly Float64Array[]> {
  const { bins, binning, millerMadow, range } = options;
  const estimator = chosen(options, 'histogram');
  if (estimator === 'histogram' && (binning === 'quantile' || range === 'lane'))
    throw new EspalierError(
      'OPTION_INVALID',
      `the entropy of weights has no ${binning === 'quantile' ? 'bins by quantiles' : 'bins for each lane'}`,
      {},
      text`Take that of activations: ${option('criterionOptions.of', 'activations')} with ${option('data')}, or leave the option out.`,
    );
  const statistics: Readonly<Record<Estimator, Statistic>> = {
    mass: { kind: 'mass' },
    gaussian: { kind: 'variance' },
    histogram: { kind: 'entropy', bins, millerMadow, range: range === 'tensor' ? 'tensor' : 'group' },
  };
  const requests = groups.map((group) => producers(group, calibration.rankOf));
  const found = await calibration.statistics(requests, statistics[estimator]);
  return estimator === 'gaussian' ? found.map((variances) => counted(variances, bins)) : found;
}

async function ofActivations(
  groups: readonly Group[],
  options: EntropyOptions,
  calibration: CalibrationStatistics,
): Promise<readonly Float64Array[]> {
  const { bins, binning, millerMadow, range } = options;
  const estimator = chosen(options, 'gaussian');
  const histogram = {
    bins,
    binning,
    range: range === 'lane' ? ('lane' as const) : ('group' as const),
    millerMadow,
  };
  const shown = await calibration.activations(groups, estimator === 'histogram' ? histogram : undefined);
  const bits: Readonly<Record<Estimator, (shown: ChannelSummary) => Float64Array>> = {
    mass: ({ summary }) => summary.mass,
    gaussian: ({ summary }) => counted(summary.variance, bins, summary.count),
    histogram: ({ entropy }) => entropy!,
  };
  return overPlaces(groups, shown, calibration, bits[estimator]);
}

/** Gaussian entropies in bins of a width that the mean variance of all lanes decides. */
function counted(variances: Float64Array, bins: number, counts?: Float64Array): Float64Array {
  const there = variances.filter((_, lane) => counts?.[lane] !== 0);
  const mean = there.reduce((sum, variance) => sum + variance, 0) / Math.max(1, there.length);
  const width = (64 * mean) / bins ** 2;
  if (width === 0) return variances.map(() => 0);
  return variances.map((variance) => 0.5 * Math.log2(1 + (2 * Math.PI * Math.E * variance) / width));
}
