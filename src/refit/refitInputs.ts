import type { Analysis } from '../coupling/analysis.js';
import type { Dataset } from '../data/dataset.js';
import type { Match } from '../data/match.js';
import { feedsOf, matchInputs } from '../data/match.js';
import type { Layer } from '../layers/layers.js';
import type { NativeOptions } from '../native/call.js';
import type { NativeModel } from '../native/index.js';
import type { Feeds, Runtime } from '../runtime/runtime.js';
import type { Logits } from '../statistics/logits.js';

/** What a refit starts from: the original model, its layers, the calibration samples and the runtime that computes on them. */
export interface RefitInputs {
  readonly native: NativeModel;
  /** The model that is run on samples, with branches laid out; it takes the same edits as `native`. */
  readonly computed: NativeModel;
  readonly walk: Analysis;
  readonly layers: readonly Layer[];
  readonly dataset: Dataset;
  readonly runtime: Runtime;
  /** The first `samples` samples of the dataset are used, in batches of `batch`; `all` is how many it has. */
  readonly samples: number;
  readonly batch: number;
  readonly all: number;
  /** The model takes batches of this size only. */
  readonly fixed: boolean;
  /** Bytes of the inputs of all layers for one sample. */
  readonly bytes: number;
  /** Bytes that what is known from samples may take, about. */
  readonly memory: number;
  /** Positions of each layer in one sample, and the multiplications that each layer may take: `strideFor`. */
  readonly rows: ReadonlyMap<Layer, number>;
  readonly share: number;
  /** Products of layers whose dims can be chosen anew. */
  readonly logits: readonly Logits[];
}

/** How a reconstruction is carried out. */
export interface RefitMode {
  /** Fewer rounds and dampings: exact enough to compare candidates for removal with each other. */
  readonly quick?: boolean;
  /** Batches that are fitted to; by default all. */
  readonly fitted?: number;
}

/** A model's inputs in a dataset. */
export function matchOf({ walk, dataset }: Pick<RefitInputs, 'walk' | 'dataset'>): Match {
  const inputs = walk.graph.inputs.map(({ name, dtype, shape }) => ({
    name,
    dtype: (dtype ?? 'other') as 'float32',
    shape: (shape ?? []).map((length) => (length === null || length === -1 ? '' : length)),
  }));
  return matchInputs(dataset, inputs);
}

/** The model's inputs for all samples of the refit, in batches of `batch`; the last batch may be smaller. */
export async function feedsFor(
  source: Pick<RefitInputs, 'walk' | 'dataset' | 'samples' | 'batch'>,
  options: NativeOptions,
): Promise<Feeds[]> {
  const { samples, batch } = source;
  const match = matchOf(source);
  const feeds: Feeds[] = [];
  for (let from = 0; from < samples; from += batch)
    feeds.push(await feedsOf(match, from, Math.min(samples, from + batch), options.signal));
  return feeds;
}
