import type { Command } from 'commander';
import { criterionFlags } from '../src/cli/criterion.js';
import { flagsOf } from '../src/cli/flags.js';
import { wholeProgram } from '../src/cli/program.js';
import { optionSets } from '../src/options/sets.js';
import type { OwnFlag } from '../src/report/options.js';

/** The flags of commands that are no option of a call, and none of a criterion; those that say the same are one. */
export async function ownFlags(): Promise<readonly OwnFlag[]> {
  const silent = { signal: new AbortController().signal, width: undefined, print() {}, hint() {}, fail() {} };
  const key = ({ flags, description }: { readonly flags: string; readonly description: string }): string =>
    `${flags} ${description}`;
  const name = (command: Command): string => (command.parent === null ? 'all' : command.name());
  const declared = [...optionSets.flatMap(({ all }) => flagsOf(all)), ...criterionFlags()];
  const known = new Set(declared.map(({ option }) => key(option)));
  const found = new Map<string, { readonly commands: string[]; readonly flag: string; readonly help: string }>();
  const all = await wholeProgram(silent);
  for (const command of [...all.commands, all])
    for (const option of command.options.filter((own) => !known.has(key(own)))) {
      const same = found.get(key(option));
      if (same === undefined)
        found.set(key(option), { commands: [name(command)], flag: option.flags, help: option.description });
      else same.commands.push(name(command));
    }
  return [...found.values()];
}
