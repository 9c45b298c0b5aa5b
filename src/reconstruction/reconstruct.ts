import type { Dataset } from '../calibration/data.js';
import { cutTensors, type InterfaceChanges } from '../calibration/interface.js';
import { feedsOf, type Match, matchInputs } from '../calibration/match.js';
import type { Analysis } from '../lanes/analysis.js';
import { CostModel } from '../lanes/cost.js';
import { type Edits, NO_EDITS } from '../native/edits.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import type { Node } from '../onnx/graph.js';
import type { Feeds, Runtime } from '../runtime/runtime.js';
import { interfaceOf } from '../surgery/interface.js';
import { Advance } from './advance.js';
import { aloneOf } from './alone.js';
import { decisionsOf, type Given, takenBy } from './decisions.js';
import { Growth } from './growth.js';
import { isObserved, type Layer, mixesAll, type Readers, readersOf } from './layers.js';
import type { Logits } from './logits.js';
import { type Mixture, mixturesOf } from './mixture.js';
import { MOST_INPUTS } from './observed.js';
import { Parts } from './parts.js';
import { quietly } from './quietly.js';
import type { Teller } from './recorded.js';
import { layersIn, type Recurrent, recurrentsOf } from './recurrent.js';
import type { Reconstructed, Removed } from './removed.js';
import { Rewrites } from './rewrites.js';
import { refitScaling, type Scaling, scalingsOf } from './scaling.js';
import { Stage } from './stage.js';
import { type Aftermath, aftermathOf, isUsable } from './target.js';
import { Unrolling } from './unrolling.js';

export interface Source {
  readonly native: NativeModel;
  /** What is run on samples; takes the same edits. */
  readonly computed: NativeModel;
  readonly walk: Analysis;
  readonly layers: readonly Layer[];
  readonly dataset: Dataset;
  readonly runtime: Runtime;
  /** Samples that are taken from the beginning, and in one batch; samples that there are. */
  readonly samples: number;
  readonly batch: number;
  readonly all: number;
  /** The model takes batches of this size only. */
  readonly fixed: boolean;
  /** Of all that layers read of one sample. */
  readonly bytes: number;
  /** Positions of each layer in one sample, and what looking at them may cost: `everyFor`. */
  readonly rows: ReadonlyMap<Layer, number>;
  readonly share: number;
  /** Products of layers whose dims can be chosen anew. */
  readonly logits: readonly Logits[];
}

/** How a reconstruction is carried out. */
export interface Manner {
  /** One round and few dampings to choose from: enough to compare removals with each other. */
  readonly quick?: boolean;
  /** Batches that are fitted to; by default all. */
  readonly fitted?: number;
}

/**
 * Refits what a removal leaves, front to back: each layer's outputs are to be the original's again, given the inputs that
 * the pruned model has for it, and what its residual stream lacks besides. So errors don't pile up.
 *
 * - returns: the edits of the removal with new weights and biases, and how many layers have them
 * - memory: what nodes read of all samples at the place that has been reached, in both models
 */
export async function reconstruct(
  source: Source,
  removed: Removed,
  options: NativeOptions,
): Promise<Reconstructed> {
  const quiet = quietly(options);
  const parts = new Parts(source.walk.graph.document, aloneOf(source.layers));
  const feeds = await feedsFor(source, quiet);
  const work = new Reconstruction(source, removed, options);
  const decided = decisionsOf(source.walk);
  const { computed, runtime } = source;
  const original = new Advance(
    computed,
    parts,
    runtime,
    feeds,
    () => NO_EDITS,
    quiet,
    undefined,
    undefined,
    decided,
  );
  const pruned = work.advance(feeds, parts, quiet, original);
  try {
    const { macs } = new CostModel(source.walk).of();
    const growth = new Growth(matchOf(source), source.all, source.samples, source.batch, macs);
    const before: Before = async (layer) => {
      const rows = source.rows.get(layer);
      const inputs = work.rewrites.keptChannels(layer).length * layer.taps;
      if (rows !== undefined) await growth.before(inputs, rows, original, pruned, quiet);
      return growth.samples;
    };
    const layers = await work.run(original, pruned, {}, before);
    const { unmatched } = work;
    const taken = [...pruned.used];
    return { edits: work.edits(), layers, samples: growth.samples, taken, unmatched };
  } finally {
    await Promise.all([original.close(), pruned.close()]);
  }
}

/** Called before a layer's turn; returns how many samples there are then. */
type Before = (layer: Layer) => Promise<number>;

const UNCHANGED: InterfaceChanges = { inputs: {}, outputs: {} };

