import type { Command } from 'commander';
import { saveOptions } from '../options/call.js';
import { checkReportOptions } from '../options/checks.js';
import { reportOptions } from '../options/reporting.js';
import { toJson } from '../report/json.js';
import { checked } from '../schema/check.js';
import type { Declarations } from '../schema/declaration.js';
import { words } from '../schema/fields.js';
import { checkOutput } from './files.js';
import { addFlags, flagsOf, givenOf } from './flags.js';
import { loadPlan } from './plan.js';
import { writeReport } from './reporting.js';
import { spokenOf, type Terminal, terminalOptions, work } from './terminal.js';

const ownOptions = {
  output: { takes: words(), needed: true, help: 'the .html file to write', sign: 'OUT', letter: 'o' },
  plan: {
    takes: words(),
    help: 'the plan that the pruned model was made by: which lanes left, and why',
    sign: 'FILE',
  },
} satisfies Declarations;

/** `espalier report ORIGINAL PRUNED -o OUT`: one HTML file that shows what became of a model. */
export function declareReport(command: Command, terminal: Terminal): void {
  command.action((original: string, pruned: string, _, given: Command) =>
    write(original, pruned, given, terminal),
  );
  const { plan: _, command: __, ...options } = reportOptions.all;
  addFlags(command, [
    ...[...flagsOf(ownOptions), ...flagsOf(options)],
    ...[...flagsOf(saveOptions.own), ...flagsOf(terminalOptions)],
  ]);
}

async function write(original: string, pruned: string, command: Command, terminal: Terminal): Promise<void> {
  const { output, plan: planFile } = givenOf(command, { all: ownOptions });
  const { force = false } = checked(saveOptions, givenOf(command, saveOptions));
  const { plan: _, command: __, ...all } = reportOptions.all;
  const given = checkReportOptions(givenOf(command, { all }));
  const speech = spokenOf(command);
  await checkOutput(output, {
    force,
    sources: [original, pruned, ...(planFile === undefined ? [] : [planFile])],
  });
  const plan = planFile === undefined ? undefined : await loadPlan(planFile);
  await work(terminal, { ...given, ...speech }, (call) =>
    writeReport(output, original, pruned, { ...given, ...(plan !== undefined && { plan }) }, call),
  );
  terminal.print(speech.json ? toJson({ original, pruned, report: output }) : `written: ${output}`);
}
