import type { Command } from 'commander';
import { toJson } from '../report/json.js';
import type { Terminal } from './terminal.js';
import { option } from './values.js';

/** A command that prints one of the tables of what there is to choose from. */
export function addList(
  program: Command,
  terminal: Terminal,
  name: string,
  description: string,
  rows: () => Promise<readonly object[]>,
  inText: (row: object) => object = (row) => row,
): void {
  program
    .command(name)
    .description(description)
    .addOption(option.json())
    .action(async ({ json }: { json?: boolean }) => {
      const list = await rows();
      if (json) return terminal.print(toJson(list));
      const { listReport } = await import('../report/lists.js');
      terminal.print(listReport(list.map(inText), terminal.width));
    });
}
