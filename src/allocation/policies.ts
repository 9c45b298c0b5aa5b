import { Catalogue } from '../base/catalogue.js';
import { EspalierError } from '../base/errors.js';
import { nearest } from '../schema/near.js';
import { allocate } from './allocate.js';
import type { Choices, Policy } from './curve.js';
import { global } from './global.js';
import { uniform } from './uniform.js';

/** The package's own policies. */
export const policies: readonly Policy[] = [uniform, global, allocate];

/** A policy of the package decides at once; a registered one may take its time. */
export type AnyPolicy = Policy<Choices | Promise<Choices>>;

/** These, and what was registered beside them. */
export const policyCatalogue = new Catalogue<AnyPolicy>(policies);

/** errors: OPTION_INVALID, which lists the names. */
export function policyNamed(name: string): AnyPolicy {
  const { all } = policyCatalogue;
  const found = all.find((policy) => policy.name === name);
  if (found !== undefined) return found;
  const names = all.map((policy) => policy.name);
  const near = nearest(name, names);
  const guess = near === undefined ? '' : `Did you mean ${near}? `;
  throw new EspalierError(
    'OPTION_INVALID',
    `there is no policy "${name}"`,
    {},
    `${guess}Choose one of ${names.join(', ')}.`,
  );
}
