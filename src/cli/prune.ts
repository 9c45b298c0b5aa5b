import type { Command } from 'commander';
import { policies } from '../api/lists.js';
import { EspalierError } from '../base/errors.js';
import type { Dataset } from '../data/data.js';
import { checkPlanOptions, policyFor } from '../options/options.js';
import type { CallOptions, Guard, PlanOptions, Pruned } from '../options/types.js';
import { checkData, checkPruned, readData } from './check.js';
import { addCriterion, criterionOf } from './criterion.js';
import { checkOutput, writeOutput } from './files.js';
import { guardOption } from './guard.js';
import { loadReports, type Outcome, printOutcome } from './outcome.js';
import { type Terminal, type WorkOptions, work } from './terminal.js';
import { addOptions, option, parseBytes, parseName, parseNumber, parseWhole } from './values.js';

interface Options extends WorkOptions, Pick<PlanOptions, 'criterion' | 'criterionOptions'> {
  readonly output?: string;
  readonly ratio?: number;
  readonly macs?: number;
  readonly params?: number;
  readonly latency?: number;
  readonly bytes?: number;
  readonly policy?: string;
  readonly reconstruct: boolean;
  readonly exact?: boolean;
  readonly roundTo?: number;
  readonly keep?: readonly string[];
  readonly free?: readonly string[];
  readonly seed?: number;
  readonly plan?: string;
  readonly dryRun?: boolean;
  readonly data?: string;
  readonly samples?: number;
  readonly shape?: Readonly<Record<string, readonly number[]>>;
  readonly labels?: string;
  readonly guard?: readonly Guard[];
  readonly stability?: boolean;
  readonly force?: boolean;
}

/** `espalier prune MODEL -o OUT`: plan, remove, and with data compare. */
export function addPrune(program: Command, terminal: Terminal): void {
  const names = policies().map(({ name }) => name);
  const command = program
    .command('prune')
    .description('remove what is worth least, and write a smaller model')
    .argument('<MODEL>', 'an .onnx file')
    .option('-o, --output <OUT>', 'the .onnx file to write')
    .optionsGroup('How much (one of them):')
    .option('--ratio <R>', 'remove this fraction of every prunable axis: 0.5 removes half', parseNumber)
    .option('--macs <F>', 'leave at most this fraction of the multiply-adds', parseNumber)
    .option('--params <F>', 'leave at most this fraction of the parameters', parseNumber)
    .option(
      '--latency <F>',
      'leave at most this fraction of the latency, predicted from layers measured here (kept in a cache)',
      parseNumber,
    )
    .option('--bytes <N>', 'leave at most this many bytes: 2MB, 500kB, 1MiB', parseBytes)
    .addOption(option.shape())
    .optionsGroup('What:');
  addCriterion(command)
    .option(
      '--policy <NAME>',
      `how much leaves where: ${names.join(', ')} (default: ${policyFor({ ratio: 0.5 })} with --ratio; with a budget ${policyFor({ macs: 0.5 })}, with --data too ${policyFor({ macs: 0.5, data: '' })})`,
      parseName(names),
    )
    .option('--no-reconstruct', 'leave the weights that stay as they are (without --data they stay anyway)')
    .option('--exact', 'touch only lanes whose removal equals zeros in the original')
    .option(
      '--round-to <N>',
      'keep a multiple of N lanes in each group (default: 8 in groups of 32 lanes and more, else 1)',
      parseWhole(1),
    )
    .addOption(option.keep())
    .addOption(option.free())
    .optionsGroup('Checking:');
  addOptions(command, option.data(), option.samples(), option.labels(), guardOption())
    .option(
      '--stability',
      'also tell how much the choice hangs on the samples: plans on either half of --data',
    )
    .optionsGroup('Writing:')
    .option('--plan <FILE>', 'also write the plan, as JSON')
    .option('--dry-run', 'write nothing, but for the plan');
  addOptions(command, option.force()).optionsGroup('Options:');
  addOptions(command, option.seed(), option.threads(), option.quiet(), option.json());
  command.action((file: string, options: Options, own: Command) =>
    prune(file, { ...options, ...criterionOf(own) }, terminal),
  );
}

