import type { Command } from 'commander';
import { addList } from './list.js';
import type { Terminal } from './terminal.js';

/** `espalier policies`: how much can leave where. */
export function addPolicies(program: Command, terminal: Terminal): void {
  addList(
    program,
    terminal,
    'policies',
    'the policies there are: how much leaves where',
    async () => (await import('../api/lists.js')).policies(),
    async (rows, width) => (await import('../report/lists.js')).listReport(rows, width),
  );
}
