import { EspalierError } from '../base/errors.js';
import { frozen } from '../base/frozen.js';
import { labelledOutput, type OwnLabels } from '../compare/labels.js';
import type { Answers } from '../compare/row.js';
import {
  answeringKept,
  changeTexts,
  INTERFACE_KEY,
  type InterfaceChanges,
  readChanges,
  takingWhole,
} from '../data/interface.js';
import { quietly } from '../native/quietly.js';
import { checkVerifyOptions } from '../options/checks.js';
import type { Warning } from '../options/types.js';
import { kindOf } from '../platform/index.js';
import { onnxruntime } from '../runtime/onnxruntime.js';
import type { Feeds, RunOptions, RunResult, Session } from '../runtime/runtime.js';
import { type ModelSource, modelFrom } from '../schema/sources.js';
import { describe } from './bytes.js';
import { OutputComparison } from './compare.js';
import { compareInterfaces } from './interface.js';
import { type Latency, measure } from './latency.js';
import { openSource, type Source } from './source.js';
import type { Verification, VerifyOptions } from './types.js';
import { type Watched, watched } from './watched.js';

/**
 * Runs two models, paths or bytes as `openModel` takes them, side by side on the same data: how alike they answer, how accurate they are, how fast and how large.
 * Holds one batch at a time.
 *
 * What makes the pruned model no replacement is a fault in the result. Errors are for what keeps it from being found out:
 * OPTION_INVALID, RUNTIME_MISSING, RUNTIME_FAILED (the original does not run), DATA_MALFORMED, DATA_MISMATCH, FILE_NOT_FOUND.
 */
export async function verify(
  original: ModelSource,
  pruned: ModelSource,
  options?: VerifyOptions,
): Promise<Verification> {
  const checked = checkVerifyOptions(options);
  return frozen(await verified(modelFrom('original', original), modelFrom('pruned', pruned), checked));
}

async function verified(
  original: string | Uint8Array,
  pruned: string | Uint8Array,
  options: VerifyOptions,
): Promise<Verification> {
  const { signal, runtime = onnxruntime() } = options;
  signal?.throwIfAborted();
  for (const model of [original, pruned]) if (typeof model === 'string') await mustExist(model);
  const [known, other] = await Promise.all([describe(original), describe(pruned)]);
  const sessions: Session[] = [];
  const load = async (model: string | Uint8Array): Promise<Session> => {
    const session = await runtime.load(model, quietly(options));
    sessions.push(session);
    return session;
  };
  try {
    const first = await load(original);
    const run = new Run(first, options, { original: known.bytes, pruned: other.bytes });
    const second = await load(pruned).catch((error: unknown) => run.fault('UNLOADABLE', error));
    if (second === undefined) return run.result();
    const changes = readChanges(other.document?.metadata[INTERFACE_KEY]) ?? NO_CHANGES;
    return await run.compare(second, changes, () =>
      watched(
        { model: original, session: first },
        { model: pruned, session: second },
        known.document,
        load,
        signal,
      ),
    );
  } finally {
    const gone = Promise.all(sessions.map((session) => session.dispose()));
    // A session that is still busy goes as soon as it can; whoever aborted need not wait for it.
    if (!signal?.aborted) await gone;
  }
}

const NO_CHANGES: InterfaceChanges = { inputs: {}, outputs: {} };

interface Bytes {
  readonly original: number;
  readonly pruned: number;
}

/** One verification: what was found so far. */
class Run {
  readonly #original: Session;
  #changes = NO_CHANGES;
  readonly #options: VerifyOptions;
  readonly #bytes: Bytes;
  readonly #faults: Warning[] = [];
  readonly #warnings: Warning[] = [];
  readonly #batches = new Set<number>();
  readonly #comparisons = new Map<string, OutputComparison>();
  #source: Source | undefined;
  #watched: Watched | undefined;
  #labels: OwnLabels | undefined;
  #samples = 0;
  #latency: Verification['latency'];

  constructor(original: Session, options: VerifyOptions, bytes: Bytes) {
    this.#original = original;
    this.#options = options;
    this.#bytes = bytes;
  }

  /** Notes what the pruned model cannot do; errors of another kind are thrown on. */
  fault(code: string, error: unknown, words = ''): undefined {
    this.#options.signal?.throwIfAborted();
    if (!(error instanceof EspalierError) || error.code !== 'RUNTIME_FAILED') throw error;
    this.#faults.push({ code, text: `${words}${error.what}` });
  }

