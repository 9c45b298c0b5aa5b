import type { Command } from 'commander';
import { saveOptions } from '../options/call.js';
import { checkTreeOptions } from '../options/checks.js';
import { treeOptions } from '../options/growing.js';
import { toJson } from '../report/json.js';
import { checked } from '../schema/check.js';
import type { Declarations } from '../schema/declaration.js';
import { flag } from '../schema/fields.js';
import { openData, readData } from './check.js';
import { checkOutput } from './files.js';
import { addFlags, flagsOf, givenOf } from './flags.js';
import { modelNamed } from './models.js';
import { reportFlag, writeReport } from './reporting.js';
import { spokenOf, type Terminal, terminalOptions, work } from './terminal.js';

const ownOptions = {
  all: { takes: flag(), help: 'print every pair and lane' },
  ...reportFlag,
} satisfies Declarations;

/** `espalier tree MODEL --group G --data D`: the pruning tree of one group. */
export function declareTree(command: Command, terminal: Terminal): void {
  command.action((file: string, _, given: Command) => tree(file, given, terminal));
  addFlags(command, [
    ...[...flagsOf(treeOptions.all), ...flagsOf(ownOptions)],
    ...[...flagsOf(saveOptions.own), ...flagsOf(terminalOptions)],
  ]);
}

async function tree(file: string, command: Command, terminal: Terminal): Promise<void> {
  const wanted = checkTreeOptions(givenOf(command, treeOptions));
  const speech = spokenOf(command);
  const { all = false, report } = givenOf(command, { all: ownOptions });
  const { force = false } = checked(saveOptions, givenOf(command, saveOptions));
  if (report !== undefined) await checkOutput(report, { force, sources: [file, wanted.data as string] });
  const found = await readData(wanted.data as string, undefined);
  const { openModel } = await import('../api/open.js');
  const result = await work(terminal, { ...wanted, ...speech }, async (call) => {
    const source = await modelNamed(file);
    const model = await openModel(source, call);
    try {
      const data = await openData(found, model, { ...wanted, ...call }, (line) =>
        terminal.hint(line, speech),
      );
      const tree = await model.tree({ ...wanted, data, ...call });
      if (report !== undefined) await writeReport(report, source, undefined, { tree, data }, call);
      return tree;
    } finally {
      model.dispose();
    }
  });
  if (speech.json) return terminal.print(toJson(result));
  const { treeReport } = await import('../report/treeReport.js');
  terminal.print(treeReport(result, { width: terminal.width, all }));
  if (report !== undefined) terminal.print(`\nwritten: ${report}`);
  if (!all && result.lanes > 32) terminal.hint('--all prints the rest, --json all numbers.', speech);
}
