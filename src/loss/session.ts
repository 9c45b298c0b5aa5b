import { Shared } from '../base/shared.js';
import type { Analysis } from '../coupling/analysis.js';
import type { Group } from '../coupling/groups.js';
import type { Dataset } from '../data/dataset.js';
import { type Computed, computedOn } from '../execution/branches.js';
import { collect, type Observer } from '../execution/collecting.js';
import { showing, unfusedValuesOf } from '../execution/unfusedValues.js';
import { type Layer, layersOf } from '../layers/layers.js';
import { recurrentsOf } from '../layers/recurrent.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import type { BlockInformation } from '../native/moments.js';
import { quietly } from '../native/quietly.js';
import { reconstruct } from '../refit/refit.js';
import type { RefitInputs } from '../refit/refitInputs.js';
import { feedsFor, matchOf } from '../refit/refitInputs.js';
import type { Reconstructed, Removed } from '../refit/removed.js';
import type { Feeds, Runtime } from '../runtime/runtime.js';
import { dimsIn, type Logits, logitsOf, lostAlong } from '../statistics/logits.js';
import { SecondMoments } from '../statistics/moments.js';
import { productsOf } from '../statistics/products.js';
import { blocksOf } from '../statistics/summing.js';
import { DAMPING, damageAlong, type Ranking, rank } from './ranking.js';
import { lossOf, sensitivity, Trials, type Tried } from './trials.js';

/** A model together with calibration samples: second moments, rankings and trials, each computed once when it is first asked for. */
export class CalibrationSession {
  /** Of all of the model's graph that is computed on the samples, once that is known: `prepare`. */
  #layers: readonly Layer[];
  #known: Computed;
  /** The computed model, of which values within nodes can be asked for too. */
  #shown: NativeModel;
  readonly #computed = new Shared<Computed>();
  readonly #observed = new Shared<SecondMoments>();
  readonly #logits = new Shared<readonly Logits[]>();
  readonly #trials = new Shared<Trials | undefined>();
  readonly #rankings = new Map<Group, Ranking | undefined>();
  /** By group and order of lanes: the loss of the model's outputs, measured with half of the lanes removed. */
  readonly #losses = new Map<string, Tried>();
  /** Groups of which a trial gave NaN or infinite values. */
  readonly overflowing = new Set<string>();
  #expected = false;
  /** Whether trials would take too long. */
  #untried = false;

  constructor(
    readonly native: NativeModel,
    readonly analysis: Analysis,
    readonly dataset: Dataset,
    readonly runtime: Runtime,
    /** Samples at most. */
    readonly samples: number | undefined,
    /** Bytes that what is known from samples may take beside the model and the runtime, about. */
    readonly memory: number,
  ) {
    this.#known = { native, analysis };
    this.#layers = layersOf(analysis);
    this.#shown = native;
  }

  /** Replaces each If by the branch that the samples take. Every method that runs the model calls it first. */
  async prepare(options: NativeOptions): Promise<void> {
    const { native, analysis, dataset, runtime, samples } = this;
    const own = { ...quietly(options), ...(samples !== undefined && { samples }) };
    const computed = await this.#computed.get(
      () => computedOn(native, analysis, dataset, runtime, own),
      options.signal,
    );
    if (computed === this.#known) return;
    if (computed.analysis !== analysis) this.#layers = layersOf(computed.analysis);
    this.#known = computed;
    this.#shown = showing(computed.native, unfusedValuesOf(this.#layers));
  }

  /**
   * Nodes whose weights are cut but cannot be refitted: nodes in branches that no sample takes, or not every sample, and nodes in
   * functions.
   */
  beyond({ kept }: Removed['cuts']): readonly string[] {
    const { graph } = this.#known.analysis;
    const { linearMaps } = this.analysis;
    const solved = new Set(linearMaps.flatMap(({ node, weight }) => (graph.isMain(node) ? [weight] : [])));
    const all = linearMaps.filter(({ weight }) => kept.has(weight) && !solved.has(weight));
    return [...new Set(all.map(({ node }) => node.name))];
  }

