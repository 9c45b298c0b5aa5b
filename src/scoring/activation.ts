import type { ChannelSummary, Criterion } from './criterion.js';
import { overPlaces } from './shown.js';

/** A criterion that is one number of a lane's activations. */
const statistic = (
  named: Pick<Criterion, 'name' | 'summary' | 'source'>,
  of: (shown: ChannelSummary) => Float64Array,
): Criterion => ({
  ...named,
  needs: 'data',
  options: {},
  score: async (groups, _, calibration) =>
    overPlaces(groups, await calibration.activations(groups), calibration, of),
});

/** Mean |x| of a lane on data, where its consumers read it. score: >= 0. source: Molchanov et al. 2017, who compare with it. */
export const activationMean = statistic(
  {
    name: 'activation-mean',
    summary: "mean magnitude of a lane's activations",
    source: 'Molchanov, Tyree, Karras, Aila, Kautz 2017',
  },
  ({ summary }) => summary.meanAbs,
);

/**
 * Variance of a lane on data: what is constant can be folded into its consumers' biases. score: >= 0.
 * source: Molchanov et al. 2017; alone, with the means folded, VBP 2025.
 */
export const activationVariance = statistic(
  {
    name: 'activation-variance',
    summary: "variance of a lane's activations: what is constant leaves first",
    source: 'Molchanov, Tyree, Karras, Aila, Kautz 2017',
  },
  ({ summary }) => summary.variance,
);

/**
 * Share of a lane's activations that are not zero, 1 - APoZ: lanes that are mostly off leave first. It says something only
 * behind a non-linearity that gives zeros; elsewhere all lanes score 1, and leave by position.
 * score: 0 to 1. source: Hu, Peng, Tai, Tang 2016, network trimming.
 */
export const apoz = statistic(
  {
    name: 'apoz',
    summary: "share of a lane's activations that are not zero",
    source: 'Hu, Peng, Tai, Tang 2016',
  },
  ({ summary }) => summary.zeroRate.map((rate, lane) => (summary.count[lane] === 0 ? 0 : 1 - rate)),
);
