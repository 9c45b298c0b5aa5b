import { stat } from 'node:fs/promises';
import type { Warning } from '../api/types.js';
import { EspalierError } from '../errors.js';
import { onnxruntime } from '../runtime/onnxruntime.js';
import type { Feeds, RunResult, Session } from '../runtime/runtime.js';
import { modelBytes } from './bytes.js';
import { OutputComparison } from './compare.js';
import { compareAnswers, compareInterfaces } from './interface.js';
import { type Latency, measure } from './latency.js';
import { openSource, type Source } from './source.js';
import type { Verification, VerifyOptions } from './types.js';

/**
 * Runs two models side by side on the same data: how alike they answer, how accurate they are, how fast and how large.
 * Holds one batch at a time.
 *
 * What makes the pruned model no replacement is a fault in the result. Errors are for what keeps it from being found out:
 * RUNTIME_MISSING, RUNTIME_FAILED (the original does not run), DATA_MALFORMED, DATA_MISMATCH, FILE_NOT_FOUND.
 */
export async function verify(
  original: string | Uint8Array,
  pruned: string | Uint8Array,
  options: VerifyOptions = {},
): Promise<Verification> {
  const { signal, threads, runtime = onnxruntime() } = options;
  checkOptions(options);
  for (const model of [original, pruned]) if (typeof model === 'string') await mustExist(model);
  const bytes = await Promise.all([modelBytes(original), modelBytes(pruned)]);
  const load = (model: string | Uint8Array) =>
    runtime.load(model, { ...(threads !== undefined && { threads }), ...(signal && { signal }) });

  const sessions: Session[] = [];
  try {
    const first = await load(original);
    sessions.push(first);
    const run = new Run(first, options, { original: bytes[0]!, pruned: bytes[1]! });
    const second = await load(pruned).catch((error: unknown) => run.fault('UNLOADABLE', error));
    if (second === undefined) return run.result();
    sessions.push(second);
    return await run.compare(second);
  } finally {
    const gone = Promise.all(sessions.map((session) => session.dispose()));
    // A session that is still busy goes as soon as it can; whoever aborted need not wait for it.
    if (!signal?.aborted) await gone;
  }
}

interface Bytes {
  readonly original: number;
  readonly pruned: number;
}

/** One verification: what was found so far. */
class Run {
  readonly #original: Session;
  readonly #options: VerifyOptions;
  readonly #bytes: Bytes;
  readonly #faults: Warning[] = [];
  readonly #warnings: Warning[] = [];
  readonly #batches = new Set<number>();
  readonly #comparisons = new Map<string, OutputComparison>();
  #source: Source | undefined;
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

