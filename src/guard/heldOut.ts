import { batches, type Match } from '../calibration/match.js';
import { EspalierError } from '../errors.js';
import { bytesOf } from '../runtime/dtypes.js';
import type { Session, Tensor } from '../runtime/runtime.js';
import { bootstrap, wilson } from './interval.js';
import { answersOf, type Metric, metricNamed, valuesOf } from './metrics.js';
import type { Guard, GuardValue } from './types.js';

/** The samples held out, and the original that they were asked. */
export interface HeldOut {
  readonly original: Session;
  readonly match: Match;
  readonly labels: Int32Array | undefined;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** Bytes of inputs that are given at once. */
const BATCH_BYTES = 4 * 1024 * 1024;
const MAX_BATCH = 64;

/**
 * The guards' metrics of a model against the original, on the samples held out. Both run side by side, batch by batch;
 * one number for each sample and output is held.
 *
 * errors: DATA_MISMATCH where no output looks like classes and a metric needs one; RUNTIME_FAILED.
 */
export async function valuesOn(
  heldOut: HeldOut,
  pruned: Session,
  guards: readonly Guard[],
): Promise<GuardValue[]> {
  const collected = guards.map(({ metric }) => new Collected(metricNamed(metric), heldOut.seed));
  for await (const { from, samples, original, answered } of sideBySide(heldOut, pruned)) {
    const labels = heldOut.labels?.subarray(from, from + samples);
    for (const { name } of heldOut.original.outputs) {
      const a = original[name];
      const b = answered[name];
      if (a === undefined || a.type === 'string') continue;
      if (b === undefined || b.dims.join() !== a.dims.join())
        throw new EspalierError(
          'RUNTIME_FAILED',
          `the output "${name}" has the shape [${a.dims.join(', ')}], of the pruned model ${b === undefined ? 'none' : `[${b.dims.join(', ')}]`}`,
          { tensor: name },
        );
      const answers = answersOf(a, b, samples, labels);
      for (const values of collected) values.add(name, answers);
    }
  }
  return collected.map((values) => values.worst());
}

interface Answered {
  readonly from: number;
  readonly samples: number;
  readonly original: Readonly<Record<string, Tensor>>;
  readonly answered: Readonly<Record<string, Tensor>>;
}

async function* sideBySide(heldOut: HeldOut, pruned: Session): AsyncGenerator<Answered> {
  const { original, match, signal } = heldOut;
  const bytes = match.inputs.reduce(
    (sum, { array, type }) => sum + bytesOf(type) * array.dims.slice(1).reduce((a, b) => a * b, 1),
    0,
  );
  let size = Math.max(1, Math.min(MAX_BATCH, Math.floor(BATCH_BYTES / Math.max(1, bytes))));
  if (match.batch === 'any' && size > 1 && !(await runsWith(heldOut, size))) size = 1;
  for await (const { feeds, from, samples } of batches(match, { size, ...(signal && { signal }) })) {
    const first = await original.run(feeds);
    const second = await pruned.run(feeds);
    yield { from, samples, original: first.outputs, answered: second.outputs };
  }
}

/** Whether the original, which leaves the number of samples open, takes so many at once. */
async function runsWith({ original, match, signal }: HeldOut, size: number): Promise<boolean> {
  for await (const { feeds } of batches(match, { size, samples: size, ...(signal && { signal }) })) {
    const answer = await original.run(feeds).catch((error: unknown) => {
      signal?.throwIfAborted();
      if (!(error instanceof EspalierError) || error.code !== 'RUNTIME_FAILED') throw error;
    });
    return answer !== undefined;
  }
  return true;
}

/** One metric's values of every sample, for each output. */
class Collected {
  readonly #metric: Metric;
  readonly #seed: number;
  readonly #outputs = new Map<string, { readonly values: number[]; classes: boolean }>();

  constructor(metric: Metric, seed: number) {
    this.#metric = metric;
    this.#seed = seed;
  }

  add(output: string, answers: ReturnType<typeof answersOf>): void {
    if (this.#metric.classes && !answers.classes) return;
    const known = this.#outputs.get(output);
    // Labels are those of the first output that can have them.
    if (known === undefined && this.#metric.name === 'accuracy' && this.#outputs.size > 0) return;
    const values = known?.values ?? [];
    for (const value of valuesOf(this.#metric, answers)) values.push(value);
    this.#outputs.set(output, { values, classes: answers.classes && (known?.classes ?? true) });
  }

  worst(): GuardValue {
    const { name: metric, limit } = this.#metric;
    const sign = limit === 'atLeast' ? 1 : -1;
    const all = [...this.#outputs].map(([output, { values, classes }]) => ({
      output,
      values,
      classes,
      value: values.reduce((sum, value) => sum + value, 0) / values.length,
    }));
    const worst = all.sort((a, b) => sign * (a.value - b.value))[0];
    if (worst === undefined)
      throw new EspalierError(
        'DATA_MISMATCH',
        `no output of the model looks like classes, [samples, classes], so ${metric} says nothing of it`,
        {},
        "Guard what any output has: --guard 'fidelity>=0.98', or cosine.",
      );
    const { values, value, output } = worst;
    const interval = this.#metric.share(worst.classes)
      ? wilson(value, values.length)
      : bootstrap(values, this.#seed);
    return { metric, value, interval, output };
  }
}

export const holds = (guards: readonly Guard[], values: readonly GuardValue[]): boolean =>
  guards.every(({ metric, atLeast = -Infinity, atMost = Infinity }) => {
    const { value } = values.find((one) => one.metric === metric)!;
    return value >= atLeast && value <= atMost;
  });
