import type { Statistic } from '../native/statistics.js';
import type { Criterion } from './criterion.js';
import { producers } from './criterion.js';

/**
 * Entropy of a lane's weights, in bits: lanes that say little leave first.
 *
 * - `histogram`: -Σ p log2 p over `bins` equal-width bins that the group shares (`range: 'tensor'`: that each tensor of
 *   the group has of its own); `millerMadow` adds (occupied bins - 1) / (2 N ln 2), since the estimate is biased low
 * - `mass`: the lane's own term -p log2 p, p = Σ|w| of the lane over Σ|w| of the group
 *
 * score: >= 0, a constant lane scores 0.   reads: every producer slice of the group, once or twice; memory O(bins) a lane.
 * source: Shannon 1948; the bias correction is Miller 1955.
 */
export const entropy: Criterion = {
  name: 'entropy',
  summary: 'entropy of the weights that make a lane, in bits',
  source: 'Shannon 1948; Miller 1955',
  needs: 'weights',
  defaults: { estimator: 'histogram', bins: 256, millerMadow: false, range: 'group' },
  choices: { estimator: ['histogram', 'mass'], range: ['group', 'tensor'] },
  score: (groups, options, evidence) => {
    const statistic: Statistic =
      options.estimator === 'mass'
        ? { kind: 'mass' }
        : {
            kind: 'entropy',
            bins: options.bins as number,
            millerMadow: options.millerMadow as boolean,
            range: options.range as 'group' | 'tensor',
          };
    return evidence.statistics(
      groups.map((group) => producers(group, evidence.rankOf)),
      statistic,
    );
  },
};
