import { EspalierError, option, text } from '../base/errors.js';
import { rolesOf } from '../compare/outputRoles.js';
import { Outputs } from '../compare/outputs.js';
import { standInsOf } from '../compare/standIns.js';
import type { Dataset } from '../data/dataset.js';
import { answeringKept, type InterfaceChanges, takingWhole } from '../data/interfaceChanges.js';
import { matchInputs, readLabels } from '../data/match.js';
import { part } from '../data/part.js';
import { type ObservedModel, observe, observedCopy } from '../execution/observed.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import { quietly } from '../native/quietly.js';
import { temporaryFolder } from '../platform/index.js';
import type { Runtime, Session } from '../runtime/runtime.js';
import { type HeldOut, holds, valuesOn } from './heldOut.js';
import { metricNamed } from './metrics.js';
import { hardest, MOST_TRIES } from './search.js';
import type { Guard, GuardReport, GuardTry, GuardValue } from './types.js';

/** A pruned model that is not written yet, as far as a guard looks at it. */
export interface Candidate {
  readonly plan: {
    readonly groups: readonly { readonly kept: readonly number[] }[];
    readonly tensors: object;
    readonly interface?: InterfaceChanges;
  };
  readonly after: { readonly bytes: number };
  toBytes(options?: NativeOptions): Promise<Uint8Array>;
  save(path: string, options?: NativeOptions): Promise<unknown>;
}

/** The amount that a severity stands for, by the option's name. */
export type PruningAmount = Pick<GuardTry, 'ratio' | 'macs' | 'params' | 'bytes' | 'latency'>;

/**
 * A search for the strongest pruning that keeps its guards: the model, the held-out samples, and how to prune by a
 * given amount.
 */
export interface GuardTask<T extends Candidate> extends NativeOptions {
  readonly model: NativeModel;
  readonly file: string;
  readonly runtime: Runtime;
  readonly guards: readonly Guard[];
  readonly dataset: Dataset;
  readonly samples?: number | undefined;
  readonly labels?: string | undefined;
  readonly seed: number;
  /** 1: what was asked for; 0: nothing would leave. */
  amount(severity: number): PruningAmount;
  /** Prunes by so much, calibrated with these samples. Errors of the code NOTHING_PRUNABLE: it is too little. */
  attempt(amount: PruningAmount, calibration: Dataset): Promise<T>;
}

/** The share of the samples that is held out: the last ones. */
const HELD_OUT = 1 / 4;

/**
 * The smallest model, of those tried, that keeps its guards on samples held out from its calibration.
 *
 * errors: GUARD_FAILED where the original itself does not, or the gentlest pruning that was tried does not;
 * DATA_MISMATCH, DATA_MALFORMED, RUNTIME_MISSING, RUNTIME_FAILED, and those of pruning.
 */
export async function guarded<T extends Candidate>(
  task: GuardTask<T>,
): Promise<{ readonly pruned: T; readonly report: GuardReport }> {
  const { model, runtime, guards, dataset, seed, signal } = task;
  const document = model.describe();
  const standIns = standInsOf(document).flatMap(({ values }) => values);
  const copy = await observe(model, standIns, quietly(task));
  let original: Session | undefined;
  try {
    original = await runtime.load(copy.model, quietly(task));
    const split = splitOf(dataset, original, task.samples);
    const tested = part(dataset, split.all, split.calibration, split.end);
    const labels =
      task.labels === undefined
        ? undefined
        : (await readLabels(dataset, task.labels, split.all)).slice(split.calibration, split.end);
    const heldOut: HeldOut = {
      original,
      outputs: new Outputs(original, rolesOf(document)),
      match: matchInputs(tested, original.inputs),
      labels,
      seed,
      ...(signal && { signal }),
    };
    const first = await valuesOn(heldOut, original, guards);
    if (!holds(guards, first))
      throw failed(task, guards, first, heldOut.match.samples, 'the original itself does not keep');
    const search = new Search(task, heldOut, part(dataset, split.all, 0, split.calibration), standIns);
    const pruned = await hardest((severity) => search.attempt(severity));
    if (pruned === undefined)
      throw failed(task, guards, search.best(), heldOut.match.samples, 'no pruning that was tried keeps');
    const report: GuardReport = {
      guards: guards.map((guard) => ({ ...guard, ...pruned.values.find((v) => v.metric === guard.metric)! })),
      samples: heldOut.match.samples,
      calibration: split.calibration,
      ...(heldOut.outputs.unjudged.length > 0 && { unjudged: heldOut.outputs.unjudged }),
      tries: search.tries,
    };
    return { pruned: pruned.candidate, report };
  } finally {
    const closed = original?.dispose();
    await copy.remove(closed);
    if (signal?.aborted) closed?.catch(() => undefined);
    else await closed;
  }
}

