import type { Tensor } from '../runtime/runtime.js';
import type { StagedRun } from './stagedRun.js';

/** Gives the values of a model for each batch of samples: computed step by step, or kept from an earlier pass. */
export interface ValueSource {
  to(
    values: readonly string[],
    each: (batch: number, tensors: ReadonlyMap<string, Tensor>) => Promise<void>,
  ): Promise<void>;
}

const TOO_MUCH = new Error('more than may be held');

/** Values of the original, kept so that they are computed once. */
export class ActivationCache implements ValueSource {
  private constructor(readonly batches: readonly ReadonlyMap<string, Tensor>[]) {}

  /** The cache of these values; undefined where they take more than this many bytes. */
  static async of(
    original: StagedRun,
    values: Iterable<string>,
    most: number,
  ): Promise<ActivationCache | undefined> {
    const wanted = new Set([...values, ...original.kept]);
    const batches: ReadonlyMap<string, Tensor>[] = [];
    try {
      await original.to([...wanted], async (batch, tensors) => {
        // Initializers are stored in the file, and need not be kept as values.
        const there = [...wanted].filter((name) => tensors.has(name));
        const own = new Map(there.map((name) => [name, tensors.get(name)!]));
        batches[batch] = own;
        const bytes = [...own.values()].reduce(
          (sum, { data }) => sum + (ArrayBuffer.isView(data) ? data.byteLength : 0),
          0,
        );
        if (bytes * original.batches > most) throw TOO_MUCH;
      });
    } catch (problem) {
      if (problem === TOO_MUCH) return undefined;
      throw problem;
    }
    return new ActivationCache(batches);
  }

  get(value: string, batch: number): Tensor | undefined {
    return this.batches[batch]?.get(value);
  }

  async to(
    _: readonly string[],
    each: (batch: number, tensors: ReadonlyMap<string, Tensor>) => Promise<void>,
  ): Promise<void> {
    for (const [batch, tensors] of this.batches.entries()) await each(batch, tensors);
  }
}
