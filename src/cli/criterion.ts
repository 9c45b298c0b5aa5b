import { type Command, Option } from 'commander';
import { type CriterionInfo, criteria, defaultCriterion, type OptionInfo } from '../api/lists.js';
import { option } from '../base/words.js';
import type { ScoreOptions } from '../options/types.js';
import { parseName, parseNumber } from './values.js';

/** `--criterion`, and a flag for each option that a criterion declares. */
export function addCriterion(command: Command): Command {
  const all = criteria();
  const names = all.map(({ name }) => name);
  command.addOption(
    new Option(
      '--criterion <NAME>',
      `what a lane is worth: ${names.join(', ')} (default: ${defaultCriterion(false)}; with --data: ${defaultCriterion(true)})`,
    ).argParser(parseName(names)),
  );
  for (const name of namesOf(all)) command.addOption(criterionOption(name, ownersOf(all, name)));
  return command;
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

/** The criterion and its options, of those that were given; the others are left to their defaults. */
export function criterionOf(command: Command): Pick<ScoreOptions, 'criterion' | 'criterionOptions'> {
  const given = (name: string): boolean => command.getOptionValueSource(name) === 'cli';
  const own = namesOf(criteria()).filter(given);
  const values = Object.fromEntries(own.map((name) => [name, command.getOptionValue(name)]));
  return {
    ...(given('criterion') && { criterion: command.getOptionValue('criterion') as string }),
    ...(own.length > 0 && { criterionOptions: values }),
  };
}
