import type { Dataset } from '../data/dataset.js';
import type { CallOptions, PlanOptions, Pruned } from '../options/types.js';
import { checkData, checkPruned, openData, readData } from './check.js';
import { checkOutput, writeBytes, writeOutput } from './files.js';
import { type NamedModel, STREAM } from './models.js';
import { loadReports, type PruningOutcome } from './outcome.js';
import { writeReport } from './reporting.js';

/** What is asked of a pruning, whichever model it is of. */
export interface PruneRequest {
  readonly wanted: Omit<PlanOptions, 'data'>;
  /** The samples, as they are named. */
  readonly data: string | undefined;
  /** Also plans on either half of them. */
  readonly stability: boolean;
  readonly force: boolean;
}

/** Where model, plan and report are written; nothing where they are not. */
export interface PruneTargets {
  readonly target: string | undefined;
  readonly plan: string | undefined;
  readonly report: string | undefined;
}

/** Whether all of them can be written, before the work. errors: OUTPUT_EXISTS, OUTPUT_UNWRITABLE, OPTION_INVALID where one would overwrite another */
export async function checkTargets(file: string, to: PruneTargets, force: boolean): Promise<void> {
  const sources = file === STREAM ? [] : [file];
  for (const path of [to.target, to.plan, to.report])
    if (path !== undefined && path !== STREAM) {
      await checkOutput(path, { force, sources });
      sources.push(path);
    }
}

/** The samples of a request: opened where they are arrays, else what is opened with the model. */
export const samplesOf = async ({ data, wanted }: PruneRequest): Promise<Dataset | string | undefined> =>
  data === undefined ? undefined : readData(data, wanted.labels);

/** Prunes one model, writes what is to be written, and compares where there are samples. `file`: its name, for people; `tell`: is given what samples became. */
export async function pruneOne(
  { file, model: source }: { readonly file: string; readonly model: NamedModel },
  to: PruneTargets,
  { wanted, stability, force }: PruneRequest,
  samples: Dataset | string | undefined,
  { tell, ...call }: CallOptions & { readonly tell: (line: string) => void },
): Promise<PruningOutcome> {
  const { openModel } = await import('../api/open.js');
  const model = await openModel(source, call);
  try {
    const dataset =
      samples === undefined ? undefined : await openData(samples, model, { ...wanted, ...call }, tell);
    if (dataset !== undefined) checkData(dataset, model.inspect());
    const pruned = await model.prune({
      ...wanted,
      ...(dataset !== undefined && { data: dataset }),
      ...call,
    });
    const outcome = await finish({ file, source }, pruned, { ...to, force, dataset, wanted }, call);
    if (!stability || dataset === undefined) return outcome;
    const asked = { ...wanted, ...takenAmount(pruned), data: dataset };
    return { ...outcome, stability: await model.stability({ ...asked, ...call }) };
  } finally {
    model.dispose();
  }
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
  { file, source }: { readonly file: string; readonly source: NamedModel },
  pruned: Pruned,
  to: PruneTargets & {
    readonly force: boolean;
    readonly dataset: Dataset | undefined;
    readonly wanted: PruneRequest['wanted'];
  },
  call: CallOptions,
): Promise<PruningOutcome> {
  const { target, plan, report, force, dataset, wanted } = to;
  // The very text that the model's metadata hold the hash of.
  if (plan !== undefined) await writeOutput(plan, JSON.stringify(pruned.plan));
  const isFile = target !== undefined && target !== STREAM;
  const saving = isFile ? pruned.save(target, { force, ...call }) : undefined;
  // While other threads write, this one has nothing else to do.
  const [saved] = await Promise.all([saving, loadReports()]);
  const isRead = target === STREAM || dataset !== undefined || report !== undefined;
  const bytes = isFile || !isRead ? undefined : await pruned.toBytes(call);
  if (target === STREAM) await writeBytes(bytes!);
  const made = bytes ?? target ?? '';
  const { labels, samples, shape } = wanted;
  const check = dataset === undefined ? undefined : await checkPruned(source, made, dataset, labels, call);
  if (report !== undefined)
    await writeReport(
      report,
      source,
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
    after: { ...pruned.after, bytes: saved?.bytes ?? bytes?.length ?? pruned.after.bytes },
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
