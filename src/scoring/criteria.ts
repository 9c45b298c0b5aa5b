import { Catalogue } from '../base/catalogue.js';
import { EspalierError } from '../base/errors.js';
import { GIVE_DATA } from '../schema/advice.js';
import { nearest } from '../schema/near.js';
import { activationMean, activationVariance, apoz } from './activation.js';
import { bnScale } from './bnScale.js';
import { type Combination, combined } from './combined.js';
import type { Criterion } from './criterion.js';
import { entropy } from './entropy.js';
import { fpgm } from './fpgm.js';
import { information } from './information.js';
import { l1, l2 } from './magnitude.js';
import { optionsFor } from './options.js';
import type { OptionValues } from './optionTypes.js';
import { random } from './random.js';
import { tree } from './tree.js';
import { wanda } from './wanda.js';

/** The package's own criteria: the first is the default without data, the second the default with data. */
export const criteria: readonly Criterion[] = [
  entropy,
  information,
  tree,
  l1,
  l2,
  bnScale,
  fpgm,
  activationMean,
  activationVariance,
  apoz,
  wanda,
  random,
];

/** These, and what was registered beside them. */
export const criterionCatalogue = new Catalogue<Criterion>(criteria);

/** The criterion that is taken where none is named. */
export const defaultCriterion = (hasData: boolean): string => (hasData ? information : entropy).name;

/** By its name, or what `combine` gave. errors: OPTION_INVALID, which lists the names. */
export function criterionNamed(name: string | Combination): Criterion {
  if (typeof name !== 'string')
    return combined(name, ({ criterion, options }) => {
      const own = criterionNamed(criterion);
      return { criterion: own, options: optionsFor(own, options) };
    });
  const { all } = criterionCatalogue;
  const found = all.find((criterion) => criterion.name === name);
  if (found !== undefined) return found;
  const names = all.map((criterion) => criterion.name);
  throw new EspalierError(
    'OPTION_INVALID',
    `there is no criterion "${name}"`,
    {},
    `${guess(name, names)}Choose one of ${names.join(', ')}.`,
  );
}

const guess = (name: string, names: readonly string[]): string => {
  const near = nearest(name, names);
  return near === undefined ? '' : `Did you mean ${near}? `;
};

/**
 * Whether a criterion with these options can do without calibration data, where there are none.
 * errors: OPTION_INVALID, which says to give some.
 */
export function checkNeeds(criterion: Criterion, options: OptionValues, hasData: boolean): void {
  if (hasData || !(criterion.needs === 'data' || criterion.needsData?.(options))) return;
  throw new EspalierError(
    'OPTION_INVALID',
    `the criterion ${criterion.name} looks at activations, and there are no calibration data`,
    {},
    GIVE_DATA,
  );
}
