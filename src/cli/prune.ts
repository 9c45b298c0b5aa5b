import type { Command } from 'commander';
import { EspalierError } from '../base/errors.js';
import type { Dataset } from '../data/data.js';
import { saveOptions } from '../options/call.js';
import { checkPlanOptions } from '../options/checks.js';
import { HEADING } from '../options/headings.js';
import { planOptions } from '../options/planning.js';
import type { CallOptions, PlanOptions, Pruned } from '../options/types.js';
import { checked } from '../schema/check.js';
import type { Declarations } from '../schema/declaration.js';
import { flag, words } from '../schema/fields.js';
import { checkData, checkPruned, readData } from './check.js';
import { criterionFlags, criterionOf } from './criterion.js';
import { checkOutput, writeOutput } from './files.js';
import { addFlags, flagsOf, givenOf } from './flags.js';
import { loadReports, type PruningOutcome, printOutcome } from './outcome.js';
import { reportFlag, writeReport } from './reporting.js';
import { spokenOf, type Terminal, terminalOptions, work } from './terminal.js';

const ownOptions = {
  output: { takes: words(), help: 'the .onnx file to write', sign: 'OUT', letter: 'o' },
  plan: { takes: words(), help: 'also write the plan, as JSON', sign: 'FILE', heading: HEADING.writing },
  ...reportFlag,
  dryRun: { takes: flag(), help: 'write nothing, but for the plan and the report', heading: HEADING.writing },
  stability: {
    takes: flag(),
    help: 'also tell how much the choice hangs on the samples: plans on either half of --data',
    heading: HEADING.checking,
  },
} satisfies Declarations;

/** `espalier prune MODEL -o OUT`: plan, remove, and with data compare. */
export function declarePrune(command: Command, terminal: Terminal): void {
  command.action((file: string, _, given: Command) => prune(file, given, terminal));
  const { output, ...others } = ownOptions;
  const all = [
    ...[...flagsOf({ output }), ...flagsOf(planOptions.all), ...criterionFlags()],
    ...[...flagsOf(others), ...flagsOf(saveOptions.own), ...flagsOf(terminalOptions)],
  ];
  addFlags(command, all, true);
}

async function prune(file: string, command: Command, terminal: Terminal): Promise<void> {
  const { output, plan, report, dryRun = false, stability = false } = givenOf(command, { all: ownOptions });
  const { force = false } = checked(saveOptions, givenOf(command, saveOptions));
  const given = checkPlanOptions({ ...givenOf(command, planOptions), ...criterionOf(command) });
  const { data: samples, ...wanted } = given;
  const { labels, guard } = wanted;
  const data = samples as string | undefined;
  const speech = spokenOf(command);
  if (output === undefined && !dryRun)
    throw new EspalierError('OPTION_INVALID', 'no output is given', {}, 'Add -o OUT.onnx, or --dry-run.');
  if (labels !== undefined && data === undefined)
    throw new EspalierError('OPTION_INVALID', '--labels names an array in --data, which is not given');
  if (stability && data === undefined)
    throw new EspalierError(
      'OPTION_INVALID',
      '--stability is that of a choice on samples, and none are given',
      {},
      'Give --data FILE.',
    );
  const target = dryRun ? undefined : output;
  if (target !== undefined) await checkOutput(target, { force, sources: [file] });
  const written = [target, plan].filter((path) => path !== undefined);
  if (plan !== undefined)
    await checkOutput(plan, { force, sources: [file, ...(target === undefined ? [] : [target])] });
  if (report !== undefined) await checkOutput(report, { force, sources: [file, ...written] });

  const outcome = await work(terminal, { ...wanted, ...speech }, async (call): Promise<PruningOutcome> => {
    const dataset = data === undefined ? undefined : await readData(data, labels);
    const { openModel } = await import('../api/open.js');
    const model = await openModel(file, call);
    try {
      if (dataset !== undefined) checkData(dataset, model.inspect());
      const pruned = await model.prune({
        ...wanted,
        ...(dataset !== undefined && { data: dataset }),
        ...call,
      });
      const outcome = await finish(file, pruned, { target, plan, report, force, dataset, given }, call);
      if (!stability || dataset === undefined) return outcome;
      const asked = { ...wanted, ...takenAmount(pruned), data: dataset };
      return { ...outcome, stability: await model.stability({ ...asked, ...call }) };
    } finally {
      model.dispose();
    }
  });
  if (outcome.verification?.ok === false) terminal.fail();
  await printOutcome(terminal, outcome, speech);
  if (target !== undefined && data === undefined && !speech.json)
    terminal.hint(`Compare it on your own samples: espalier verify ${file} ${target} --data FILE`, speech);
  if (target !== undefined && outcome.reconstruction !== undefined && guard === undefined && !speech.json)
    terminal.hint(
      `It was fitted to these samples. Compare it on others: espalier verify ${file} ${target} --data FILE`,
      speech,
    );
}

