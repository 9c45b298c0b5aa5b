import { EspalierError } from '../errors.js';
import type { PairEstimator, TreeOptions } from './treeTypes.js';

/** Rows that are drawn unless more or fewer are asked for. */
export const ROWS = 4096;
/** More bins than these told lanes apart worse on some hundred samples, where chance fills the cells. */
const BINS = { histogram: 6, gaussian: 4096 } as const;

const refuse = (what: string, todo: string): EspalierError =>
  new EspalierError('OPTION_INVALID', what, {}, todo);

/** errors: OPTION_INVALID, before any file is touched. */
export function checkTreeOptions(options: Omit<TreeOptions, 'group'>): void {
  const { estimator = 'histogram', variant = 'pairs', bins, rows, seed, data } = options;
  const oneOf = (name: string, value: string | undefined, words: readonly string[]): void => {
    if (value !== undefined && !words.includes(value))
      throw refuse(`${name} cannot be "${value}"`, `Choose one of ${words.join(', ')}.`);
  };
  oneOf('variant', variant, ['pairs', 'consumers', 'output']);
  oneOf('estimator', estimator, ['histogram', 'gaussian']);
  oneOf('binning', options.binning, ['equal', 'quantile']);
  oneOf('range', options.range, ['group', 'lane']);
  const most = estimator === 'gaussian' ? 65536 : 64;
  if (bins !== undefined && !(Number.isInteger(bins) && bins >= 2 && bins <= most))
    throw refuse(
      `bins must be a whole number from 2 to ${most} for ${estimator}, not ${bins}`,
      'Leave it out.',
    );
  if (rows !== undefined && !(Number.isInteger(rows) && rows >= 2 && rows <= 2 ** 20))
    throw refuse(`rows must be a whole number from 2 to 1048576, not ${rows}`, `The default is ${ROWS}.`);
  if (seed !== undefined && !Number.isSafeInteger(seed))
    throw refuse(`seed must be a whole number, not ${seed}`, 'Give 0, or any other whole number.');
  if (variant !== 'pairs' && estimator !== 'histogram')
    throw refuse(
      `the variant ${variant} is estimated by histograms only`,
      'Leave the estimator out, or choose the variant pairs.',
    );
  if (data === undefined)
    throw refuse(
      'the tree is made of activations, and there are no calibration data',
      'Give --data FILE: an .npz, or a folder of .npy files, with arrays named as the inputs.',
    );
}

export function estimatorOf({
  estimator = 'histogram',
  bins = BINS[estimator],
  binning = 'equal',
  range = 'group',
  millerMadow = false,
}: Omit<TreeOptions, 'group'>): PairEstimator {
  return estimator === 'gaussian'
    ? { kind: estimator, bins }
    : { kind: estimator, bins, binning, range, millerMadow };
}
