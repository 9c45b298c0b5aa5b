import type { Command } from 'commander';
import { declareList } from './list.js';
import type { Terminal } from './terminal.js';

/** `espalier criteria`: what a lane can be worth. */
export function declareCriteria(command: Command, terminal: Terminal): void {
  declareList(
    command,
    terminal,
    async () => (await import('../api/lists.js')).criteria(),
    async (rows, width) => (await import('../report/criteria.js')).criteriaReport(rows, width),
  );
}
