import type { CriterionOptions, ValuesOf } from './optionTypes.js';

/** Bins of a histogram of pairs, at most: chance fills the cells of more. */
export const MOST_BINS = 64;

/** Steps of a Gaussian's range, where nothing else is asked for. */
export const GAUSSIAN_STEPS = 4096;

/** How what lanes share is estimated of rows of samples: the same options for the criterion `tree` and for `model.tree`. */
export const estimationOptions = {
  variant: {
    default: 'pairs',
    choices: ['pairs', 'consumers', 'output'],
    help: 'what lanes are judged by',
    more: 'Pairs are of the own lanes; consumers judge a lane by what it says of the output lanes of the layers that read it, output by what it says of the class that the model itself names.',
  },
  estimator: {
    default: 'histogram',
    choices: ['histogram', 'gaussian'],
    help: 'how what two lanes share is estimated',
    more: 'A Gaussian is faster, sees linear dependence alone, and is for pairs only.',
  },
  bins: {
    default: 6,
    whole: true,
    least: 2,
    most: 65_536,
    help: 'bins of a lane',
    more: `At most ${MOST_BINS} in a histogram, where chance fills the cells of more.`,
  },
  binning: {
    default: 'equal',
    choices: ['equal', 'quantile'],
    help: 'bins of equal width, or of equally many values',
  },
  range: {
    default: 'group',
    choices: ['group', 'lane'],
    help: 'what the same bins hold for',
    more: 'Lanes of consumers have their own bins in either case.',
  },
  millerMadow: { default: false, help: 'correct entropies for the number of values' },
  rows: {
    default: 4096,
    whole: true,
    least: 2,
    most: 2 ** 20,
    help: 'at most this many rows are drawn of all positions of all samples',
  },
} as const satisfies CriterionOptions;

/** The values of `estimationOptions`: how entropies and mutual information are estimated from sampled rows. */
export type Estimation = ValuesOf<typeof estimationOptions>;
