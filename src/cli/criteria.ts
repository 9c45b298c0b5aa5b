import type { Command } from 'commander';
import { addList } from './list.js';
import type { Terminal } from './terminal.js';

/** `espalier criteria`: what a lane can be worth. */
export function addCriteria(program: Command, terminal: Terminal): void {
  addList(
    program,
    terminal,
    'criteria',
    'the criteria there are, with their options',
    async () => (await import('../api/lists.js')).criteria(),
    async (rows, width) => (await import('../report/criteria.js')).criteriaReport(rows, width),
  );
}
