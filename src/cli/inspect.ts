import type { Command } from 'commander';
import { inspectOptions } from '../options/calibration.js';
import { toJson } from '../report/json.js';
import { checked } from '../schema/check.js';
import type { Declarations } from '../schema/declaration.js';
import { flag } from '../schema/fields.js';
import { addFlags, flagsOf, givenOf } from './flags.js';
import { modelNamed } from './models.js';
import { spokenOf, type Terminal, terminalOptions, work } from './terminal.js';

const ownOptions = {
  all: { takes: flag(), help: 'print each group; by default groups that are alike share a row' },
  explain: { takes: flag(), help: 'also tell what words and columns mean' },
} satisfies Declarations;

/** `espalier inspect MODEL`: what is in a model, what of it can be pruned, and why the rest cannot. */
export function declareInspect(command: Command, terminal: Terminal): void {
  command.action((file: string, _, given: Command) => inspect(file, given, terminal));
  addFlags(command, [...flagsOf(inspectOptions.all), ...flagsOf(ownOptions), ...flagsOf(terminalOptions)]);
}

async function inspect(file: string, command: Command, terminal: Terminal): Promise<void> {
  const given = checked(inspectOptions, givenOf(command, inspectOptions));
  const speech = spokenOf(command);
  const { openModel } = await import('../api/open.js');
  const inspection = await work(terminal, { ...given, ...speech }, async (call) => {
    const model = await openModel(await modelNamed(file), call);
    try {
      return await model.inspect({ ...given, ...call });
    } finally {
      model.dispose();
    }
  });
  if (speech.json) return terminal.print(toJson(inspection));
  const { inspectionReport } = await import('../report/inspection.js');
  const { all = false, explain = false } = givenOf(command, { all: ownOptions });
  terminal.print(inspectionReport(inspection, { width: terminal.width, all, explained: explain }));
  if (!explain) terminal.hint('--explain tells what the words mean.', { quiet: speech.quiet });
}
