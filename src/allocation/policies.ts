import { EspalierError } from '../base/errors.js';
import { nearest } from '../schema/near.js';
import { allocate } from './allocate.js';
import { global } from './global.js';
import type { Policy } from './policy.js';
import { uniform } from './uniform.js';

/** Every policy. */
export const policies: readonly Policy[] = [uniform, global, allocate];

/** errors: OPTION_INVALID, which lists the names. */
export function policyNamed(name: string): Policy {
  const found = policies.find((policy) => policy.name === name);
  if (found !== undefined) return found;
  const names = policies.map((policy) => policy.name);
  const near = nearest(name, names);
  const guess = near === undefined ? '' : `Did you mean ${near}? `;
  throw new EspalierError(
    'OPTION_INVALID',
    `there is no policy "${name}"`,
    {},
    `${guess}Choose one of ${names.join(', ')}.`,
  );
}