/** A removal whose layers are refitted one after the other. */
export class Reconstruction {
  readonly rewrites: Rewrites;
  /** Inputs and outputs that the removal shortens. */
  readonly changes: InterfaceChanges;
  /** Nodes of layers whose answers are not at the same places in both models: they are left as they were cut. */
  readonly unmatched: string[] = [];
  #mixtures: ReadonlyMap<Layer, Mixture> = new Map();

  constructor(
    readonly source: Source,
    readonly removed: Removed,
    readonly options: NativeOptions,
  ) {
    const { removal, cuts } = removed;
    this.rewrites = new Rewrites(source.native, source.walk, removal, cuts, quietly(options));
    this.changes = interfaceOf(source.walk, removal) ?? UNCHANGED;
  }

  /** With all layers as they are by now. */
  edits(): Edits {
    return this.rewrites.over(this.removed.edits);
  }

  /** The pruned model on these inputs of the original. */
  advance(feeds: readonly Feeds[], parts: Parts, options: NativeOptions, from: Given['from']): Advance {
    const { computed, runtime, walk } = this.source;
    const { inputs } = this.changes;
    const taken = (whole: Feeds): Feeds => cutTensors(whole, inputs);
    const names = takenBy(decisionsOf(walk), walk, this.removed.removal);
    return new Advance(computed, parts, runtime, feeds, () => this.edits(), options, taken, { names, from });
  }

  /** returns: how many layers were refitted */
  async run(
    original: Teller,
    pruned: Advance,
    manner: Manner = {},
    before: Before = async () => this.source.samples,
  ): Promise<number> {
    const { source, rewrites, options } = this;
    const { native, walk, layers } = source;
    const readers = readersOf(walk.graph);
    const small = layers.filter((layer) => rewrites.keptChannels(layer).length * layer.taps <= MOST_INPUTS);
    const recurrents = recurrentsOf(walk, small);
    const own = new Set(recurrents.flatMap(layersIn));
    const apart = small.filter((layer) => !own.has(layer));
    const turns = ordered([...apart, ...recurrents, ...(manner.quick ? [] : scalingsOf(walk))], pruned.parts);
    this.#mixtures = mixturesOf(source.logits, rewrites, new Set(turns.filter(isLayer)));
    const after = (turn: Turn): Aftermath | undefined =>
      turn.sites.length > 1 || isRecurrent(turn)
        ? undefined
        : aftermathOf(walk, native, readers, isLayer(turn) ? turn.sites[0]! : turn, turn.outputs);
    const work = this.#affected(turns, pruned.parts, readers, manner, after);
    for (const [done, layer] of work.entries()) {
      options.onProgress?.({ phase: 'reconstruct', done, total: work.length });
      const pending = new Set(work.slice(done));
      if (isRecurrent(layer)) {
        const known = { ...source, samples: await before(layer.directions[0]!.input) };
        const manners = [known, manner, quietly(options)] as const;
        const unrolling = new Unrolling(layer, rewrites, original, pruned, ...manners);
        await unrolling.refit();
        if (unrolling.unmatched) this.unmatched.push(layer.node.name);
        continue;
      }
      if (!isLayer(layer)) {
        const found = after(layer);
        const usable = found !== undefined && isUsable(found, pruned, pending) ? found : undefined;
        const situation = { rewrites, original, pruned, after: usable, batches: pruned.batches };
        await refitScaling(layer, { ...situation, options: quietly(options) });
        continue;
      }
      const own = this.#mixtures.get(layer);
      const known = { ...source, samples: await before(layer) };
      const stage = new Stage(layer, rewrites, original, pruned, known, manner, quietly(options), own);
      await stage.refit(after(layer), pending);
      if (stage.unmatched) this.unmatched.push(layer.sites[0]!.node.name);
    }
    options.onProgress?.({ phase: 'reconstruct', done: work.length, total: work.length });
    return work.length - this.unmatched.length;
  }

