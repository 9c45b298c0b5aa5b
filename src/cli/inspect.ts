import type { Command } from 'commander';
import { toJson } from '../report/json.js';
import { type Terminal, type WorkOptions, work } from './terminal.js';
import { addOptions, option } from './values.js';

interface Options extends WorkOptions {
  readonly data?: string;
  readonly samples?: number;
  readonly shape?: Readonly<Record<string, readonly number[]>>;
  readonly free?: readonly string[];
}

/** `espalier inspect MODEL`: what is in a model, what of it can be pruned, and why the rest cannot. */
export function addInspect(program: Command, terminal: Terminal): void {
  const command = program
    .command('inspect')
    .description('what is in a model: size, multiply-adds, groups of lanes, what is frozen and why')
    .argument('<MODEL>', 'an .onnx file')
    .action(async (file: string, options: Options) => {
      const { openModel } = await import('../api/open.js');
      const inspection = await work(terminal, options, async (call) => {
        const model = await openModel(file, call);
        try {
          const { data, samples, shape, free } = options;
          const given = {
            ...(data !== undefined && { data }),
            ...(samples !== undefined && { samples }),
            ...(shape !== undefined && { shape }),
            ...(free !== undefined && { free }),
          };
          return await model.inspect({ ...given, ...call });
        } finally {
          model.dispose();
        }
      });
      if (options.json) return terminal.print(toJson(inspection));
      const { inspectionReport } = await import('../report/inspection.js');
      terminal.print(inspectionReport(inspection, terminal.width));
    });
  addOptions(command, option.data(), option.samples(), option.shape(), option.free());
  addOptions(command, option.threads(), option.quiet(), option.json());
}
