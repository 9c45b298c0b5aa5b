import type { Dataset } from '../calibration/data.js';
import { feedsOf, matchInputs } from '../calibration/match.js';
import type { Removal } from '../lanes/survivors.js';
import type { Walk } from '../lanes/walk.js';
import type { Edits } from '../native/edits.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import type { Feeds, Runtime } from '../runtime/runtime.js';
import type { Cuts } from '../surgery/cuts.js';
import { Advance } from './advance.js';
import { type Layer, readersOf } from './layers.js';
import { MOST_INPUTS } from './observed.js';
import { Parts } from './parts.js';
import { Rewrites } from './rewrites.js';
import { Stage } from './stage.js';
import { aftermathOf } from './target.js';

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
    const [site, ...others] = layer.sites;
    const after = others.length === 0 ? aftermathOf(walk, native, readers, site!, layer.outputs) : undefined;
    const pending = new Set(work.slice(done));
    await new Stage(layer, rewrites, original, pruned, source, quiet).refit(after, pending);
  }
  options.onProgress?.({ phase: 'reconstruct', done: work.length, total: work.length });
  return rewrites.over(edits);
}

const NO_EDITS: Edits = {
  ...{ selections: [], integers: [], copies: [], literals: [], attributes: [] },
  ...{ inputs: [], nodes: [], valueInfos: [], metadata: [] },
};

export async function feedsFor(
  { walk, dataset, samples, batch }: Source,
  options: NativeOptions,
): Promise<Feeds[]> {
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
