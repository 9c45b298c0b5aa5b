import { CostModel } from '../cost/model.js';
import { cutTensors, type InterfaceChanges } from '../data/interfaceChanges.js';
import type { ValueSource } from '../execution/activationCache.js';
import { BatchGrowth } from '../execution/batchGrowth.js';
import { decisionsOf, type GivenValues, takenBy } from '../execution/decisions.js';
import { StagedRun } from '../execution/stagedRun.js';
import { SubgraphPartition } from '../execution/subgraphPartition.js';
import { unfusedValuesOf } from '../execution/unfusedValues.js';
import { isObserved, type Layer, mixesAll } from '../layers/layers.js';
import { layersIn, recurrentsOf } from '../layers/recurrent.js';
import { type Edits, NO_EDITS } from '../model/edits.js';
import type { Node } from '../model/graph.js';
import type { Readers } from '../model/readers.js';
import { readersOf } from '../model/readers.js';
import type { NativeOptions } from '../native/index.js';
import { quietly } from '../native/quietly.js';
import type { Feeds } from '../runtime/runtime.js';
import { MOST_INPUTS } from '../statistics/moments.js';
import { interfaceOf } from '../surgery/shrunkInterface.js';
import { type Growth, Lookahead } from './lookahead.js';
import { PendingUpdates } from './pendingUpdates.js';
import { type JointProjection, jointProjectionsOf } from './projection.js';
import type { RefitInputs, RefitMode } from './refitInputs.js';
import { feedsFor, matchOf } from './refitInputs.js';
import type { Reconstructed, Removed } from './removed.js';
import { refitScaling, scalingsOf } from './scaling.js';
import type { ScheduleEntry } from './schedule.js';
import { isLayer, isRecurrent, ordered, readersBehind, readOf } from './schedule.js';
import { type PostOps, postOpsOf } from './target.js';
import { Unrolling } from './unrolling.js';

/**
 * Refits the layers of a pruned model, front to back: each is fitted by least squares to reproduce the original's outputs from the
 * inputs that the pruned model gives it, and to make up for the error of the residual branch it is added to. So errors don't add up.
 *
 * - returns: the edits of the removal with new weights and biases, and how many layers have them
 * - memory: the activations of all samples that the remaining nodes of both models still read
 */
export async function reconstruct(
  source: RefitInputs,
  removed: Removed,
  options: NativeOptions,
): Promise<Reconstructed> {
  const quiet = quietly(options);
  const parts = new SubgraphPartition(source.walk.graph.document, unfusedValuesOf(source.layers));
  const feeds = await feedsFor(source, quiet);
  const work = new Reconstruction(source, removed, options);
  const decided = decisionsOf(source.walk);
  const { computed, runtime } = source;
  const original = new StagedRun(
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
    const growth = new BatchGrowth(matchOf(source), source, macs, original, pruned, quiet);
    const layers = await work.run(original, pruned, {}, growth);
    const { unmatched } = work;
    const taken = [...pruned.used];
    return { edits: work.edits(), layers, samples: growth.samples, taken, unmatched };
  } finally {
    await Promise.all([original.close(), pruned.close()]);
  }
}

const UNCHANGED: InterfaceChanges = { inputs: {}, outputs: {} };

/** A removal whose layers are refitted one after the other. */
export class Reconstruction {
  readonly updates: PendingUpdates;
  /** Inputs and outputs that the removal shortens. */
  readonly changes: InterfaceChanges;
  /** Nodes whose outputs have other positions in the two models, so that they cannot be compared: their weights are only cut. */
  readonly unmatched: string[] = [];
  #projections: ReadonlyMap<Layer, JointProjection> = new Map();

  constructor(
    readonly source: RefitInputs,
    readonly removed: Removed,
    readonly options: NativeOptions,
  ) {
    const { removal, cuts } = removed;
    this.updates = new PendingUpdates(source.native, source.walk, removal, cuts, quietly(options));
    this.changes = interfaceOf(source.walk, removal) ?? UNCHANGED;
  }

  /** With the weights of all layers as refitted so far. */
  edits(): Edits {
    return this.updates.over(this.removed.edits);
  }

  /** The pruned model, with its inputs cut from these inputs of the original. */
  advance(
    feeds: readonly Feeds[],
    parts: SubgraphPartition,
    options: NativeOptions,
    from: GivenValues['from'],
  ): StagedRun {
    const { computed, runtime, walk } = this.source;
    const { inputs } = this.changes;
    const taken = (whole: Feeds): Feeds => cutTensors(whole, inputs);
    const names = takenBy(decisionsOf(walk), walk, this.removed.removal);
    return new StagedRun(computed, parts, runtime, feeds, () => this.edits(), options, taken, {
      names,
      from,
    });
  }