async function prune(file: string, options: Options, terminal: Terminal): Promise<void> {
  const { output, plan, dryRun = false, data, labels, force = false } = options;
  const wanted = planOptions(options);
  checkPlanOptions({
    ...wanted,
    ...(data !== undefined && { data }),
    ...(options.threads !== undefined && { threads: options.threads }),
  });
  if (output === undefined && !dryRun)
    throw new EspalierError('OPTION_INVALID', 'no output is given', {}, 'Add -o OUT.onnx, or --dry-run.');
  if (labels !== undefined && data === undefined)
    throw new EspalierError('OPTION_INVALID', '--labels names an array in --data, which is not given');
  if (options.stability && data === undefined)
    throw new EspalierError(
      'OPTION_INVALID',
      '--stability is that of a choice on samples, and none are given',
      {},
      'Give --data FILE.',
    );
  const target = dryRun ? undefined : output;
  if (target !== undefined) await checkOutput(target, { force, sources: [file] });
  if (plan !== undefined)
    await checkOutput(plan, { force, sources: [file, ...(target === undefined ? [] : [target])] });

  const outcome = await work(terminal, options, async (call): Promise<Outcome> => {
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
      const outcome = await finish(file, pruned, { target, plan, force, dataset, labels }, call);
      if (!options.stability || dataset === undefined) return outcome;
      const asked = { ...wanted, ...takenAmount(pruned), data: dataset };
      return { ...outcome, stability: await model.stability({ ...asked, ...call }) };
    } finally {
      model.dispose();
    }
  });
  if (outcome.verification?.ok === false) terminal.fail();
  await printOutcome(terminal, outcome, options);
  if (target !== undefined && data === undefined && !options.json)
    terminal.hint(`Compare it on your own samples: espalier verify ${file} ${target} --data FILE`, options);
  if (
    target !== undefined &&
    outcome.reconstruction !== undefined &&
    options.guard === undefined &&
    !options.json
  )
    terminal.hint(
      `It was fitted to these samples. Compare it on others: espalier verify ${file} ${target} --data FILE`,
      options,
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
    readonly dataset: Dataset | undefined;
    readonly labels: string | undefined;
  },
  call: CallOptions,
): Promise<Outcome> {
  const { target, plan, force, dataset, labels } = to;
  // The very text that the model's metadata hold the hash of.
  if (plan !== undefined) await writeOutput(plan, JSON.stringify(pruned.plan));
  const saving = target === undefined ? undefined : pruned.save(target, { force, ...call });
  // While other threads write, this one has nothing else to do.
  const [saved] = await Promise.all([saving, loadReports()]);
  const check =
    dataset === undefined
      ? undefined
      : await checkPruned(file, target ?? (await pruned.toBytes(call)), dataset, labels, call);
  return {
    file,
    output: target ?? null,
    data: saved !== undefined && saved.externalBytes > 0 ? `${target}.data` : null,
    plan: plan ?? null,
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

function planOptions(options: Options): PlanOptions {
  const {
    criterion,
    criterionOptions,
    samples,
    ratio,
    macs,
    params,
    latency,
    bytes,
    policy,
    exact,
    roundTo,
    keep,
    free,
    seed,
    guard,
    labels,
    shape,
  } = options;
  return {
    ...(criterion !== undefined && { criterion }),
    ...(criterionOptions !== undefined && { criterionOptions }),
    ...(samples !== undefined && { samples }),
    ...(shape !== undefined && { shape }),
    ...(ratio !== undefined && { ratio }),
    ...(macs !== undefined && { macs }),
    ...(params !== undefined && { params }),
    ...(latency !== undefined && { latency }),
    ...(bytes !== undefined && { bytes }),
    ...(policy !== undefined && { policy }),
    ...(!options.reconstruct && { reconstruct: false }),
    ...(exact !== undefined && { exact }),
    ...(roundTo !== undefined && { roundTo }),
    ...(keep !== undefined && { keep }),
    ...(free !== undefined && { free }),
    ...(seed !== undefined && { seed }),
    ...(guard !== undefined && { guard }),
    ...(labels !== undefined && { labels }),
  };
}
