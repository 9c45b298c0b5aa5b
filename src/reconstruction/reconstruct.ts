import type { Dataset } from '../calibration/data.js';
import { feedsOf, matchInputs } from '../calibration/match.js';
import type { Removal } from '../lanes/survivors.js';
import type { Walk } from '../lanes/walk.js';
import type { Edits } from '../native/edits.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import type { NativeMoments } from '../native/moments.js';
import type { Feeds, Runtime, Tensor } from '../runtime/runtime.js';
import type { Cuts } from '../surgery/cuts.js';
import { Advance } from './advance.js';
import { feed, float32, rowsOf, taken } from './feeding.js';
import { type Layer, readersOf, type Site } from './layers.js';
import { everyFor, MOST_INPUTS, momentsFor } from './observed.js';
import { Parts } from './parts.js';
import { Rewrites } from './rewrites.js';
import { corrected, type Stream, streamOf } from './target.js';

/** Dampings to choose from, as shares of the mean variance of a layer's inputs. */
const DAMPINGS = [1e-4, 1e-3, 1e-2, 1e-1];
/** Every so-many-th batch says which damping is best, before it is fitted to like the others. */
const HELD_OUT = 4;

export interface Source {
  readonly native: NativeModel;
  readonly walk: Walk;
  readonly layers: readonly Layer[];
  readonly dataset: Dataset;
  readonly runtime: Runtime;
  /** Samples in all, and in one batch. */
  readonly samples: number;
  readonly batch: number;
}

/**
 * Refits what a removal leaves, front to back: each layer's outputs are to be the original's again, given the inputs that
 * the pruned model has for it, and what its residual stream lacks besides. So errors don't pile up.
 *
 * - returns: the edits of the removal, with new weights and biases
 * - memory: what nodes read of all samples at the place that has been reached, in both models
 */
export async function reconstruct(
  source: Source,
  { removal, cuts, edits }: { readonly removal: Removal; readonly cuts: Cuts; readonly edits: Edits },
  options: NativeOptions,
): Promise<Edits> {
  const { native, walk, layers } = source;
  const quiet = {
    ...(options.signal && { signal: options.signal }),
    ...(options.threads !== undefined && { threads: options.threads }),
  };
  const rewrites = new Rewrites(native, walk, removal, cuts, quiet);
  const parts = new Parts(walk.graph.document);
  const feeds = await feedsFor(source, quiet);
  const original = new Advance(native, parts, source.runtime, feeds, () => NO_EDITS, quiet);
  const pruned = new Advance(native, parts, source.runtime, feeds, () => rewrites.over(edits), quiet);
  const readers = readersOf(walk.graph);
  const touched = layers.filter((layer) => rewrites.keptChannels(layer).length * layer.taps <= MOST_INPUTS);
  const first = touched.findIndex((layer) => rewrites.keptChannels(layer).length < layer.channels);
  const work = first < 0 ? [] : touched.slice(first);
  for (const [done, layer] of work.entries()) {
    options.onProgress?.({ phase: 'reconstruct', done, total: work.length });
    await new Stage(layer, rewrites, original, pruned, source, quiet).refit((site) =>
      streamOf(walk, native, readers, site),
    );
  }
  options.onProgress?.({ phase: 'reconstruct', done: work.length, total: work.length });
  return rewrites.over(edits);
}

const NO_EDITS: Edits = {
  ...{ selections: [], integers: [], copies: [], literals: [], attributes: [] },
  ...{ inputs: [], nodes: [], valueInfos: [], metadata: [] },
};

async function feedsFor({ walk, dataset, samples, batch }: Source, options: NativeOptions): Promise<Feeds[]> {
  const inputs = walk.graph.inputs.map(({ name, dtype, shape }) => ({
    name,
    dtype: (dtype ?? 'other') as 'float32',
    shape: (shape ?? []).map((length) => (length === null || length === -1 ? '' : length)),
  }));
  const match = matchInputs(dataset, inputs);
  const feeds: Feeds[] = [];
  for (let from = 0; from < samples; from += batch)
    feeds.push(await feedsOf(match, from, Math.min(samples, from + batch), options.signal));
  return feeds;
}

/** One layer on its turn. */
class Stage {
  constructor(
    readonly layer: Layer,
    readonly rewrites: Rewrites,
    readonly original: Advance,
    readonly pruned: Advance,
    readonly source: Source,
    readonly options: NativeOptions,
  ) {}

