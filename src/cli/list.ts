import type { Command } from 'commander';
import { toJson } from '../report/json.js';
import type { Terminal } from './terminal.js';
import { option } from './values.js';

/** A command that prints one of the tables of what there is to choose from. */
export function addList<Row extends object>(
  program: Command,
  terminal: Terminal,
  name: string,
  description: string,
  rows: () => Promise<readonly Row[]>,
  inText: (rows: readonly Row[], width: number | undefined) => Promise<string>,
): void {
  program
    .command(name)
    .description(description)
    .addOption(option.json())
    .action(async ({ json }: { json?: boolean }) => {
      const list = await rows();
      if (json) return terminal.print(toJson(list));
      terminal.print(await inText(list, terminal.width));
    });
}
