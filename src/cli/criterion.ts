import { type Command, Option } from 'commander';
import { criteria as all, type CriterionInfo, defaultCriterion } from '../api/lists.js';
import type { ScoreOptions } from '../options/types.js';
import { parseName, parseNumber } from './values.js';

type OptionValue = CriterionInfo['defaults'][string];

const criteria = all();

/** `--criterion`, and one option for each option that a criterion has: they come from the table of criteria. */
export function addCriterion(command: Command): Command {
  const names = criteria.map(({ name }) => name);
  command.addOption(
    new Option(
      '--criterion <NAME>',
      `what a lane is worth: ${names.join(', ')} (default: ${defaultCriterion(false)}; with --data ${defaultCriterion(true)})`,
    ).argParser(parseName(names)),
  );
  const options = new Set(criteria.flatMap(({ defaults }) => Object.keys(defaults)));
  for (const name of options) command.addOption(criterionOption(name));
  return command;
}

/** One option of all criteria that have it. */
function criterionOption(name: string): Option {
  const owners = criteria.filter(({ defaults }) => defaults[name] !== undefined);
  const standard = owners[0]!.defaults[name]!;
  const words = [...new Set(owners.flatMap(({ choices }) => choices[name] ?? []))];
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const others = owners.filter(({ defaults }) => defaults[name] !== standard);
  const standards = [String(standard), ...others.map((own) => `of ${own.name} ${own.defaults[name]}`)];
  const text = `${ofEach(owners, name)} (default: ${standards.join(', ')})`;
  if (typeof standard === 'boolean') return new Option(standard ? `--no-${flag.slice(2)}` : flag, text);
  if (typeof standard === 'number') return new Option(`${flag} <N>`, text).argParser(parseNumber);
  const option = new Option(`${flag} <WORD>`, text);
  return words.length === 0 ? option : option.argParser(parseName(words));
}

/** Criteria that take the same words stand together: what two of them take by one name need not be the same. */
function ofEach(owners: readonly CriterionInfo[], name: string): string {
  const byWords = new Map<string, string[]>();
  for (const own of owners) {
    const words = (own.choices[name] ?? []).join(', ');
    byWords.set(words, [...(byWords.get(words) ?? []), own.name]);
  }
  return [...byWords]
    .map(([words, names]) => `of ${names.join(', ')}${words === '' ? '' : `: ${words}`}`)
    .join('; ');
}

/** The criterion and its options out of all parsed options; what was not given is left to the defaults. */
export function criterionOf(
  options: Readonly<Record<string, unknown>>,
): Pick<ScoreOptions, 'criterion' | 'criterionOptions'> {
  const given: Record<string, OptionValue> = {};
  for (const { defaults } of criteria)
    for (const [name, standard] of Object.entries(defaults)) {
      const value = options[name] as OptionValue | undefined;
      if (value !== undefined && value !== standard) given[name] = value;
    }
  const { criterion } = options as { criterion?: string };
  return {
    ...(criterion !== undefined && { criterion }),
    ...(Object.keys(given).length > 0 && { criterionOptions: given }),
  };
}