/** What was removed in the end, where a guard made it less than was asked for. */
function takenAmount({ guard }: Pruned): Partial<PlanOptions> {
  const held = guard?.tries.filter(({ holds, values }) => holds && values.length > 0) ?? [];
  const [taken] = held.toSorted((a, b) => b.severity - a.severity);
  if (taken === undefined) return {};
  const { severity: _, holds: __, values: ___, ...amount } = taken;
  return amount;
}

/** Writes what is to be written, and compares where there are samples. */
async function finish(
  file: string,
  pruned: Pruned,
  to: {
    readonly target: string | undefined;
    readonly plan: string | undefined;
    readonly force: boolean;
    readonly report: string | undefined;
    readonly dataset: Dataset | undefined;
    readonly given: PlanOptions;
  },
  call: CallOptions,
): Promise<PruningOutcome> {
  const { target, plan, report, force, dataset, given } = to;
  // The very text that the model's metadata hold the hash of.
  if (plan !== undefined) await writeOutput(plan, JSON.stringify(pruned.plan));
  const saving = target === undefined ? undefined : pruned.save(target, { force, ...call });
  // While other threads write, this one has nothing else to do.
  const [saved] = await Promise.all([saving, loadReports()]);
  const { labels, samples, shape } = given;
  const isRead = dataset !== undefined || report !== undefined;
  const made = target ?? (isRead ? await pruned.toBytes(call) : '');
  const check = dataset === undefined ? undefined : await checkPruned(file, made, dataset, labels, call);
  if (report !== undefined)
    await writeReport(
      report,
      file,
      made,
      {
        outcome: { ...pruned, warnings: [...pruned.warnings, ...(check?.warnings ?? [])] },
        ...(dataset === undefined ? { compare: false } : { data: dataset }),
        ...(check?.verification !== undefined && { verification: check.verification }),
        ...(labels !== undefined && { labels }),
        ...(samples !== undefined && { samples }),
        ...(shape !== undefined && { shape }),
      },
      call,
    );
  return {
    file,
    output: target ?? null,
    data: saved !== undefined && saved.externalBytes > 0 ? `${target}.data` : null,
    plan: plan ?? null,
    ...(report !== undefined && { report }),
    before: pruned.before,
    after: saved === undefined ? pruned.after : { ...pruned.after, bytes: saved.bytes },
    groups: pruned.plan.groups.map(({ id, lanes, kept, exact }) => ({ id, lanes, kept: kept.length, exact })),
    ...(pruned.plan.interface && { interface: pruned.plan.interface }),
    ...(pruned.latency !== undefined && { latency: pruned.latency }),
    ...(pruned.guard !== undefined && { guard: pruned.guard }),
    ...(pruned.reconstruction && { reconstruction: pruned.reconstruction }),
    lengths: pruned.lengths,
    warnings: [...pruned.warnings, ...(check?.warnings ?? [])],
    ...(check?.verification !== undefined && { verification: check.verification }),
  };
}
