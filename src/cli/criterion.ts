import { type Command, Option } from 'commander';
import { type CriterionInfo, combine, criteria, type OptionInfo } from '../api/lists.js';
import { option } from '../base/words.js';
import { HEADING } from '../options/headings.js';
import type { ScoreOptions } from '../options/types.js';
import { type Flag, isGiven } from './flags.js';
import { parseName, parseNumber } from './values.js';

/** A flag for each option that a criterion declares, once for all criteria that have one of its name. */
export function criterionFlags(): readonly Flag[] {
  const all = criteria();
  return namesOf(all).map((name) => ({
    heading: HEADING.worth,
    option: criterionOption(name, ownersOf(all, name)),
  }));
}

/** The options that criteria have, each once. */
const namesOf = (all: readonly CriterionInfo[]): readonly string[] => [
  ...new Set(all.flatMap(({ options }) => Object.keys(options))),
];

interface Owner {
  readonly criterion: string;
  readonly option: OptionInfo;
}

const ownersOf = (all: readonly CriterionInfo[], name: string): readonly Owner[] =>
  all.flatMap(({ name: criterion, options }) =>
    Object.hasOwn(options, name) ? [{ criterion, option: options[name]! }] : [],
  );

/** One flag for all criteria that have an option of this name; the criterion checks the value, since each has its own range. */
function criterionOption(name: string, owners: readonly Owner[]): Option {
  const flag = option(name).cli;
  const text = helpOf(owners);
  const standards = owners.map(({ option: own }) => own.default);
  if (standards.every((standard) => typeof standard === 'boolean'))
    return new Option(standards.every(Boolean) ? option(name, false).cli : flag, text);
  if (standards.every((standard) => typeof standard === 'number'))
    return new Option(`${flag} <N>`, text).argParser(parseNumber);
  const words = owners.map(({ option: own }) => own.choices);
  const parsed = new Option(`${flag} <WORD>`, text);
  return words.includes(undefined)
    ? parsed
    : parsed.argParser(parseName([...new Set(words.flat() as string[])]));
}

/** What the option does in each criterion; those that say the same of it stand together. */
function helpOf(owners: readonly Owner[]): string {
  const byText = new Map<string, string[]>();
  for (const { criterion, option: own } of owners) {
    const choices = own.choices === undefined ? '' : `: ${own.choices.join(', ')}`;
    const text = `${own.help}${choices} (default: ${own.default})`;
    byText.set(text, [...(byText.get(text) ?? []), criterion]);
  }
  return [...byText].map(([text, names]) => `of ${names.join(', ')}: ${text}`).join('; ');
}

type OptionValues = NonNullable<ScoreOptions['criterionOptions']>;

/**
 * The criterion and those of its options that were given; the others are left to their defaults. Of several criteria as one, an option
 * is for each that has it.
 */
export function criterionOf(command: Command): Pick<ScoreOptions, 'criterion' | 'criterionOptions'> {
  const all = criteria();
  const given = namesOf(all).filter((name) => isGiven(command, name));
  const valuesOf = (names: readonly string[]): OptionValues =>
    Object.fromEntries(names.map((name) => [name, command.getOptionValue(name)]));
  const criterion: ScoreOptions['criterion'] = command.getOptionValue('criterion');
  if (criterion === undefined || typeof criterion === 'string')
    return {
      ...(criterion !== undefined && { criterion }),
      ...(given.length > 0 && { criterionOptions: valuesOf(given) }),
    };
  const has = (name: string, option: string): boolean =>
    ownersOf(all, option).some((owner) => owner.criterion === name);
  const parts = criterion.parts.map((part) => ({
    ...part,
    options: valuesOf(given.filter((option) => has(part.criterion, option))),
  }));
  const idle = given.filter((option) => !parts.some((part) => has(part.criterion, option)));
  return {
    criterion: combine(parts, criterion.by),
    ...(idle.length > 0 && { criterionOptions: valuesOf(idle) }),
  };
}
