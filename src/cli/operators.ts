import type { Command } from 'commander';
import { declareList } from './list.js';
import type { Terminal } from './terminal.js';

/** `espalier operators`: which operators lanes are followed through, and why not through the others. */
export function declareOperators(command: Command, terminal: Terminal): void {
  declareList(
    command,
    terminal,
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
