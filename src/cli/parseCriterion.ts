import { InvalidArgumentError } from 'commander';
import { COMBINED_BY, type Combination, combine } from '../api/lists.js';
import { parseName, parseNumber } from './values.js';

/**
 * A criterion by its name; or several as one, `l1:2+wanda`: names with `+` between them, each with its weight behind a colon where that
 * is not 1. `l1+wanda,by=share` compares shares of the mean instead of ranks.
 */
export const parseCriterion =
  (names: readonly string[]) =>
  (text: string): string | Combination => {
    if (names.includes(text) || !/[+:,]/.test(text)) return parseName(names)(text);
    const [terms = '', ...settings] = text.split(',');
    const parts = terms.split('+').map((term) => partOf(term, names));
    const by = settings.map(modeOf).at(-1);
    return combine(parts, by);
  };

/** Several criteria with commas between them; `by=share` belongs to the one in front of it. */
export const parseCriteria =
  (names: readonly string[]) =>
  (text: string): readonly (string | Combination)[] =>
    text.split(/,(?!by=)/).map(parseCriterion(names));

function partOf(term: string, names: readonly string[]): { criterion: string; weight?: number } {
  const [name = '', weight, ...more] = term.split(':');
  const criterion = parseName(names)(name);
  if (weight === undefined) return { criterion };
  const value = more.length === 0 ? parseNumber(weight) : 0;
  if (value <= 0)
    throw new InvalidArgumentError(`The weight of ${name} must be a number above 0, as in ${name}:2.`);
  return { criterion, weight: value };
}

function modeOf(setting: string): Combination['by'] {
  const [key, value = ''] = setting.split('=');
  if (key !== 'by')
    throw new InvalidArgumentError(`Behind the comma stands by=${COMBINED_BY.join(' or by=')}.`);
  return parseName(COMBINED_BY)(value) as Combination['by'];
}
