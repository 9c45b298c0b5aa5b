import type { Command } from 'commander';
import { applyOptions } from '../options/calibration.js';
import { saveOptions } from '../options/call.js';
import type { ApplyOptions } from '../options/types.js';
import { checked } from '../schema/check.js';
import type { Declarations } from '../schema/declaration.js';
import { words } from '../schema/fields.js';
import { checkOutput, writeBytes } from './files.js';
import { addFlags, flagsOf, givenOf } from './flags.js';
import { modelNamed, STREAM } from './models.js';
import { type PruningOutcome, printOutcome } from './outcome.js';
import { loadPlan } from './plan.js';
import { reportFlag, writeReport } from './reporting.js';
import { beside, spokenOf, type Terminal, terminalOptions, work } from './terminal.js';

const ownOptions = {
  output: { takes: words(), needed: true, help: 'the .onnx file to write', sign: 'OUT', letter: 'o' },
  ...reportFlag,
} satisfies Declarations;

/** `espalier apply MODEL PLAN -o OUT`: replays a saved plan. */
export function declareApply(command: Command, terminal: Terminal): void {
  command.action((file: string, plan: string, _, given: Command) => apply(file, plan, given, terminal));
  addFlags(command, [
    ...flagsOf(ownOptions),
    ...flagsOf(applyOptions.all),
    ...flagsOf(saveOptions.own),
    ...flagsOf(terminalOptions),
  ]);
}

async function apply(file: string, planFile: string, command: Command, usual: Terminal): Promise<void> {
  const { output, report } = givenOf(command, { all: ownOptions });
  const { force = false } = checked(saveOptions, givenOf(command, saveOptions));
  const given = checked(applyOptions, givenOf(command, applyOptions));
  const speech = spokenOf(command);
  await checkOutput(output, { force, sources: [file, planFile] });
  if (report !== undefined) await checkOutput(report, { force, sources: [file, planFile, output] });
  const plan = await loadPlan(planFile);
  const { openModel } = await import('../api/open.js');
  const terminal = output === STREAM ? beside(usual) : usual;
  const outcome = await work(terminal, { ...given, ...speech }, async (call): Promise<PruningOutcome> => {
    const source = await modelNamed(file);
    const model = await openModel(source, call);
    try {
      const pruned = await model.apply(plan, { ...given, ...call });
      const isStream = output === STREAM;
      const made = isStream ? await pruned.toBytes(call) : output;
      if (isStream) await writeBytes(made as Uint8Array);
      const { bytes, externalBytes } = isStream
        ? { bytes: made.length, externalBytes: 0 }
        : await pruned.save(output, { force, ...call });
      if (report !== undefined)
        await writeReport(report, source, made, { ...reportedOf(given), outcome: pruned }, call);
      return {
        file,
        output,
        data: externalBytes > 0 ? `${output}.data` : null,
        plan: null,
        ...(report !== undefined && { report }),
        before: pruned.before,
        after: { ...pruned.after, bytes },
        groups: plan.groups.map(({ id, lanes, kept, exact }) => ({ id, lanes, kept: kept.length, exact })),
        ...(pruned.reconstruction && { reconstruction: pruned.reconstruction }),
        ...(pruned.plan.interface && { interface: pruned.plan.interface }),
        lengths: pruned.lengths,
        warnings: pruned.warnings,
      };
    } finally {
      model.dispose();
    }
  });
  await printOutcome(terminal, outcome, speech);
}

/** Of what a replay looked at, what its report looks at too. */
const reportedOf = ({
  data,
  samples,
  shape,
}: ApplyOptions): Pick<ApplyOptions, 'data' | 'samples' | 'shape'> => ({
  ...(data !== undefined && { data }),
  ...(samples !== undefined && { samples }),
  ...(shape !== undefined && { shape }),
});
