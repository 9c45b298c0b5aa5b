import type { Rule } from '../lanes/rule.js';
import { Frozen } from '../lanes/rule.js';

/**
 * An operator that is known, and known not to be followed: every axis that it touches stays whole, for this reason.
 * exact: yes, nothing is removed.
 */
export const freezes = (reason: string): Rule => ({
  says: `freezes what it touches: ${reason}`,
  exact: 'yes, nothing is removed',
  axes: () => {
    throw new Frozen('operator', reason);
  },
});
