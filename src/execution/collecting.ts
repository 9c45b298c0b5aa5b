import type { Dataset } from '../data/dataset.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import type { Runtime, Tensor } from '../runtime/runtime.js';
import { type Activations, activations } from './activations.js';

/** A batch of samples, and what values are on them. */
export interface Batch {
  /** Counted from 0; it may come in several parts, and some batches after others that have higher numbers. */
  readonly index: number;
  /** The first of the samples, and how many there are. */
  readonly from: number;
  readonly samples: number;
  /** Samples in all batches. */
  readonly total: number;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** Declares the values that it wants to see of a model on samples, and takes them batch by batch. */
export interface Observer {
  /** All values that it may want. They are all there in the first batch. */
  readonly values: readonly string[];
  /**
   * Values that it wants of a later batch; asked once the first batch has been taken. By default all. Runs are fast where few values are
   * wanted of the same batches.
   */
  wanted?(batch: number): readonly string[];
  /** Resolves once nothing of the batch is needed any more. */
  take(batch: Batch): Promise<void>;
}

/**
 * Runs a model once over samples for all observers together. The next batch is computed while the last one is taken.
 *
 * - returns: how many samples there were
 * - memory: the activations of two batches
 * - errors: as `activations`, and those of the observers; of several always the first one's
 */
export async function collect(
  model: NativeModel,
  observers: readonly Observer[],
  dataset: Dataset,
  runtime: Runtime,
  options: NativeOptions & { readonly samples?: number },
): Promise<number> {
  const values = observers.flatMap((observer) => observer.values);
  let total = 0;
  let seen = 0;
  const batches = activations(model, values, dataset, runtime, {
    ...options,
    select: (batch) => observers.flatMap((observer) => observer.wanted?.(batch) ?? observer.values),
    onProgress: (progress) => {
      total = progress.total;
      options.onProgress?.(progress);
    },
  });
  for await (const { batch: index, from, samples, tensors } of ahead(batches)) {
    const batch = { index, from, samples, total, tensors };
    const taken = await Promise.allSettled(observers.map((observer) => observer.take(batch)));
    for (const own of taken) if (own.status === 'rejected') throw own.reason;
    seen += samples;
  }
  return seen;
}

/** Asks for the next batch before the last one is done with, but for the first: it decides what is wanted of the others. */
async function* ahead(batches: AsyncGenerator<Activations>): AsyncGenerator<Activations> {
  try {
    const first = await batches.next();
    if (first.done) return;
    yield first.value;
    let coming = batches.next();
    for (;;) {
      const next = await coming;
      if (next.done) return;
      coming = batches.next();
      // It is waited for in the next round, or not at all where somebody stops before.
      coming.catch(() => undefined);
      yield next.value;
    }
  } finally {
    await batches.return(undefined);
  }
}