  /** changes: what the pruned model itself says of its inputs and outputs, which is then no fault. */
  async compare(
    pruned: Session,
    changes: InterfaceChanges,
    watch: () => Promise<Watched>,
  ): Promise<Verification> {
    this.#faults.push(...compareInterfaces(this.#original, pruned, changes));
    if (this.#faults.length > 0) return this.result();
    this.#changes = changes;
    const texts = [...changeTexts(changes.inputs), ...changeTexts(changes.outputs)];
    if (texts.length > 0)
      this.#warn(
        'INTERFACE_DECLARED',
        `the pruned model is no drop-in replacement, and says so: of its inputs and outputs it has ${texts.join('; ')}. Here it was given the indices that stay, and compared at them`,
      );
    const found = await watch();
    const both: Watched = {
      original: answeringKept(found.original, changes),
      pruned: takingWhole(found.pruned, changes),
      outputs: found.outputs,
    };
    this.#watched = both;
    if (both.outputs.values.length > 0) {
      const source = await openSource(both.original, this.#options);
      this.#source = source;
      const size = await this.#probe(source, both);
      if (this.#faults.length > 0) return this.result();
      await this.#answers(source, both, size);
      // Copies that give more are timed only where the models themselves give nothing that can be fetched.
      const fetched = this.#original.outputs.some(({ dtype }) => dtype !== 'other');
      const timed = fetched ? { original: this.#original, pruned: takingWhole(pruned, changes) } : both;
      if (this.#faults.length === 0) await this.#time(source, timed);
    }
    return this.result();
  }

  /**
   * Runs both with several batch sizes, where the model leaves it open; gives the largest that the original can do, or 1 where it does
   * not tell samples apart.
   */
  async #probe(source: Source, both: Watched): Promise<number> {
    if (source.batch !== 'any') return 1;
    const sizes = [...new Set([1, 2, Math.min(source.size, source.samples)])].filter(
      (n) => n <= source.samples,
    );
    let largest = 0;
    let separate = true;
    for (const size of sizes) {
      for await (const { feeds } of source.batches(size, size)) {
        const answers = await both.original.run(feeds, wanted(both)).catch((error: unknown) => {
          if (largest === 0) throw error;
          this.#options.signal?.throwIfAborted();
        });
        if (answers === undefined) {
          this.#warn(
            'BATCH',
            `the original leaves the number of samples open, but does not run with ${size}`,
          );
          return separate ? largest : 1;
        }
        separate &&= both.outputs.separates(answers.outputs, size);
        await this.#ask(both, feeds, answers, size);
        if (this.#faults.length > 0) return size;
        largest = size;
      }
    }
    return separate ? largest : 1;
  }

  async #answers(source: Source, both: Watched, size: number): Promise<void> {
    const { onProgress } = this.#options;
    onProgress?.({ phase: 'verify', done: 0, total: source.samples });
    for await (const { feeds, from, samples } of source.batches(size, source.samples)) {
      const original = await both.original.run(feeds, wanted(both));
      const compared = await this.#ask(both, feeds, original, samples);
      if (compared === undefined) return;
      const { labels } = source;
      // The columns of what shrank are not those that labels speak of.
      const whole = compared.filter(({ output }) => !Object.hasOwn(this.#changes.outputs, output));
      if (labels !== undefined) this.#labels ??= labelledOutput(whole, labels, both.outputs);
      for (const answers of compared) {
        const { output: value } = answers;
        const output = both.outputs.outputOf(value);
        const own = value === this.#labels?.output ? this.#labels.values : undefined;
        const comparison =
          this.#comparisons.get(value) ?? new OutputComparison(output, output === value ? undefined : value);
        this.#comparisons.set(value, comparison.add(answers, own?.subarray(from, from + samples)));
      }
      this.#samples += samples;
      onProgress?.({ phase: 'verify', done: Math.min(this.#samples, source.samples), total: source.samples });
    }
  }

  /** Asks the pruned model what the original has answered; nothing, and a fault, where it fails or its shapes differ. */
  async #ask(
    both: Watched,
    feeds: Feeds,
    answers: RunResult,
    samples: number,
  ): Promise<readonly Answers[] | undefined> {
    const mine = await both.pruned
      .run(feeds, wanted(both))
      .catch((error: unknown) => this.fault('RUN_FAILED', error, `with ${samples} samples at once: `));
    if (mine === undefined) return undefined;
    const compared = both.outputs.compare(answers.outputs, mine.outputs, feeds, samples);
    this.#faults.push(...compared.faults.map((text) => ({ code: 'SHAPE_CHANGED', text })));
    if (this.#faults.length > 0) return undefined;
    this.#batches.add(samples);
    return compared.answers;
  }

  async #time(source: Source, { original, pruned }: Pick<Watched, 'original' | 'pruned'>): Promise<void> {
    const { runs, signal, threads = 'default' } = this.#options;
    if (runs === 0) return;
    for await (const { feeds, samples } of source.batches(1, source.samples)) {
      const latency: Latency = await measure(original, pruned, feeds, {
        ...(runs !== undefined && { runs }),
        ...(signal && { signal }),
      });
      const { slower, ...medians } = latency;
      const ratio = latency.prunedMs / latency.originalMs;
      this.#latency = { ...medians, ratio, batch: samples, threads };
      if (slower)
        this.#warn(
          'SLOWER',
          `the pruned model is slower than the original: ${ratio.toFixed(2)} times its time`,
        );
      return;
    }
  }

  result(): Verification {
    const comparisons = [...this.#comparisons.values()];
    const outputs = comparisons.map((comparison) => comparison.report());
    for (const [i, comparison] of comparisons.entries()) {
      const { name, nonFinite } = outputs[i]!;
      if (comparison.lost && nonFinite.pruned > 0)
        this.#faults.push({
          code: 'NO_ANSWER',
          text: `the output "${name}" of the pruned model is NaN or infinite in every sample that the original answers`,
        });
    }
    const accuracy = this.#accuracy();
    const { original, pruned } = this.#bytes;
    const result: Verification = {
      ok: this.#faults.length === 0,
      faults: this.#faults,
      warnings: this.#warnings,
      data: {
        source: this.#source?.name ?? 'none',
        random: this.#source?.random ?? false,
        samples: this.#samples,
        batches: [...this.#batches].sort((a, b) => a - b),
      },
      outputs,
      unjudged: this.#watched?.outputs.unjudged ?? [],
      ...(accuracy && { accuracy }),
      ...(this.#latency && { latency: this.#latency }),
      bytes: { original, pruned, ratio: pruned / original },
    };
    this.#warnings.push(...judge(result, this.#source));
    return result;
  }

  #warn(code: string, text: string): void {
    this.#warnings.push({ code, text });
  }

  #accuracy(): Verification['accuracy'] {
    const { labels } = this.#options;
    if (labels === undefined || this.#source?.labels === undefined) return undefined;
    const own = this.#labels;
    const comparison = own && this.#comparisons.get(own.output);
    if (comparison === undefined) {
      if (this.#samples > 0)
        this.#warn('LABELS', 'no output names classes as the labels do, so the labels were not used');
      return undefined;
    }
    const output = this.#watched!.outputs.outputOf(own!.output);
    if (own!.beyond !== undefined) {
      const { label, classes } = own!.beyond;
      this.#warn('LABELS', `a label is ${label}, but "${output}" has ${classes} classes`);
    }
    return { labels, output, ...comparison.accuracy() };
  }
}

const wanted = ({ outputs }: Watched): RunOptions => ({ outputs: outputs.values.map(({ name }) => name) });

/** What a reader should not miss. */
function judge(
  { outputs, unjudged, bytes, data }: Verification,
  source: Source | undefined,
): readonly Warning[] {
  const warnings: Warning[] = [];
  const warn = (code: string, text: string) => warnings.push({ code, text });
  for (const { name, nonFinite, unanswered } of outputs) {
    if (nonFinite.pruned > nonFinite.original)
      warn(
        'NON_FINITE',
        `the output "${name}" of the pruned model holds ${nonFinite.pruned} NaN or infinite values, of the original ${nonFinite.original}`,
      );
    else if (nonFinite.original > 0)
      warn(
        'NON_FINITE',
        `the output "${name}" of the original holds ${nonFinite.original} NaN or infinite values`,
      );
    if (unanswered.elements > 0)
      warn(
        'NO_ANSWER',
        `${unanswered.elements} values of the output "${name}" are NaN in both models: no answer, and left out of the comparison${unanswered.samples > 0 ? `, with ${unanswered.samples} samples that hold nothing else` : ''}`,
      );
  }
  for (const { output, why } of unjudged)
    warn('NOT_COMPARED', `the output "${output}" could not be compared: ${why}`);
  if (bytes.pruned > bytes.original) warn('LARGER', 'the pruned model is larger than the original');
  if (source !== undefined && data.samples > 0 && data.samples < source.samples)
    warn(
      'SAMPLES',
      `${source.samples - data.samples} samples were left out: the model takes ${source.batch} at once`,
    );
  return warnings;
}

async function mustExist(file: string): Promise<void> {
  await kindOf(file).catch((cause: unknown) => {
    throw new EspalierError('FILE_NOT_FOUND', 'the model does not exist', { file }, '', { cause });
  });
}
