import { EspalierError, option, text } from '../base/errors.js';
import type { Policy } from './curve.js';

/** The same share of every unit is taken away. */
export const uniform: Policy = {
  name: 'uniform',
  summary: 'removes the same share, the ratio, of every prunable axis',
  takes: 'ratio',
  allocate: ({ curves, ratio }) => {
    if (ratio === undefined) {
      throw new EspalierError(
        'OPTION_INVALID',
        'the policy uniform needs a ratio',
        {},
        text`Give ${option('ratio')}, or a budget with ${option('policy', 'global')}.`,
      );
    }
    return curves.map((curve) => curve.nearest(1 - ratio));
  },
};
