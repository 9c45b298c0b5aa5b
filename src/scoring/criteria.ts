import { EspalierError, option, type Spoken, text } from '../base/errors.js';
import { GIVE_DATA } from '../schema/advice.js';
import { shown } from '../schema/check.js';
import { nearest } from '../schema/near.js';
import { activationMean, activationVariance, apoz } from './activation.js';
import { bnScale } from './bnScale.js';
import { type Combination, combined } from './combined.js';
import type { Criterion, Options } from './criterion.js';
import { entropy } from './entropy.js';
import { fpgm } from './fpgm.js';
import { information } from './information.js';
import { l1, l2 } from './magnitude.js';
import { random } from './random.js';
import { tree } from './tree.js';
import { wanda } from './wanda.js';

/** Every criterion: the first is the default without data, the second the default with data. */
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

/** The criterion that is taken where none is named. */
export const defaultCriterion = (hasData: boolean): string => (hasData ? information : entropy).name;

/** By its name, or what `combine` gave. errors: OPTION_INVALID, which lists the names. */
export function criterionNamed(name: string | Combination): Criterion {
  if (typeof name !== 'string')
    return combined(name, ({ criterion, options }) => {
      const own = criterionNamed(criterion);
      return { criterion: own, options: optionsFor(own, options) };
    });
  const found = criteria.find((criterion) => criterion.name === name);
  if (found !== undefined) return found;
  const names = criteria.map((criterion) => criterion.name);
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

/** A criterion's defaults with the caller's options over them. errors: OPTION_INVALID for an unknown or ill-typed one. */
export function optionsFor(criterion: Criterion, given: Options = {}): Options {
  for (const [name, value] of Object.entries(given)) {
    const refuse = (what: string | Spoken, todo: string): EspalierError =>
      new EspalierError('OPTION_INVALID', what, {}, todo);
    const standard = Object.hasOwn(criterion.defaults, name) ? criterion.defaults[name] : undefined;
    const called = option(`criterionOptions.${name}`);
    if (standard === undefined) {
      const known = Object.keys(criterion.defaults);
      throw refuse(
        `the criterion ${criterion.name} has no option "${name}"`,
        `${guess(name, known)}Its options: ${known.join(', ') || 'none'}.`,
      );
    }
    const choices = criterion.choices?.[name];
    if (choices !== undefined && !choices.includes(String(value))) {
      throw refuse(text`${called} cannot be ${shown(value)}`, `Choose one of ${choices.join(', ')}.`);
    }
    if (typeof value !== typeof standard)
      throw refuse(
        text`${called} must be a ${typeof standard}, not ${shown(value)}`,
        `Its default is ${standard}.`,
      );
    if (typeof value === 'number' && !(Number.isInteger(value) && value >= 2 && value <= 65536)) {
      throw refuse(
        text`${called} must be a whole number from 2 to 65536, not ${value}`,
        `Its default is ${standard}.`,
      );
    }
  }
  return { ...criterion.defaults, ...given };
}

/**
 * Whether a criterion with these options can do without calibration data, where there are none.
 * errors: OPTION_INVALID, which says to give some.
 */
export function checkNeeds(criterion: Criterion, options: Options, hasData: boolean): void {
  if (hasData || !(criterion.needs === 'data' || criterion.needsData?.(options))) return;
  throw new EspalierError(
    'OPTION_INVALID',
    `the criterion ${criterion.name} looks at activations, and there are no calibration data`,
    {},
    GIVE_DATA,
  );
}
