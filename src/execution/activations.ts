import { EspalierError } from '../base/errors.js';
import type { Dataset } from '../data/data.js';
import { feedsOf, type Match, matchInputs } from '../data/match.js';
import { NativeModel, type NativeOptions } from '../native/index.js';
import { quietly } from '../native/quietly.js';
import type { Feeds, Runtime, Session, Tensor } from '../runtime/runtime.js';
import { type ObservedModel, observe, observedCopy } from './observed.js';

/** On how many samples activations are computed, how many of them in one batch, and of which values. */
export interface ActivationOptions extends NativeOptions {
  /** Samples at most; by default all that the data have. */
  readonly samples?: number;
  /** Samples at once, where the model leaves it open; by default as many as answer with some megabytes. */
  readonly batch?: number;
  /** Names of the values that are wanted of a batch, counted from 0; by default all. Of batch 0 all values are given anyway. */
  readonly select?: (batch: number) => readonly string[];
}

/** What the values are for some samples. */
export interface Activations {
  /** The first of the samples. */
  readonly from: number;
  readonly samples: number;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/**
 * The most bytes of activations that are fetched at once: larger batches were measured to be slower, and hold more memory for
 * longer.
 */
const BATCH_BYTES = 16 * 1024 * 1024;
const MAX_BATCH = 64;
/**
 * The least number of samples at once that lets runtimes use all cores. Batches are that large unless they take more than
 * `FEW_BYTES`.
 */
const FEW = 8;
const FEW_BYTES = 192 * 1024 * 1024;
/** The number of batches after which it is known what selected values take on average. */
const SHOWN = 8;

/**
 * What values of a model's main graph are on data: the model runs in a runtime, batch by batch, with these values as
 * further outputs. They may be inputs, weights, intermediate values and outputs.
 *
 * - order: that of the samples; how they are batched depends on model, data and options only. A rest that a model of a
 *   fixed batch cannot take is left out
 * - memory: the activations of one batch; the next is computed only when it is asked for. Whoever stops early, by `break`
 *   or by the signal, leaves nothing behind
 * - errors: DATA_MISMATCH, DATA_MALFORMED, RUNTIME_MISSING, RUNTIME_FAILED, OPTION_INVALID, and those of opening and
 *   copying a model; the signal's reason once it aborts
 */
export async function* activations(
  model: NativeModel | string | Uint8Array,
  values: readonly string[],
  dataset: Dataset,
  runtime: Runtime,
  options: ActivationOptions = {},
): AsyncGenerator<Activations, void, undefined> {
  checkOptions(options);
  const names = [...new Set(values)];
  if (names.length === 0) return;
  const observed = await copyOf(model, names, options);
  let session: Session | undefined;
  try {
    session = await load(observed, runtime, options);
    checkValues(session, names);
    const run = new SamplePass(session, names, matchInputs(dataset, session.inputs), options);
    options.onProgress?.(run.progress);
    while (!run.finished) {
      // No reference to a batch is kept here, so that its memory can be freed before the next one is computed.
      yield await run.next();
      options.onProgress?.(run.progress);
    }
  } finally {
    const closed = session?.dispose();
    await observed.remove(closed);
    // A session that is still busy goes as soon as it can; whoever aborted need not wait for it.
    if (options.signal?.aborted) closed?.catch(() => undefined);
    else await closed;
  }
}

/** One pass over the samples: where it is, and how many it takes at a time. */
class SamplePass {
  readonly #session: Session;
  readonly #names: readonly string[];
  readonly #match: Match;
  readonly #signal: AbortSignal | undefined;
  /** Whether the number of samples at once is free to be chosen; `#open`: and is not chosen yet. */
  readonly #chosen: boolean;
  #open: boolean;
  readonly #total: number;
  readonly #select: ActivationOptions['select'];
  /** Bytes of one sample, by value. */
  readonly #bytes = new Map<string, number>();
  #size: number;
  #from = 0;
  #batch = 0;

