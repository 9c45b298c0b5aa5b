import { EspalierError, option, text } from '../base/errors.js';
import type { Group } from '../coupling/groups.js';
import type { Policy } from './policy.js';
import { ascending, roundedCount } from './policy.js';

/** The same share of every group leaves. */
export const uniform: Policy = {
  name: 'uniform',
  summary: 'removes the same share, the ratio, of every prunable axis',
  takes: 'ratio',
  allocate: ({ groups, scores, rounding, ratio }) => {
    if (ratio === undefined) {
      throw new EspalierError(
        'OPTION_INVALID',
        'the policy uniform needs a ratio',
        {},
        text`Give ${option('ratio')}, or a budget with ${option('policy', 'global')}.`,
      );
    }
    const kept = new Map<Group, readonly number[]>();
    for (const group of groups) {
      const lanes = group.lanes.length;
      const stay = roundedCount(lanes, lanes * (1 - ratio), rounding);
      const order = ascending(scores.get(group)!);
      kept.set(
        group,
        order.slice(lanes - stay).sort((a, b) => a - b),
      );
    }
    return kept;
  },
};
