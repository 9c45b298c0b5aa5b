import type { Command } from 'commander';
import { toJson } from '../report/json.js';
import { addFlags, flagsOf, givenOf } from './flags.js';
import { type Terminal, terminalOptions } from './terminal.js';

const ownOptions = { json: terminalOptions.json };

/** A command that prints one of the tables of what there is to choose from. */
export function declareList<Row extends object>(
  command: Command,
  terminal: Terminal,
  rows: () => Promise<readonly Row[]>,
  inText: (rows: readonly Row[], width: number | undefined) => Promise<string>,
): void {
  command.action(async (_, given: Command) => {
    const list = await rows();
    if (givenOf(given, { all: ownOptions }).json) return terminal.print(toJson(list));
    terminal.print(await inText(list, terminal.width));
  });
  addFlags(command, flagsOf(ownOptions));
}