  async refit(streamAt: (site: Site) => Stream | undefined): Promise<void> {
    const { layer, rewrites, original, pruned } = this;
    const outputsAre = layer.sites.flatMap(({ output }) => output?.value ?? []);
    const observed = outputsAre.length === layer.sites.length;
    // What a patch makes of x is known by what comes out only.
    if (!observed && layer.taps > 1) return;
    const stream = observed && layer.sites.length === 1 ? this.#usable(streamAt(layer.sites[0]!)) : undefined;
    const inputs = rewrites.keptChannels(layer).length * layer.taps;
    const outputs = rewrites.keptOutputs(layer);
    const columns = observed ? outputs.length : layer.channels;
    const fits = momentsFor(inputs, columns);
    const held = momentsFor(inputs, columns);

    const data = layer.sites.map((own) => own.data);
    const targets: Map<string, Tensor>[] = [];
    const kept = observed ? outputsAre : data;
    await original.to([...kept, ...(stream === undefined ? [] : [stream.other])], async (batch, tensors) => {
      targets[batch] = new Map(
        [...kept, ...(stream ? [stream.other] : [])].map((name) => [name, tensors.get(name)!]),
      );
    });
    await pruned.to([...data, ...(stream === undefined ? [] : [stream.other])], async (batch, tensors) => {
      const moments = batch % HELD_OUT === HELD_OUT - 1 ? held : fits;
      for (const own of layer.sites)
        await this.#add(moments, own, tensors, targets[batch]!, observed, stream);
      delete targets[batch];
    });
    await this.#solve(fits, held, observed);
  }

  /** A stream that can be computed without any layer that has not had its turn. */
  #usable(stream: Stream | undefined): Stream | undefined {
    if (stream === undefined) return undefined;
    const ahead = this.pruned.before([stream.other]);
    const ids = new Set([...ahead].map(({ id }) => id));
    return this.source.layers.some(({ sites }) => sites.some(({ node }) => ids.has(node.id)))
      ? undefined
      : stream;
  }

  async #add(
    moments: NativeMoments,
    site: Site,
    tensors: ReadonlyMap<string, Tensor>,
    targets: ReadonlyMap<string, Tensor>,
    observed: boolean,
    stream: Stream | undefined,
  ): Promise<void> {
    const { layer, rewrites } = this;
    const tensor = tensors.get(site.data)!;
    const x = float32(tensor, site.data);
    const whole = rowsOf(layer, site, x, tensor.dims);
    const every = everyFor(
      rewrites.keptChannels(layer).length * layer.taps,
      (whole.rows * this.source.samples) / this.source.batch,
    );
    const rows = rowsOf(layer, site, x, tensor.dims, every);
    if (!observed) {
      const own = targets.get(site.data)!;
      return feed(moments, rows, float32(own, site.data), this.options);
    }
    const { value, axis } = site.output!;
    const output = targets.get(value)!;
    const outputs = rewrites.keptOutputs(layer);
    let y = taken(float32(output, value), output.dims, axis, outputs);
    if (stream !== undefined) {
      const [then, now] = [targets.get(stream.other)!, tensors.get(stream.other)!];
      const wanted = taken(float32(then, stream.other), then.dims, axis, outputs);
      const got = float32(now, stream.other);
      if (wanted.length === got.length && wanted.length === y.length) {
        const inner = output.dims.slice(axis + 1).reduce((product, length) => product * length, 1);
        const scale = stream.scale && Float64Array.from(outputs, (index) => stream.scale![index]!);
        y = corrected(
          y,
          wanted.map((value, i) => value - got[i]!),
          outputs.length,
          inner,
          scale,
        );
      }
    }
    return feed(moments, rows, y, this.options);
  }

  async #solve(fits: NativeMoments, held: NativeMoments, observed: boolean): Promise<void> {
    const { layer, rewrites, options } = this;
    const inputs = rewrites.keptChannels(layer).length * layer.taps;
    const keep = Uint32Array.from({ length: inputs }, (_, index) => index);
    const how = { ...options, intercept: layer.sites.every(({ addition }) => addition.kind !== 'none') };
    let damping = 1e-3;
    const { count } = await held.summary(options);
    if (count > 0) {
      let least = Number.POSITIVE_INFINITY;
      for (const candidate of DAMPINGS) {
        const errors = await held.errors(keep, await fits.ridge(keep, candidate, how), options);
        const error = errors.reduce((sum, value) => sum + value, 0);
        if (error < least) [least, damping] = [error, candidate];
      }
      await fits.merge(held, options);
    }
    const { weights, bias } = await fits.ridge(keep, damping, how);
    if (observed) return rewrites.put(layer, { weights, intercept: bias, observed });
    // x of the original ≈ B x + c, so W x ≈ (W B) x + W c.
    const original = await this.#original();
    const rows = rewrites.keptOutputs(layer).length;
    const product = new Float64Array(rows * inputs);
    const intercept = new Float64Array(rows);
    const all = layer.channels;
    for (let row = 0; row < rows; row++)
      for (let channel = 0; channel < all; channel++) {
        const factor = original[row * all + channel]!;
        intercept[row]! += factor * bias[channel]!;
        for (let input = 0; input < inputs; input++)
          product[row * inputs + input]! += factor * weights[channel * inputs + input]!;
      }
    return rewrites.put(layer, { weights: product, intercept, observed });
  }

  /** W of the original, the outputs that are left: [outputs, channels]. */
  async #original(): Promise<Float32Array> {
    const { layer, rewrites } = this;
    const { matrixOf, placesOf } = await import('./matrix.js');
    const places = placesOf(layer, layer.weight.dims);
    const kept = rewrites.keptOutputs(layer).map((row) => places.outputs[row]!);
    return matrixOf(await this.source.native.floats(layer.weight.id, this.options), {
      ...places,
      outputs: kept,
    });
  }
}