  constructor(session: Session, names: readonly string[], match: Match, options: ActivationOptions) {
    this.#session = session;
    this.#names = names;
    this.#match = match;
    this.#signal = options.signal;
    this.#select = options.select;
    this.#chosen = match.batch === 'any' && options.batch === undefined;
    this.#open = this.#chosen;
    // Where the number is free, the first sample is run alone, to see how many bytes its values take.
    const sizes = { any: options.batch ?? 1, one: 1 };
    this.#size = typeof match.batch === 'number' ? match.batch : sizes[match.batch];
    const samples = Math.min(match.samples, options.samples ?? match.samples);
    const whole = Math.max(1, Math.floor(samples / this.#size)) * this.#size;
    this.#total = typeof match.batch === 'number' ? whole : samples;
  }

  get finished(): boolean {
    return this.#from >= this.#total;
  }

  get progress(): { readonly phase: string; readonly done: number; readonly total: number } {
    return { phase: 'calibrate', done: this.#from, total: this.#total };
  }

  async next(): Promise<Activations> {
    const from = this.#from;
    if (this.#open && this.#batch === 1) {
      this.#open = false;
      this.#size = this.#fitting();
    }
    const samples = Math.min(this.#size, this.#total - from);
    const names = this.#namesOf(this.#batch);
    const feeds = await feedsOf(this.#match, from, from + samples, this.#signal);
    const tensors = await this.#ask(feeds, names).catch((error: unknown) => {
      this.#signal?.throwIfAborted();
      const wide = this.#chosen && samples > 1;
      if (!wide || !(error instanceof EspalierError) || error.code !== 'RUNTIME_FAILED') throw error;
    });
    if (tensors === undefined) {
      // Some models state an open number of samples, and run with one at a time alone.
      this.#size = 1;
      return this.next();
    }
    this.#batch += 1;
    this.#from += samples;
    if (from === 0)
      for (const [name, { data }] of Object.entries(tensors)) this.#bytes.set(name, bytesOf(data) / samples);
    return { from, samples, tensors };
  }

  #namesOf(batch: number): readonly string[] {
    return batch === 0 ? this.#names : (this.#select?.(batch) ?? this.#names);
  }

  async #ask(feeds: Feeds, names: readonly string[]): Promise<Activations['tensors']> {
    if (names.length === 0) return {};
    const { outputs } = await this.#session.run(feeds, { outputs: names });
    this.#signal?.throwIfAborted();
    const missing = names.find((name) => outputs[name] === undefined);
    if (missing !== undefined) throw failed('the runtime did not give this value', missing);
    return outputs;
  }

  /** How many samples to take at once, by what is wanted next and what the first took. */
  #fitting(): number {
    let sum = 0;
    for (let batch = 1; batch <= SHOWN; batch++)
      for (const name of this.#namesOf(batch)) sum += this.#bytes.get(name) ?? 0;
    const each = Math.max(1, sum / SHOWN);
    const least = Math.min(FEW, Math.floor(FEW_BYTES / each));
    return Math.max(1, least, Math.min(MAX_BATCH, Math.floor(BATCH_BYTES / each)));
  }
}

const bytesOf = (data: unknown): number => (ArrayBuffer.isView(data) ? data.byteLength : 0);

async function copyOf(
  model: NativeModel | string | Uint8Array,
  names: readonly string[],
  options: ActivationOptions,
): Promise<ObservedModel> {
  const quiet = quietly(options);
  return model instanceof NativeModel ? observe(model, names, quiet) : observedCopy(model, names, quiet);
}

function load({ model }: ObservedModel, runtime: Runtime, options: ActivationOptions): Promise<Session> {
  return runtime.load(model, quietly(options));
}

function checkValues(session: Session, names: readonly string[]): void {
  const outputs = new Map(session.outputs.map(({ name, dtype }) => [name, dtype]));
  const lost = names.find((name) => (outputs.get(name) ?? 'other') === 'other');
  if (lost !== undefined) throw failed('the value is no tensor that the runtime can hand over', lost);
}

const failed = (what: string, tensor: string): EspalierError =>
  new EspalierError('RUNTIME_FAILED', what, { tensor });

function checkOptions({ samples, batch, threads }: ActivationOptions): void {
  for (const [name, value] of Object.entries({ samples, batch, threads }))
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 1))
      throw new EspalierError('OPTION_INVALID', `${name} must be a whole number from 1 on, not ${value}`);
}