  /**
   * The order in which lanes leave by the optimal brain surgeon, and what products of queries and keys lose with them; undefined for
   * groups that no observed layer reads.
   */
  async rankings(
    groups: readonly Group[],
    options: NativeOptions,
  ): Promise<readonly (Ranking | undefined)[]> {
    const observed = await this.observed(options);
    const open = groups.filter((group) => !this.#rankings.has(group));
    const found = await rank(open, observed, await this.logits(options), options);
    for (const group of open) this.#rankings.set(group, found.get(group));
    return groups.map((group) => this.#rankings.get(group));
  }

  /** Entropies of the lanes as inputs of the first layer that reads them, in bits per input. */
  async information(group: Group, options: NativeOptions): Promise<BlockInformation | undefined> {
    const observed = await this.observed(options);
    for (const summing of observed.summings) {
      const blocks = blocksOf(group, summing);
      if (blocks === undefined) continue;
      const found = await observed.use(summing, quietly(options), (moments) =>
        moments.information(blocks, DAMPING, quietly(options)),
      );
      if (found === undefined) continue;
      const each = (bits: Float64Array): Float64Array =>
        bits.map((value, lane) => value / Math.max(1, blocks[lane]!.length));
      return {
        entropy: each(found.entropy),
        conditional: each(found.conditional),
        redundancy: each(found.redundancy),
        damping: found.damping,
      };
    }
    return undefined;
  }

  /**
   * The loss curve of a group along an order of its lanes, [lanes]: entry k is the loss when lanes 0 to k of the order are removed, as
   * predicted from the layers that read them. Where a trial can be run in reasonable time the curve is scaled to what it measured, and
   * is in shares of the variance of the model's outputs.
   *
   * presumed: the curve to take, in any unit, for a group of which no layer's loss can be predicted
   */
  async damage(
    group: Group,
    order: Uint32Array,
    presumed: Float64Array,
    options: NativeOptions,
  ): Promise<Float64Array> {
    const [ranking] = await this.rankings([group], options);
    const own = ranking?.order.every((lane, place) => lane === order[place]);
    const damage =
      ranking === undefined
        ? presumed
        : own
          ? ranking.damage
          : await this.#damageAlong(group, order, options);
    const factor = await this.#sensitivity(group, order, damage, options);
    return damage.map((value) => factor * value);
  }

  async #damageAlong(group: Group, order: Uint32Array, options: NativeOptions): Promise<Float64Array> {
    const lost = lostAlong(group, order, dimsIn(group, await this.logits(options)));
    const damage = await damageAlong(group, order, await this.observed(options), quietly(options));
    return damage.map((value, place) => value + lost[place]!);
  }

  async #sensitivity(
    group: Group,
    order: Uint32Array,
    damage: Float64Array,
    options: NativeOptions,
  ): Promise<number> {
    if (this.#untried) return 1;
    const key = `${group.id}:${order.join()}`;
    const known = this.#losses.get(key);
    if (known !== undefined) return sensitivity(group, known, damage);
    const trials = await this.#trials.get(() => this.#tried(options), options.signal);
    this.#untried = trials === undefined;
    if (trials === undefined) return 1;
    const lost = await lossOf(trials, group, order, quietly(options));
    this.#losses.set(key, lost);
    if (lost.overflows) this.overflowing.add(group.id);
    return sensitivity(group, lost, damage);
  }

  /** Frees the memory that only `damage` uses, which may be much; a later call computes it again. */
  forgetTrials(): void {
    this.#trials.forget();
  }

  async #tried(options: NativeOptions): Promise<Trials | undefined> {
    return Trials.of(await this.#source(options), options);
  }

  /** An upper bound, in bytes, of the biases that a refit adds to layers without one. */
  get added(): number {
    return this.#layers.reduce((sum, { uses, outputs, weight }) => {
      const name = this.analysis.graph.nameOf(weight.id).length + FRESH;
      const each = uses.map(({ addition, node: own, integers }) => {
        const node = integers?.end ?? own;
        const bias = 4 * outputs + 2 * name + TENSOR;
        if (addition.kind === 'operand') return bias;
        if (addition.kind !== 'behind') return 0;
        return bias + 2 * node.name.length + 3 * ((node.outputs[0]?.length ?? 0) + FRESH) + NODE;
      });
      return sum + each.reduce((own, bytes) => own + bytes, 0);
    }, 0);
  }

  /** Refits what a removal leaves: `reconstruct`. */
  async reconstruct(removed: Removed, options: NativeOptions): Promise<Reconstructed> {
    const source = await this.#source(options);
    // The layers are fitted to examples, and what led to the removal is known.
    await (await this.observed(options)).release(options);
    return reconstruct(source, removed, options);
  }

  /** From here on the next run of the original collects second moments too: they will be wanted. */
  expect(): void {
    this.#expected = true;
  }

  /** Runs the original once for observers, and for the second moments where they are expected. returns: how many samples there were */
  async collect(observers: readonly Observer[], options: NativeOptions): Promise<number> {
    await this.prepare(options);
    const { native, dataset, runtime, samples } = this;
    // What observers ask for are values of the model as it is, without branches laid out.
    if (this.#expected && !this.#observed.isGoing && this.#known.native === native)
      return (await this.observed(options, observers)).samples;
    return collect(native, observers, dataset, runtime, {
      ...options,
      ...(samples !== undefined && { samples }),
    });
  }

  /** What is known of the layers' inputs. observers: take part in the run, where there is one. */
  async observed(options: NativeOptions, observers: readonly Observer[] = []): Promise<SecondMoments> {
    await this.prepare(options);
    const { native, dataset, runtime, samples } = this;
    const layers = this.#layers;
    const { analysis: walk } = this.#known;
    const recurrents = recurrentsOf(walk, layers);
    const models = { native, computed: this.#shown, walk };
    const own = {
      ...{ ...options, observers, memory: MOMENTS * this.memory },
      ...(samples !== undefined && { samples }),
    };
    return this.#observed.get(
      () => SecondMoments.of(models, layers, recurrents, dataset, runtime, own),
      options.signal,
    );
  }

  /** Products of queries and keys, and the dims that give them best. */
  logits(options: NativeOptions): Promise<readonly Logits[]> {
    return this.#logits.get(() => this.#products(quietly(options)), options.signal);
  }

  async #products(options: NativeOptions): Promise<readonly Logits[]> {
    const { native, dataset, runtime } = this;
    const observed = await this.observed(options);
    const { analysis } = this.#known;
    const computed = this.#shown;
    const few = async (): Promise<Feeds> => {
      const { batch } = matchOf({ walk: analysis, dataset });
      const samples = typeof batch === 'number' ? batch : Math.min(PROBED, observed.batch);
      const [feeds] = await feedsFor({ walk: analysis, dataset, samples, batch: samples }, options);
      return feeds!;
    };
    const products = await productsOf({ native, computed }, analysis, this.#layers, runtime, few, options);
    return logitsOf(products, native, observed, options);
  }

  async #source(options: NativeOptions): Promise<RefitInputs> {
    const { native, dataset, runtime } = this;
    const { samples: all, batch, bytes, rows, share } = await this.observed(options);
    const logits = await this.logits(options);
    const { analysis } = this.#known;
    const computed = this.#shown;
    const fixed = typeof matchOf({ walk: analysis, dataset }).batch === 'number';
    const sizes = batched(all, batch, bytes, fixed, this.memory);
    const known = { bytes, fixed, rows, share, logits, all, memory: this.memory };
    return { native, computed, walk: analysis, layers: this.#layers, dataset, runtime, ...known, ...sizes };
  }
}

