import { option, text } from '../base/errors.js';
import { GIVE_DATA } from '../schema/advice.js';
import { checked, invalid } from '../schema/check.js';
import { estimationOptions } from '../scoring/estimation.js';
import { defaultsOf } from '../scoring/options.js';
import { GAUSSIAN_STEPS, treeOptions } from './growing.js';
import type { TreeOptions } from './interfaces.js';
import type { PairEstimator } from './treeTypes.js';

/** Each option by itself, and what it says beside the others. errors: OPTION_INVALID, before any file is touched. */
export function checkTreeOptions(given: unknown): TreeOptions {
  const options = checked(treeOptions, given);
  checkTree(options);
  return options;
}

/** What the options say beside each other. errors: OPTION_INVALID */
export function checkTree({
  estimator = 'histogram',
  variant = 'pairs',
  bins,
  data,
}: Omit<TreeOptions, 'group'>): void {
  const most = estimator === 'gaussian' ? 65536 : 64;
  if (bins !== undefined && bins > most)
    throw invalid(
      text`${option('bins')} must be a whole number from 2 to ${most} for ${estimator}, not ${bins}`,
      'Leave it out.',
    );
  if (variant !== 'pairs' && estimator !== 'histogram')
    throw invalid(
      `the variant ${variant} is estimated by histograms only`,
      text`Leave ${option('estimator')} out, or choose ${option('variant', 'pairs')}.`,
    );
  if (data === undefined)
    throw invalid('the tree is made of activations, and there are no calibration data', GIVE_DATA);
}

export function estimatorOf(given: Omit<TreeOptions, 'group'>): PairEstimator {
  const standard = defaultsOf(estimationOptions);
  const { estimator: kind, bins, binning, range, millerMadow } = { ...standard, ...given };
  return kind === 'gaussian'
    ? { kind, bins: given.bins ?? GAUSSIAN_STEPS }
    : { kind, bins, binning, range, millerMadow };
}