  /**
   * growth: where later layers may take more samples along.
   * returns: how many layers were refitted
   */
  async run(
    original: ValueSource,
    pruned: StagedRun,
    mode: RefitMode = {},
    growth?: Growth,
  ): Promise<number> {
    const { source, updates } = this;
    const { native, walk, layers } = source;
    const readers = readersOf(walk.graph);
    const small = layers.filter((layer) => updates.keptChannels(layer).length * layer.taps <= MOST_INPUTS);
    const recurrents = recurrentsOf(walk, small);
    const own = new Set(recurrents.flatMap(layersIn));
    const apart = small.filter((layer) => !own.has(layer));
    const turns = ordered([...apart, ...recurrents, ...(mode.quick ? [] : scalingsOf(walk))], pruned.parts);
    this.#projections = jointProjectionsOf(source.logits, updates, new Set(turns.filter(isLayer)));
    const after = (turn: ScheduleEntry): PostOps | undefined =>
      turn.uses.length > 1 || isRecurrent(turn)
        ? undefined
        : postOpsOf(walk, native, readers, isLayer(turn) ? turn.uses[0]! : turn, turn.outputs);
    const work = this.#affected(turns, pruned.parts, readers, mode, after);
    const options = quietly(this.options);
    const refitting = { updates, original, pruned, source, mode, options };
    const lookahead = new Lookahead(refitting, work, this.#projections, after, growth);
    for (const [done, entry] of work.entries()) {
      this.options.onProgress?.({ phase: 'reconstruct', done, total: work.length });
      if (isRecurrent(entry)) {
        const samples = await lookahead.samplesFor(entry.directions[0]!.input);
        const unrolling = new Unrolling(entry, { ...refitting, source: { ...source, samples } });
        await unrolling.refit();
        if (unrolling.unmatched) this.unmatched.push(entry.node.name);
      } else if (isLayer(entry)) {
        const solve = await lookahead.solveAt(done);
        await solve.refit();
        if (solve.unmatched) this.unmatched.push(entry.uses[0]!.node.name);
      } else {
        const known = lookahead.usable(done);
        await refitScaling(entry, {
          updates,
          original,
          pruned,
          after: known,
          batches: pruned.batches,
          options,
        });
      }
    }
    this.options.onProgress?.({ phase: 'reconstruct', done: work.length, total: work.length });
    return work.length - this.unmatched.length;
  }

  /**
   * The entries from the first layer on that lost inputs, or whose outputs are projected. Grouped convolutions and scalings are among them
   * only where refitted layers make their inputs, since nothing else changes them; a scaling is not where a refitted layer directly
   * in front of it or behind it can make up for it.
   */
  #affected(
    turns: readonly ScheduleEntry[],
    parts: SubgraphPartition,
    readers: Readers,
    { quick = false }: RefitMode,
    after: (turn: ScheduleEntry) => PostOps | undefined,
  ): readonly ScheduleEntry[] {
    const lost = (layer: Layer): boolean =>
      this.updates.keptChannels(layer).length < layer.channels || this.#projections.has(layer);
    const seen = new Set(
      turns.flatMap((turn) =>
        isLayer(turn) && mixesAll(turn) && isObserved(turn) ? turn.uses.map(({ node }) => node) : [],
      ),
    );
    const refitted = new Set<number>();
    const covered = new Set<Node>();
    const work: ScheduleEntry[] = [];
    for (const turn of turns) {
      const reads = (): boolean => {
        const before = parts.between(turn.uses.flatMap(readOf), new Set());
        return [...before].some(({ id }) => refitted.has(id));
      };
      if (isRecurrent(turn)) {
        if (work.length === 0 && !layersIn(turn).some(lost)) continue;
      } else if (isLayer(turn)) {
        if (quick && !mixesAll(turn)) continue;
        if (!lost(turn) && !(mixesAll(turn) ? work.length > 0 : reads())) continue;
      } else {
        const { value } = turn.output;
        const own = readersBehind(this.source.walk, readers, value);
        const isShown = own.length === 0 || this.source.walk.graph.outputs.some(({ name }) => name === value);
        if (covered.has(turn.uses[0].node) || !reads()) continue;
        if (!isShown && own.every((node) => seen.has(node))) continue;
      }
      work.push(turn);
      if (isLayer(turn) ? isObserved(turn) : !isRecurrent(turn))
        for (const node of after(turn)?.through ?? []) covered.add(node);
      for (const { node } of turn.uses) refitted.add(node.id);
    }
    return work;
  }
}
