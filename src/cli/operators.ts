import type { Command } from 'commander';
import { addList } from './list.js';
import type { Terminal } from './terminal.js';

/** `espalier operators`: which operators lanes are followed through, and why not through the others. */
export function addOperators(program: Command, terminal: Terminal): void {
  addList(
    program,
    terminal,
    'operators',
    'the operators that lanes are followed through, and why not through the others',
    async () => (await import('../api/lists.js')).operators(),
    async (rows, width) => {
      const { listReport } = await import('../report/lists.js');
      return listReport(
        rows.map((row) => ({ ...row, domain: row.domain || 'ai.onnx' })),
        width,
      );
    },
  );
}