/** The number of samples, of those for calibration, and the end of those that are used at all. */
function splitOf(
  dataset: Dataset,
  original: Session,
  most: number | undefined,
): { readonly all: number; readonly calibration: number; readonly end: number } {
  const { samples: all, batch } = matchInputs(dataset, original.inputs);
  const step = typeof batch === 'number' ? batch : 1;
  const blocks = Math.floor(Math.min(all, most ?? all) / step);
  if (blocks < 2)
    throw new EspalierError(
      'DATA_MISMATCH',
      `a guard needs at least ${2 * step} samples: some to calibrate with, some held out`,
      { file: dataset.source },
    );
  const end = blocks * step;
  return { all, calibration: end - step * Math.max(1, Math.floor(blocks * HELD_OUT)), end };
}

interface Found<T> {
  readonly candidate: T;
  readonly values: readonly GuardValue[];
}

/** The tries, what they came to, and what is known of plans that were tried already. */
class Search<T extends Candidate> {
  readonly tries: GuardTry[] = [];
  readonly #known = new Map<string, readonly GuardValue[]>();

  constructor(
    readonly task: GuardTask<T>,
    readonly heldOut: HeldOut,
    readonly calibration: Dataset,
    /** Values that are compared beside the outputs. */
    readonly standIns: readonly string[],
  ) {}

  async attempt(
    severity: number,
  ): Promise<{ readonly result: Found<T> | undefined; readonly holds: boolean }> {
    const { task } = this;
    const amount = task.amount(severity);
    task.onProgress?.({ phase: 'guard', done: this.tries.length, total: MOST_TRIES });
    const candidate = await task.attempt(amount, this.calibration).catch((error: unknown) => {
      const little = error instanceof EspalierError && error.code === 'NOTHING_PRUNABLE' && severity < 1;
      if (!little) throw error;
    });
    if (candidate === undefined || (severity < 1 && candidate.plan.groups.length === 0)) {
      this.tries.push({ severity, ...amount, holds: true, values: [] });
      return { result: undefined, holds: true };
    }
    const values = await this.#valuesOf(candidate);
    const held = holds(task.guards, values);
    this.tries.push({ severity, ...amount, holds: held, values });
    return { result: held ? { candidate, values } : undefined, holds: held };
  }

  /** The best value of each metric that any try reached. */
  best(): readonly GuardValue[] {
    return this.task.guards.flatMap(({ metric }) => {
      const sign = metricNamed(metric).limit === 'atLeast' ? -1 : 1;
      const all = this.tries.flatMap(({ values }) => values.filter((value) => value.metric === metric));
      return all.sort((a, b) => sign * (a.value - b.value)).slice(0, 1);
    });
  }

  async #valuesOf(candidate: T): Promise<readonly GuardValue[]> {
    const { task, heldOut } = this;
    const key = JSON.stringify([candidate.plan.groups.map(({ kept }) => kept), candidate.plan.tensors]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const changes = candidate.plan.interface ?? { inputs: {}, outputs: {} };
    const original = answeringKept(heldOut.original, changes);
    const values = await withSession(candidate, task, this.standIns, (session) =>
      valuesOn({ ...heldOut, original, shrunk: changes.outputs }, takingWhole(session, changes), task.guards),
    );
    this.#known.set(key, values);
    return values;
  }
}

/** Models below this many bytes are handed over in memory. */
const IN_MEMORY = 1024 ** 3;

async function withSession<T extends Candidate, R>(
  candidate: T,
  task: GuardTask<T>,
  standIns: readonly string[],
  act: (session: Session) => Promise<R>,
): Promise<R> {
  const small = candidate.after.bytes < IN_MEMORY;
  const folder = small ? undefined : await temporaryFolder();
  let session: Session | undefined;
  let copy: ObservedModel | undefined;
  try {
    const path = folder?.path('model.onnx');
    if (path !== undefined) await candidate.save(path, quietly(task));
    const model = path ?? (await candidate.toBytes(quietly(task)));
    if (standIns.length > 0) copy = await observedCopy(model, standIns, quietly(task));
    session = await task.runtime.load(copy?.model ?? model, quietly(task));
    return await act(session);
  } finally {
    const closed = session?.dispose();
    if (task.signal?.aborted) closed?.catch(() => undefined);
    else await closed;
    await copy?.remove(closed);
    await folder?.remove();
  }
}

function failed<T extends Candidate>(
  { file }: GuardTask<T>,
  guards: readonly Guard[],
  values: readonly GuardValue[],
  samples: number,
  who: string,
): EspalierError {
  const words = guards.map(({ metric, atLeast, atMost }) => {
    const limit = atLeast === undefined ? `<=${atMost}` : `>=${atLeast}`;
    const reached = values.find((value) => value.metric === metric);
    return `${metric}${limit}${reached === undefined ? '' : ` (best ${Number(reached.value.toFixed(4))})`}`;
  });
  return new EspalierError(
    'GUARD_FAILED',
    `${who} ${words.join(' and ')} on the ${samples} samples held out`,
    { file },
    text`Ask for less of the metric, or free the pruning: another ${option('criterion')} or ${option('policy')}, or more samples in ${option('data')}.`,
  );
}
