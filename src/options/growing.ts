import { command, option, quoted, text } from '../base/words.js';
import { type OptionalDeclaration, optionSet } from '../schema/declaration.js';
import { flag, words } from '../schema/fields.js';
import { estimationOptions, GAUSSIAN_STEPS } from '../scoring/estimation.js';
import { defaultsOf, fieldOf } from '../scoring/options.js';
import type { CriterionOption, ValueOf } from '../scoring/optionTypes.js';
import { calibrationOptions, data, freeOptions } from './calibration.js';
import { callOptions } from './call.js';
import type { CalibrationOptions, CallOptions, FreeOptions, TreeOptions } from './interfaces.js';
import { seed } from './scoring.js';
import type { PairEstimator } from './treeTypes.js';

/** The largest group of which all pairs are given by default: 256 lanes have 32,640 pairs. */
export const FEW_LANES = 256;

const { variant, estimator, bins, binning, range, millerMadow, rows } = estimationOptions;

/** An option of a criterion as an option of a call. */
const declared = <O extends CriterionOption>(own: O, sign?: string): OptionalDeclaration<ValueOf<O>> => ({
  takes: fieldOf(own),
  help: own.help,
  ...(own.more !== undefined && { more: own.more }),
  ...(typeof own.default !== 'boolean' && { defaults: [{ is: own.default }] }),
  ...(sign !== undefined && { sign }),
});

/** The declarations of `TreeOptions`: the group, and how the information that its lanes share is estimated. */
export const treeOptions = optionSet<TreeOptions, CalibrationOptions & FreeOptions & CallOptions>({
  name: 'TreeOptions',
  about: 'Of which group a tree is grown, and how: options of `tree`.',
  bases: [calibrationOptions, freeOptions, callOptions],
  own: {
    group: {
      takes: words(),
      needed: true,
      help: text`the group, as ${command.inspect} names it`,
      more: 'Groups have these names where `free` is the same.',
      advice: text`It is the id of a group: ${command.inspect} lists them.`,
      sign: 'ID',
    },
    data: { ...data, more: 'A tree is made of what the model does on them: without some it is refused.' },
    variant: declared(variant, 'WORD'),
    estimator: declared(estimator, 'WORD'),
    bins: {
      ...declared(bins, 'N'),
      defaults: [
        { is: bins.default },
        { when: text`with ${quoted('estimator', 'gaussian')}`, is: GAUSSIAN_STEPS },
      ],
    },
    binning: declared(binning, 'WORD'),
    range: declared(range, 'WORD'),
    millerMadow: declared(millerMadow),
    rows: {
      ...declared(rows, 'N'),
      more: 'Fewer where all that is looked at would not fit into 256 MB.',
    },
    seed,
    pairs: {
      takes: flag(),
      help: {
        api: 'give the mutual information of all pairs',
        cli: `with ${option('json').cli}: what all pairs share`,
      },
      defaults: [{ is: false }, { when: `in groups of up to ${FEW_LANES} lanes`, is: true }],
    },
  },
});

/** The estimator that the options speak of, with all that it takes. */
export function estimatorOf(given: Omit<TreeOptions, 'group'>): PairEstimator {
  const standard = defaultsOf(estimationOptions);
  const { estimator: kind, bins, binning, range, millerMadow } = { ...standard, ...given };
  return kind === 'gaussian'
    ? { kind, bins: given.bins ?? GAUSSIAN_STEPS }
    : { kind, bins, binning, range, millerMadow };
}
