import type { Command } from 'commander';
import { declareList } from './list.js';
import type { Terminal } from './terminal.js';

/** `espalier policies`: how much can leave where. */
export function declarePolicies(command: Command, terminal: Terminal): void {
  declareList(
    command,
    terminal,
    async () => (await import('../api/lists.js')).policies(),
    async (rows, width) => (await import('../report/lists.js')).listReport(rows, width),
  );
}
