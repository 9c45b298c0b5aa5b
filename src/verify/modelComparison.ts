import { EspalierError } from '../base/errors.js';
import { labelledOutput, type OwnLabels } from '../compare/labels.js';
import type { Answers } from '../compare/row.js';
import { answeringKept, changeTexts, type InterfaceChanges, takingWhole } from '../data/interfaceChanges.js';
import type { Warning } from '../options/types.js';
import type { ModelOrigin } from '../preprocess/beside.js';
import type { Feeds, RunOptions, RunResult, Session } from '../runtime/runtime.js';
import { type BatchSource, openBatchSource } from './batchSource.js';
import { OutputComparison } from './compare.js';
import { compareInterfaces } from './compareInterfaces.js';
import { type Latency, measure } from './latency.js';
import type { ModelPair } from './modelPair.js';
import type { Verification, VerifyOptions } from './types.js';
import { warningsOf } from './warnings.js';

/** What a pruned model says of its inputs and outputs where it says nothing: all are those of the original. */
export const NO_CHANGES: InterfaceChanges = { inputs: {}, outputs: {} };

/** Sizes of the two files. */
interface Bytes {
  readonly original: number;
  readonly pruned: number;
}

/** One verification: what was found so far. */
export class ModelComparison {
  readonly #original: Session;
  #changes = NO_CHANGES;
  readonly #options: VerifyOptions;
  readonly #bytes: Bytes;
  readonly #origin: ModelOrigin;
  readonly #faults: Warning[] = [];
  readonly #warnings: Warning[] = [];
  readonly #batches = new Set<number>();
  readonly #comparisons = new Map<string, OutputComparison>();
  #source: BatchSource | undefined;
  #watched: ModelPair | undefined;
  #labels: OwnLabels | undefined;
  #samples = 0;
  #latency: Verification['latency'];

  /** origin: where the original lies, and what it says of itself. */
  constructor(original: Session, options: VerifyOptions, bytes: Bytes, origin: ModelOrigin) {
    this.#original = original;
    this.#options = options;
    this.#bytes = bytes;
    this.#origin = origin;
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
    watch: () => Promise<ModelPair>,
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
    const both: ModelPair = {
      original: answeringKept(found.original, changes),
      pruned: takingWhole(found.pruned, changes),
      outputs: found.outputs,
    };
    this.#watched = both;
    if (both.outputs.values.length > 0) {
      const source = await openBatchSource(both.original, this.#options, this.#origin);
      this.#source = source;
      this.#warnings.push(...(source.warnings ?? []));
      const size = await this.#probe(source, both);
      if (this.#faults.length > 0) return this.result();
      await this.#answers(source, both, size);
      // Copies with further outputs would be slower: they are timed only where the models themselves give nothing that can be
      // fetched.
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
  async #probe(source: BatchSource, both: ModelPair): Promise<number> {
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

  async #answers(source: BatchSource, both: ModelPair, size: number): Promise<void> {
    const { onProgress } = this.#options;
    onProgress?.({ phase: 'verify', done: 0, total: source.samples });
    for await (const { feeds, from, samples } of source.batches(size, source.samples)) {
      const original = await both.original.run(feeds, wanted(both));
      const compared = await this.#ask(both, feeds, original, samples);
      if (compared === undefined) return;
      const { labels } = source;
      // Labels number the original's classes, so that outputs of which columns have left are not compared with labels.
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
    both: ModelPair,
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

  async #time(
    source: BatchSource,
    { original, pruned }: Pick<ModelPair, 'original' | 'pruned'>,
  ): Promise<void> {
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
        ...(this.#source?.preprocessing !== undefined && { preprocessing: this.#source.preprocessing }),
        samples: this.#samples,
        batches: [...this.#batches].sort((a, b) => a - b),
      },
      outputs,
      unjudged: this.#watched?.outputs.unjudged ?? [],
      ...(accuracy && { accuracy }),
      ...(this.#latency && { latency: this.#latency }),
      bytes: { original, pruned, ratio: pruned / original },
    };
    this.#warnings.push(...warningsOf(result, this.#source));
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

const wanted = ({ outputs }: ModelPair): RunOptions => ({ outputs: outputs.values.map(({ name }) => name) });