/** The share of the memory that second moments may take. */
const MOMENTS = 0.5;

/** Samples that are run to find out on which axes the heads and dims of queries and keys lie. */
const PROBED = 2;

/** Bytes that a new name has more than the one that it is made of; that a tensor and a node take beside names and numbers. */
const FRESH = 24;
const TENSOR = 48;
const NODE = 64;

/** Batches may be larger where only a part of the layers' inputs is used; there are at least four, so that one can be held out. */
const BATCH_BYTES = 64 * 1024 * 1024;
const MOST_BATCH = 64;
/** So many samples are held even where there is no room for them. */
const FEWEST = 32;

function batched(
  samples: number,
  batch: number,
  bytes: number,
  fixed: boolean,
  memory: number,
): { readonly samples: number; readonly batch: number } {
  // Of all that layers read, about a tenth is there at one place; of that, several copies, and room for both models and for targets.
  const held = Math.max(FEWEST, Math.floor(memory / Math.max(1, bytes)));
  if (fixed) return { samples: Math.min(samples, batch * Math.ceil(held / batch)), batch };
  const few = Math.min(samples, held);
  if (batch === 1) return { samples: few, batch };
  const fitting = Math.max(batch, Math.min(MOST_BATCH, Math.floor(BATCH_BYTES / Math.max(1, bytes))));
  return { samples: few, batch: Math.max(1, Math.min(fitting, Math.floor(few / 4))) };
}
