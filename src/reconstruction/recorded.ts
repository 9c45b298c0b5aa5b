import { answeredBy } from '../compare/standIns.js';
import type { Tensor } from '../runtime/runtime.js';
import type { Advance } from './advance.js';
import { isObserved, type Layer, mixesAll, type Readers } from './layers.js';
import type { Source } from './reconstruct.js';
import { recurrentsOf, valuesOf } from './recurrent.js';
import { aftermathOf } from './target.js';

/** What comes to values, batch by batch: computed step by step, or known already. */
export interface Teller {
  to(
    values: readonly string[],
    each: (batch: number, tensors: ReadonlyMap<string, Tensor>) => Promise<void>,
  ): Promise<void>;
}

const TOO_MUCH = new Error('more than may be held');

/** What the original has for all that layers are refitted to, kept so that it is computed once. */
export class Recorded implements Teller {
  private constructor(readonly batches: readonly ReadonlyMap<string, Tensor>[]) {}

  /** Undefined where that is more than so many bytes. */
  static async of(
    original: Advance,
    { native, walk }: Source,
    layers: readonly Layer[],
    readers: Readers,
    most: number,
  ): Promise<Recorded | undefined> {
    const wanted = new Set([...answeredBy(walk.graph.document), ...original.kept]);
    for (const layer of layers.filter(mixesAll)) {
      const observed = isObserved(layer);
      for (const site of layer.sites) {
        if (observed) wanted.add(site.output!.value);
        // What a weight reads behind what it has made begins as the original's.
        if (!observed || layer.sites.length > 1) wanted.add(site.data);
        const { stream } = aftermathOf(walk, native, readers, site, layer.outputs);
        if (stream !== undefined) wanted.add(stream);
      }
    }
    for (const recurrent of recurrentsOf(walk, layers))
      for (const value of valuesOf(recurrent)) wanted.add(value);
    const batches: ReadonlyMap<string, Tensor>[] = [];
    try {
      await original.to([...wanted], async (batch, tensors) => {
        // What is stored is no value that anybody computes.
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
    return new Recorded(batches);
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