  /**
   * From the first layer that lost inputs, or answers other dims, on. Groups and scalings only where what they read is made by
   * layers that are refitted: else they give what they gave. And no scaling that such a layer makes up for, in front of it or
   * behind it.
   */
  #affected(
    turns: readonly Turn[],
    parts: Parts,
    readers: Readers,
    { quick = false }: Manner,
    after: (turn: Turn) => Aftermath | undefined,
  ): readonly Turn[] {
    const lost = (layer: Layer): boolean =>
      this.rewrites.keptChannels(layer).length < layer.channels || this.#mixtures.has(layer);
    const seen = new Set(
      turns.flatMap((turn) =>
        isLayer(turn) && mixesAll(turn) && isObserved(turn) ? turn.sites.map(({ node }) => node) : [],
      ),
    );
    const refitted = new Set<number>();
    const covered = new Set<Node>();
    const work: Turn[] = [];
    for (const turn of turns) {
      const reads = (): boolean => {
        const before = parts.between(turn.sites.flatMap(readOf), new Set());
        return [...before].some(({ id }) => refitted.has(id));
      };
      if (isRecurrent(turn)) {
        if (work.length === 0 && !layersIn(turn).some(lost)) continue;
      } else if (isLayer(turn)) {
        if (quick && !mixesAll(turn)) continue;
        if (!lost(turn) && !(mixesAll(turn) ? work.length > 0 : reads())) continue;
      } else {
        const { value } = turn.output;
        const own = readersBehind(readers, value);
        const isShown = own.length === 0 || this.source.walk.graph.outputs.some(({ name }) => name === value);
        if (covered.has(turn.sites[0].node) || !reads()) continue;
        if (!isShown && own.every((node) => seen.has(node))) continue;
      }
      work.push(turn);
      if (isLayer(turn) ? isObserved(turn) : !isRecurrent(turn))
        for (const node of after(turn)?.through ?? []) covered.add(node);
      for (const { node } of turn.sites) refitted.add(node.id);
    }
    return work;
  }
}

/** What has its turn. */
export type Turn = Layer | Recurrent | Scaling;

const QUANTISERS: ReadonlySet<string> = new Set([
  'QuantizeLinear',
  'DynamicQuantizeLinear',
  'DequantizeLinear',
]);

/** Who reads a value, itself or as it is once it has been quantised. */
function readersBehind(readers: Readers, value: string): readonly Node[] {
  const quantises = ({ op, inputs }: Node): boolean => QUANTISERS.has(op) && inputs[0] === value;
  return (readers.get(value) ?? []).flatMap((node) =>
    quantises(node) ? readersBehind(readers, node.outputs[0]!) : [node],
  );
}

/** What comes to a site; of a node that adds several values first, all of them. */
const readOf = (site: { readonly data: string; readonly reads?: readonly string[] }): readonly string[] =>
  site.reads ?? [site.data];

const isLayer = (turn: Turn): turn is Layer => 'weight' in turn;
const isRecurrent = (turn: Turn): turn is Recurrent => 'directions' in turn;

/**
 * Layers such that each comes before all that read what it makes. A weight that is read again behind what it has made has its turn
 * where it alone lies between: the cells of a recurrent layer that was unrolled. Where other weights are read again there too, none has
 * one: refitted late, it would change what others have been fitted to. Nor has what no output needs.
 */
export function ordered<T extends Pick<Turn, 'sites'>>(layers: readonly T[], parts: Parts): T[] {
  const before = (values: readonly string[]): ReadonlySet<number> =>
    new Set([...parts.between(values, new Set())].map(({ id }) => id));
  const makes = ({ sites }: T, ids: ReadonlySet<number>): boolean =>
    sites.some(({ node }) => ids.has(node.id));
  const needed = layers.filter(({ sites }) => sites.every(({ node }) => parts.needs(node.id)));
  const reads = new Map(needed.map((layer) => [layer, before(layer.sites.flatMap(readOf))]));
  const feeds = (layer: T): boolean => layer.sites.length > 1 && makes(layer, reads.get(layer)!);
  let rest = needed;
  const turns: T[] = [];
  const without: T[] = [];
  while (rest.length > 0) {
    const next = rest.find(
      (layer) =>
        !rest.some((own) => own !== layer && makes(own, reads.get(layer)!)) &&
        !(
          feeds(layer) &&
          without.some((own) => makes(own, reads.get(layer)!) && makes(layer, reads.get(own)!))
        ),
    );
    if (next !== undefined) turns.push(next);
    const gone = next ?? rest.find(({ sites }) => sites.length > 1) ?? rest[0]!;
    if (next === undefined) without.push(gone);
    rest = rest.filter((layer) => layer !== gone);
  }
  return turns;
}

/** A model's inputs in a dataset. */
export function matchOf({ walk, dataset }: Pick<Source, 'walk' | 'dataset'>): Match {
  const inputs = walk.graph.inputs.map(({ name, dtype, shape }) => ({
    name,
    dtype: (dtype ?? 'other') as 'float32',
    shape: (shape ?? []).map((length) => (length === null || length === -1 ? '' : length)),
  }));
  return matchInputs(dataset, inputs);
}

export async function feedsFor(
  source: Pick<Source, 'walk' | 'dataset' | 'samples' | 'batch'>,
  options: NativeOptions,
): Promise<Feeds[]> {
  const { samples, batch } = source;
  const match = matchOf(source);
  const feeds: Feeds[] = [];
  for (let from = 0; from < samples; from += batch)
    feeds.push(await feedsOf(match, from, Math.min(samples, from + batch), options.signal));
  return feeds;
}