  async compare(pruned: Session): Promise<Verification> {
    this.#faults.push(...compareInterfaces(this.#original, pruned));
    if (this.#faults.length > 0) return this.result();
    const source = await openSource(this.#original, this.#options);
    this.#source = source;
    const size = await this.#probe(source, pruned);
    if (this.#faults.length > 0) return this.result();
    await this.#answers(source, pruned, size);
    if (this.#faults.length === 0) await this.#time(source, pruned);
    return this.result();
  }

  /** Runs both with several batch sizes, where the model leaves it open; gives the largest that the original can do. */
  async #probe(source: Source, pruned: Session): Promise<number> {
    if (source.batch !== 'any') return 1;
    const sizes = [...new Set([1, 2, Math.min(source.size, source.samples)])].filter(
      (n) => n <= source.samples,
    );
    let largest = 0;
    for (const size of sizes) {
      for await (const { feeds } of source.batches(size, size)) {
        const answers = await this.#original.run(feeds).catch((error: unknown) => {
          if (largest === 0) throw error;
          this.#options.signal?.throwIfAborted();
        });
        if (answers === undefined) {
          this.#warn(
            'BATCH',
            `the original leaves the number of samples open, but does not run with ${size}`,
          );
          return largest;
        }
        await this.#ask(pruned, feeds, answers, size);
        if (this.#faults.length > 0) return size;
        largest = size;
      }
    }
    return largest;
  }

  async #answers(source: Source, pruned: Session, size: number): Promise<void> {
    const { onProgress } = this.#options;
    onProgress?.({ phase: 'verify', done: 0, total: source.samples });
    for await (const { feeds, from, samples } of source.batches(size, source.samples)) {
      const a = await this.#original.run(feeds);
      const b = await this.#ask(pruned, feeds, a, samples);
      if (b === undefined) return;
      const labels = source.labels?.subarray(from, from + samples);
      for (const { name } of this.#original.outputs) {
        const x = a.outputs[name];
        const y = b.outputs[name];
        if (x === undefined || y === undefined || x.type === 'string') continue;
        const comparison = this.#comparisons.get(name) ?? new OutputComparison(name);
        this.#comparisons.set(name, comparison.add(x, y, samples, labels));
      }
      this.#samples += samples;
      onProgress?.({ phase: 'verify', done: Math.min(this.#samples, source.samples), total: source.samples });
    }
  }

  /** Asks the pruned model what the original has answered; nothing, and a fault, where it fails or its shapes differ. */
  async #ask(
    pruned: Session,
    feeds: Feeds,
    answers: RunResult,
    samples: number,
  ): Promise<RunResult | undefined> {
    const mine = await pruned
      .run(feeds)
      .catch((error: unknown) => this.fault('RUN_FAILED', error, `with ${samples} samples at once: `));
    if (mine === undefined) return undefined;
    this.#faults.push(...compareAnswers(answers.outputs, mine.outputs));
    if (this.#faults.length > 0) return undefined;
    this.#batches.add(samples);
    return mine;
  }

  async #time(source: Source, pruned: Session): Promise<void> {
    const { runs, signal, threads = 'default' } = this.#options;
    if (runs === 0) return;
    for await (const { feeds, samples } of source.batches(1, source.samples)) {
      const latency: Latency = await measure(this.#original, pruned, feeds, {
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
    const outputs = [...this.#comparisons.values()].map((comparison) => comparison.report());
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
    const classes = [...this.#comparisons].find(([, comparison]) => comparison.classes !== undefined);
    if (classes !== undefined) {
      const [output, comparison] = classes;
      const beyond = this.#source.labels.find((label) => label < 0 || label >= comparison.classes!);
      if (beyond !== undefined)
        this.#warn('LABELS', `a label is ${beyond}, but "${output}" has ${comparison.classes} classes`);
      return { labels, output, ...comparison.accuracy() };
    }
    if (this.#samples > 0)
      this.#warnings.push({
        code: 'LABELS',
        text: 'no output looks like classes, so the labels were not used',
      });
    return undefined;
  }
}

/** What a reader should not miss. */
function judge({ outputs, bytes, data }: Verification, source: Source | undefined): readonly Warning[] {
  const warnings: Warning[] = [];
  const warn = (code: string, text: string) => warnings.push({ code, text });
  for (const { name, nonFinite } of outputs)
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
  if (bytes.pruned > bytes.original) warn('LARGER', 'the pruned model is larger than the original');
  if (source !== undefined && data.samples > 0 && data.samples < source.samples)
    warn(
      'SAMPLES',
      `${source.samples - data.samples} samples were left out: the model takes ${source.batch} at once`,
    );
  return warnings;
}

function checkOptions({ samples, runs, seed, threads }: VerifyOptions): void {
  const check = (name: string, value: number | undefined, least: number) => {
    if (value !== undefined && (!Number.isSafeInteger(value) || value < least))
      throw new EspalierError(
        'OPTION_INVALID',
        `${name} must be a whole number from ${least} on, not ${value}`,
      );
  };
  check('samples', samples, 1);
  check('runs', runs, 0);
  check('threads', threads, 1);
  if (seed !== undefined && !Number.isSafeInteger(seed))
    throw new EspalierError('OPTION_INVALID', `seed must be a whole number, not ${seed}`);
}

async function mustExist(file: string): Promise<void> {
  await stat(file).catch((cause: unknown) => {
    throw new EspalierError('FILE_NOT_FOUND', 'the model does not exist', { file }, '', { cause });
  });
}
