import { EspalierError, optionAs, type Spoken, text } from '../base/errors.js';
import { type Labels, labelledOutput, type OwnLabels } from '../compare/labels.js';
import type { Outputs } from '../compare/outputs.js';
import type { Answers } from '../compare/row.js';
import type { Changes } from '../data/interfaceChanges.js';
import { batches, bytesPerSample, type Match } from '../data/match.js';
import type { RunResult, Session } from '../runtime/runtime.js';
import { bootstrap, wilson } from './interval.js';
import { type Labelled, type Metric, metricNamed, valuesOf } from './metrics.js';
import type { Guard, GuardValue } from './types.js';

/** The samples held out, and the original that they were asked. */
export interface HeldOut {
  readonly original: Session;
  readonly outputs: Outputs;
  /** Outputs of the pruned model that are shorter than the original's: their columns are not those that labels speak of. */
  readonly shrunk?: Changes;
  readonly match: Match;
  readonly labels: Labels | undefined;
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
 * errors: DATA_MISMATCH where no output looks like classes and a metric needs one, or where none is answered; RUNTIME_FAILED.
 */
export async function valuesOn(
  heldOut: HeldOut,
  pruned: Session,
  guards: readonly Guard[],
): Promise<GuardValue[]> {
  const collected = guards.map(({ metric }) => new Collected(metricNamed(metric), heldOut));
  if (heldOut.outputs.values.length === 0) return collected.map((values) => values.worst());
  for await (const { from, samples, answers } of sideBySide(heldOut, pruned))
    for (const values of collected) values.add(answers, from, samples);
  return collected.map((values) => values.worst());
}

interface Answered {
  readonly from: number;
  readonly samples: number;
  readonly answers: readonly Answers[];
}

async function* sideBySide(heldOut: HeldOut, pruned: Session): AsyncGenerator<Answered> {
  const { original, outputs, match, signal } = heldOut;
  const wanted = { outputs: outputs.values.map(({ name }) => name) };
  for await (const { feeds, from, samples } of batches(match, {
    size: await sizeFor(heldOut),
    ...(signal && { signal }),
  })) {
    const first = await original.run(feeds, wanted);
    const second = await pruned.run(feeds, wanted);
    const { answers, faults } = outputs.compare(first.outputs, second.outputs, feeds, samples);
    if (faults.length > 0) throw new EspalierError('RUNTIME_FAILED', faults.join('; '));
    yield { from, samples, answers };
  }
}

/** Samples that are asked at once: as many as fit, and one where the original does not take more or does not tell them apart. */
async function sizeFor(heldOut: HeldOut): Promise<number> {
  const { match, outputs } = heldOut;
  if (match.batch !== 'any') return 1;
  const most = Math.floor(BATCH_BYTES / Math.max(1, bytesPerSample(match)));
  const size = Math.max(1, Math.min(MAX_BATCH, most, match.samples));
  if (size === 1) return 1;
  const answer = await tried(heldOut, size);
  return answer !== undefined && outputs.separates(answer.outputs, size) ? size : 1;
}

/** The original's answers to a batch of samples; undefined where the model does not take them at once. */
async function tried({ original, match, signal }: HeldOut, size: number): Promise<RunResult | undefined> {
  for await (const { feeds } of batches(match, { size, samples: size, ...(signal && { signal }) })) {
    return original.run(feeds).catch((error: unknown) => {
      signal?.throwIfAborted();
      if (!(error instanceof EspalierError) || error.code !== 'RUNTIME_FAILED') throw error;
      return undefined;
    });
  }
  return undefined;
}

/** One output's values: NaN for samples that neither model answers. */
interface Values {
  readonly values: number[];
  /** The same, as if it named no classes: whether it does is known when all samples were seen. */
  readonly plain: number[];
  classes: boolean;
}

/** One metric's values of every sample, for each output. */
class Collected {
  readonly #metric: Metric;
  readonly #heldOut: HeldOut;
  readonly #outputs = new Map<string, Values>();
  readonly #unfit = new Set<string>();
  #labels: OwnLabels | undefined;

  constructor(metric: Metric, heldOut: HeldOut) {
    this.#metric = metric;
    this.#heldOut = heldOut;
  }

