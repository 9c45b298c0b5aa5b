import { type Command, Option } from 'commander';
import { criteria as all, type CriterionInfo } from '../api/lists.js';
import type { ScoreOptions } from '../api/types.js';
import { parseName, parseNumber } from './values.js';

type OptionValue = CriterionInfo['defaults'][string];

const criteria = all();

/** `--criterion`, and one option for each option that a criterion has: they come from the table of criteria. */
export function addCriterion(command: Command): Command {
  const names = criteria.map(({ name }) => name);
  command.addOption(
    new Option(
      '--criterion <NAME>',
      `what a lane is worth: ${names.join(', ')} (default: ${names[0]})`,
    ).argParser(parseName(names)),
  );
  const known = new Set<string>();
  for (const { name: criterion, defaults, choices } of criteria)
    for (const [name, standard] of Object.entries(defaults)) {
      if (known.has(name)) continue;
      known.add(name);
      command.addOption(criterionOption(criterion, name, standard, choices[name]));
    }
  return command;
}

function criterionOption(
  criterion: string,
  name: string,
  standard: OptionValue,
  choices: readonly string[] | undefined,
): Option {
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const text = `of ${criterion}${choices === undefined ? '' : `: ${choices.join(', ')}`} (default: ${standard})`;
  if (typeof standard === 'boolean') return new Option(standard ? `--no-${flag.slice(2)}` : flag, text);
  if (typeof standard === 'number') return new Option(`${flag} <N>`, text).argParser(parseNumber);
  const option = new Option(`${flag} <WORD>`, text);
  return choices === undefined ? option : option.argParser(parseName(choices));
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
