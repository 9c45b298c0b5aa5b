import { EspalierError } from '../base/errors.js';
import type { Dataset } from '../data/dataset.js';
import { feedsOf, type Match, matchInputs } from '../data/match.js';
import { NativeModel, type NativeOptions, openBytes, openFile } from '../native/index.js';
import { quietly } from '../native/quietly.js';
import type { Runtime, Session, Tensor } from '../runtime/runtime.js';
import { type PlannedRun, planBatches, type Stretch } from './batchPlan.js';
import { type ObservedModel, observe } from './observed.js';

/** On how many samples activations are computed, how many of them in one batch, and of which values. */
export interface ActivationOptions extends NativeOptions {
  /** Samples at most; by default all that the data have. */
  readonly samples?: number;
  /** Samples at once, where the model leaves it open; by default as many as answer with some megabytes. */
  readonly batch?: number;
  /**
   * Names of the values that are wanted of a batch, counted from 0; by default all. Of batch 0 all values are given anyway.
   * Asked for all batches once batch 0 has been taken.
   */
  readonly select?: (batch: number) => readonly string[];
}

/** What the values are for some samples. */
export interface Activations {
  /** Counted from 0; several in a row are of one batch where its values take much memory. */
  readonly batch: number;
  /** The first of the samples. */
  readonly from: number;
  readonly samples: number;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/**
 * What values of a model's main graph are on data: the model runs in a runtime, batch by batch, with these values as
 * further outputs. They may be inputs, weights, intermediate values and outputs.
 *
 * - order: that of the samples, where the same values are wanted of all; else samples of which more is wanted may come before others, as other
 *   sessions run them. How they are batched depends on model, data and options only. A rest that a model of a fixed batch cannot take is left out
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
  const opened = await openedModel(model, options);
  const pass = new SamplePass(opened.native, dataset, runtime, options);
  try {
    await pass.load(names);
    options.onProgress?.(pass.progress);
    for await (const stretch of pass.stretches()) {
      if (stretch.outputs !== names && stretch.outputs.length > 0) await pass.load(stretch.outputs);
      for (const run of stretch.runs) {
        // No reference to what a run gives is kept here, so that its memory can be freed before the next one is computed.
        yield* pass.run(run);
        options.onProgress?.(pass.progress);
      }
    }
  } finally {
    await pass.close();
    opened.close();
  }
}

/** One pass over the samples: the session that gives the values that are wanted now, and how far it is. */
class SamplePass {
  #loaded: { readonly session: Session; readonly observed: { remove: ObservedModel['remove'] } } | undefined;
  #match: Match | undefined;
  #names: readonly string[] = [];
  #total = 0;
  #done = 0;
  /** Bytes of one sample, by value. */
  readonly #bytes = new Map<string, number>();
  /** Some models state an open number of samples, and run with one at a time alone. */
  #single = false;

  constructor(
    readonly native: NativeModel,
    readonly dataset: Dataset,
    readonly runtime: Runtime,
    readonly options: ActivationOptions,
  ) {}

  get progress(): { readonly phase: string; readonly done: number; readonly total: number } {
    return { phase: 'calibrate', done: this.#done, total: this.#total };
  }

  /** Loads a copy of the model that gives these values, in the place of the last one. */
  async load(names: readonly string[]): Promise<void> {
    await this.close();
    const { native, options } = this;
    const { model, remove } = await observe(native, names, quietly(options));
    // The bytes of the copy are let go of as soon as the runtime has them.
    const session = await this.runtime.load(model, quietly(options)).catch(async (error: unknown) => {
      await remove();
      throw error;
    });
    this.#loaded = { session, observed: { remove } };
    checkValues(session, names);
    this.#names = names;
    this.#match ??= this.#matched(session);
  }

  /** The first batch by itself, then what follows from it for the others. */
  async *stretches(): AsyncGenerator<Stretch> {
    const { options } = this;
    const { batch } = this.#match!;
    const names = this.#names;
    // Where the number of samples is free, the first one is run alone, to see how many bytes its values take.
    const size = typeof batch === 'number' ? batch : { any: options.batch, one: 1 }[batch];
    const first = Math.min(size ?? 1, this.#total);
    yield { outputs: names, runs: [{ batch: 0, from: 0, samples: first, values: names }] };
    const { bytes, externalBytes } = this.native.describe();
    yield* planBatches({
      ...{ from: first, total: this.#total, values: names, bytes: this.#bytes, model: bytes + externalBytes },
      select: (own) => options.select?.(own) ?? names,
      ...(size !== undefined && { size }),
    });
  }

  /** What a run gives; one sample after another where the model cannot run with several. */
  async *run(run: PlannedRun): AsyncGenerator<Activations> {
    const { batch, from, samples, values } = run;
    const isChosen = this.#match!.batch === 'any' && this.options.batch === undefined && samples > 1;
    if (!this.#single || !isChosen) {
      const tensors = await this.#ask(run).catch((error: unknown) => {
        this.options.signal?.throwIfAborted();
        if (!isChosen || !(error instanceof EspalierError) || error.code !== 'RUNTIME_FAILED') throw error;
      });
      if (tensors !== undefined) {
        if (from === 0)
          for (const [name, { data }] of Object.entries(tensors))
            this.#bytes.set(name, bytesOf(data) / samples);
        this.#done += samples;
        yield { batch, from, samples, tensors };
        return;
      }
      this.#single = true;
    }
    for (let own = from; own < from + samples; own++)
      yield* this.run({ batch, from: own, samples: 1, values });
  }

  /** Disposes of the session, and of the copy of the model that it read. */
  async close(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    const closed = loaded?.session.dispose();
    await loaded?.observed.remove(closed);
    // A session that is still busy goes as soon as it can; whoever aborted need not wait for it.
    if (this.options.signal?.aborted) closed?.catch(() => undefined);
    else await closed;
  }

  #matched(session: Session): Match {
    const match = matchInputs(this.dataset, session.inputs);
    const samples = Math.min(match.samples, this.options.samples ?? match.samples);
    const { batch } = match;
    this.#total = typeof batch === 'number' ? Math.max(1, Math.floor(samples / batch)) * batch : samples;
    return match;
  }

  async #ask({ from, samples, values }: PlannedRun): Promise<Activations['tensors']> {
    if (values.length === 0) return {};
    const { signal } = this.options;
    const feeds = await feedsOf(this.#match!, from, from + samples, signal);
    const { outputs } = await this.#loaded!.session.run(feeds, { outputs: [...new Set(values)] });
    signal?.throwIfAborted();
    const missing = values.find((name) => outputs[name] === undefined);
    if (missing !== undefined) throw failed('the runtime did not give this value', missing);
    return outputs;
  }
}

const bytesOf = (data: unknown): number => (ArrayBuffer.isView(data) ? data.byteLength : 0);

/** A model that is opened here is closed here. */
async function openedModel(
  model: NativeModel | string | Uint8Array,
  options: ActivationOptions,
): Promise<{ readonly native: NativeModel; close(): void }> {
  if (model instanceof NativeModel) return { native: model, close: () => undefined };
  const quiet = quietly(options);
  const native = await (typeof model === 'string' ? openFile(model, quiet) : openBytes(model, quiet));
  return { native, close: () => native.dispose() };
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