  add(all: readonly Answers[], from: number, samples: number): void {
    const metric = this.#metric;
    const labelled = metric.name === 'accuracy' ? this.#labelsFor(all) : undefined;
    for (const answers of all) {
      const { output } = answers;
      // An output that names classes does so in every batch: one that does not in some batch never named any.
      if (!metric.fits(answers)) this.#unfit.add(output);
      if (!metric.fits(answers) || (metric.name === 'accuracy' && output !== labelled?.output)) continue;
      const own: Labelled = { ...answers, labels: labelled?.values.subarray(from, from + samples) };
      const known = this.#outputs.get(output) ?? { values: [], plain: [], classes: true };
      this.#outputs.set(output, known);
      known.classes &&= answers.classes !== undefined;
      known.values.push(...valuesOf(metric, own));
      known.plain.push(...valuesOf(metric, { ...own, classes: undefined }));
    }
  }

  #labelsFor(answers: readonly Answers[]): OwnLabels | undefined {
    const { labels, outputs, shrunk = {} } = this.#heldOut;
    const whole = answers.filter(({ output }) => !Object.hasOwn(shrunk, output));
    if (labels !== undefined) this.#labels ??= labelledOutput(whole, labels, outputs);
    return this.#labels;
  }

  worst(): GuardValue {
    const { name: metric, limit } = this.#metric;
    const sign = limit === 'atLeast' ? 1 : -1;
    const all = [...this.#outputs].flatMap(([output, { values, plain, classes }]) => {
      if (this.#unfit.has(output)) return [];
      const own = metric === 'fidelity' && !classes ? plain : values;
      const answered = own.filter((value) => !Number.isNaN(value));
      const value = answered.reduce((sum, one) => sum + one, 0) / answered.length;
      const unanswered = own.length - answered.length;
      return answered.length === 0 ? [] : [{ output, values: answered, classes, value, unanswered }];
    });
    const worst = all.sort((a, b) => sign * (a.value - b.value))[0];
    if (worst === undefined) throw this.#nothing();
    const { values, value, classes, output: name, unanswered } = worst;
    const interval = this.#metric.share(classes)
      ? wilson(value, values.length)
      : bootstrap(values, this.#heldOut.seed);
    const output = this.#heldOut.outputs.outputOf(name);
    return { metric, value, interval, output, ...(unanswered > 0 && { unanswered }) };
  }

  /** Why there is no value. */
  #nothing(): EspalierError {
    const { name } = this.#metric;
    const { unjudged } = this.#heldOut.outputs;
    const todo = text`Guard what any output has: ${optionAs('guard', "[{ metric: 'fidelity', atLeast: 0.98 }]", "'fidelity>=0.98'")}, or cosine.`;
    const refuse = (what: string, what2: string | Spoken): EspalierError =>
      new EspalierError('DATA_MISMATCH', what, {}, what2);
    if ([...this.#outputs.keys()].some((output) => !this.#unfit.has(output)))
      return refuse(
        `the original gives nothing but NaN for all samples held out, so ${name} says nothing of it`,
        'Check the samples, and what the model gives for them.',
      );
    if (name === 'fidelity' || this.#heldOut.outputs.values.length === 0)
      return refuse(
        `no output can be compared: ${unjudged.map(({ output, why }) => `"${output}": ${why}`).join('; ')}`,
        'Export the model with a tensor as its output.',
      );
    if (name === 'accuracy')
      return refuse(
        'no output of the model names classes as the labels do: labels are texts where an output or a ZipMap gives texts, else whole numbers',
        todo,
      );
    if (name === 'cosine') return refuse('all outputs of the model are texts, which have no cosine', todo);
    return refuse(
      `no output of the model looks like classes, [samples, classes], so ${name} says nothing of it`,
      todo,
    );
  }
}

/** Whether every guard's metric lies within its limits `atLeast` and `atMost`, both inclusive. NaN does not. */
export const holds = (guards: readonly Guard[], values: readonly GuardValue[]): boolean =>
  guards.every(({ metric, atLeast = -Infinity, atMost = Infinity }) => {
    const { value } = values.find((one) => one.metric === metric)!;
    return value >= atLeast && value <= atMost;
  });
