import type { Criterion } from './criterion.js';
import { producers } from './criterion.js';

/**
 * Σ_k ‖w - w_k‖ over the other lanes of the group: filters next to their geometric median can be given by the others, and leave
 * first, whatever their norm.
 *
 * score: >= 0.   reads: the weights that make the lanes, once; O(lanes² · weights of a lane), memory O(lanes²).
 * errors: MODEL_TOO_LARGE from 32,768 lanes in a group on.
 * source: He, Liu, Wang, Hu, Yang 2019, filter pruning via geometric median.
 */
export const fpgm: Criterion = {
  name: 'fpgm',
  summary: 'distance of the weights that make a lane from those of all others',
  source: 'He, Liu, Wang, Hu, Yang 2019',
  needs: 'weights',
  options: {},
  score: (groups, _, calibration) =>
    calibration.statistics(
      groups.map((group) => producers(group, calibration.rankOf)),
      { kind: 'distance' },
    ),
};
