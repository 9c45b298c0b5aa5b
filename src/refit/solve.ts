import type { Steps } from '../base/steps.js';
import type { ValueSource } from '../execution/activationCache.js';
import type { StagedRun } from '../execution/stagedRun.js';
import { numbersOf } from '../layers/currentWeights.js';
import { isObserved, type Layer, mixesAll, weightOf } from '../layers/layers.js';
import { matrixOf, placesOf } from '../layers/matrix.js';
import { feed } from '../layers/rows.js';
import type { NativeOptions } from '../native/index.js';
import type { NativeMoments, Refit } from '../native/moments.js';
import { inSlices } from '../platform/index.js';
import type { Tensor } from '../runtime/runtime.js';
import { momentsFor } from '../statistics/moments.js';
import type { Example } from './examples.js';
import { dampingsFor, isHeld, LARGE } from './examples.js';
import { alike, distance, Feedback, told } from './feedback.js';
import { solveGroups } from './grouped.js';
import { LayerExamples } from './layerExamples.js';
import type { PendingUpdates } from './pendingUpdates.js';
import { type JointProjection, mixed, NO_MIXTURE, shiftsOf, unshifted } from './projection.js';
import type { ScheduleEntry } from './schedule.js';
import type { RefitMode, Source } from './source.js';
import type { PostOps } from './target.js';
import { isUsable, joinedOf, partsOf } from './target.js';

/** How often targets behind a ReLU are recomputed: where it outputs zero any value below zero will do. */
const ROUNDS = 6;
/** Layers of more inputs than `LARGE` take this many. */
const FEW_ROUNDS = 2;
/** How often a weight that is used on its own outputs is solved for. */
const FED_ROUNDS = 3;

/** The refit of one layer. Everything in front of it in the pruned model has been refitted, so its inputs are final. */
export class LayerSolve {
  readonly #inputs: number;
  readonly #outputs: readonly number[];
  readonly #observed: boolean;
  readonly #examples: LayerExamples;
  /** True once the two models were found to have other lengths here in every batch, so that nothing can be fitted. */
  unmatched = false;

  constructor(
    readonly layer: Layer,
    readonly updates: PendingUpdates,
    readonly original: ValueSource,
    readonly pruned: StagedRun,
    readonly source: Source,
    readonly mode: RefitMode,
    readonly options: NativeOptions,
    /** The targets of outputs that are not fitted to their own original values. */
    readonly projection: JointProjection = NO_MIXTURE,
  ) {
    this.#inputs = updates.keptChannels(layer).length * layer.taps;
    this.#outputs = updates.keptOutputs(layer);
    this.#observed = isObserved(layer);
    const targets = this.#outputs.length * (1 + this.#rounds);
    this.#examples = new LayerExamples(layer, updates, original, pruned, source, mode, projection, targets);
  }

  /** `postOps`: known where the weight has one use. `pending`: the entries still to be refitted, this one included. */
  async refit(postOps: PostOps | undefined, pending: ReadonlySet<ScheduleEntry>): Promise<void> {
    const { layer } = this;
    // What a kernel makes of x is known by what comes out only.
    if (!this.#observed && (layer.taps > 1 || !mixesAll(layer))) return;
    const after =
      this.#observed && postOps !== undefined && isUsable(postOps, this.pruned, pending)
        ? postOps
        : undefined;
    if (this.pruned.parts.feeds(layer.sites)) return this.#refitFed();
    const examples = await this.#examples.of(after);
    // No sample comes to it.
    this.unmatched = examples.length === 0 && this.pruned.batches > 0;
    if (examples.every(({ rows }) => rows.rows === 0)) return;
    const { refit, means } = mixesAll(layer)
      ? await this.#solve(examples)
      : await this.#solveGroups(examples);
    await this.#put(refit, means);
  }

  /**
   * Refits a weight that is used on its own outputs, such as the cell of an unrolled recurrent layer: first on the original's inputs, then
   * also on the inputs that it produces itself. The solution nearest to the original on the held-out batches is kept.
   */
  async #refitFed(): Promise<void> {
    const { layer, mode } = this;
    if (!this.#observed || !mixesAll(layer)) return;
    const { fitted } = mode;
    const feedback = new Feedback(layer, this.updates, this.pruned, fitted);
    const { sites } = feedback;
    const data = [...new Set(sites.map((site) => site.data))];
    const names = [...data, ...sites.map(({ output }) => output!.value)];
    const then = await told(this.original, names, fitted);
    const wanted = then.map((tensors) => feedback.keptOf(tensors));
    const ready = await feedback.ready();
    let now: readonly ReadonlyMap<string, Tensor>[] = wanted;
    let best: { readonly error: number; readonly solved: Solved } | undefined;
    const examples: Example[] = [];
    for (let round = 0; ; round++) {
      for (const [batch, tensors] of now.entries())
        for (const site of sites)
          examples.push({
            held: isHeld(batch),
            ...this.#examples.at(site, then[batch]!, tensors, undefined),
          });
      if (examples.every(({ rows }) => rows.rows === 0)) return;
      const solved = await this.#solve(examples);
      await this.#put(solved.refit, solved.means);
      if (mode.quick) return;
      now = await feedback.run(data, ready);
      if (!alike(wanted, now)) return;
      const error = distance(wanted, now, isHeld);
      if (best === undefined || error < best.error) best = { error, solved };
      if (round + 1 === FED_ROUNDS) break;
    }
    await this.#put(best.solved.refit, best.solved.means);
  }

  /** Each group by itself. */
  async #solveGroups(examples: readonly Example[]): ReturnType<typeof solveGroups> {
    const { layer, updates, options } = this;
    const groups = (examples[0]?.rows.patches?.channels ?? 0) / updates.keptChannels(layer).length;
    return solveGroups(
      {
        ...{ groups, inputs: this.#inputs, outputs: this.#outputs.length / groups },
        ...{ weights: await updates.weights(layer), intercept: this.#intercept },
      },
      examples,
      options,
    );
  }

  async #solve(examples: readonly Example[]): Promise<Solved> {
    const { layer } = this;
    const columns = this.#observed ? this.#outputs.length : layer.channels;
    const fits = momentsFor(this.#inputs, columns);
    const held = momentsFor(this.#inputs, columns);
    for (const { held: out, rows, wanted } of examples)
      await feed(out ? held : fits, rows, wanted.y, this.options);
    const near = await this.#near();
    const ridge = (moments: NativeMoments, damping: number): Promise<Refit> =>
      moments.ridge(this.#all, damping, { ...this.options, intercept: this.#intercept, near });
    const damping = await this.#damping(fits, held, ridge);
    await fits.merge(held, this.options);
    let refit = await ridge(fits, damping);
    const parts = partsOf(examples[0]?.wanted);
    const targets = parts > 1 ? joinedOf(examples, columns) : [];
    for (let round = 0; parts > 1 && round < this.#rounds; round++) {
      await fits.clip(parts as 2 | 3, refit, this.options);
      for (const [i, { rows }] of examples.entries()) await feed(fits, rows, targets[i]!, this.options);
      refit = await ridge(fits, damping);
    }
    return { refit, means: (await fits.summary(this.options)).inputMeans };
  }

  get #intercept(): boolean {
    return this.layer.sites.every(({ addition }) => addition.kind !== 'none');
  }

  get #rounds(): number {
    if (this.mode.quick) return 1;
    return this.#inputs > LARGE ? FEW_ROUNDS : ROUNDS;
  }

  get #all(): Uint32Array {
    return Uint32Array.from({ length: this.#inputs }, (_, index) => index);
  }

  /** The weights there are, where what is solved for stands in their place. */
  async #near(): Promise<Float64Array | undefined> {
    if (!this.#observed || this.projection.size > 0) return;
    return Float64Array.from(await this.updates.weights(this.layer));
  }

  /** The damping with the smallest error on the held-out batches. */
  async #damping(
    fits: NativeMoments,
    held: NativeMoments,
    ridge: (moments: NativeMoments, damping: number) => Promise<Refit>,
  ): Promise<number> {
    const { options } = this;
    let damping = 1e-3;
    const { count } = await held.summary(options);
    if (count === 0) return damping;
    let least = Number.POSITIVE_INFINITY;
    for (const candidate of dampingsFor(this.#inputs, this.mode)) {
      const errors = await held.errors(this.#all, await ridge(fits, candidate), options);
      const error = errors.reduce((sum, value) => sum + value, 0);
      if (error < least) [least, damping] = [error, candidate];
    }
    return damping;
  }

  async #put({ weights, bias }: Refit, means: Float64Array): Promise<void> {
    const { layer, updates } = this;
    if (this.#observed) return updates.put(layer, { weights, intercept: bias, means, observed: true });
    // x of the original ≈ B x + c, so W x ≈ (W B) x + W c.
    const places = placesOf(layer, layer.weight.dims);
    const stored = matrixOf(await numbersOf(this.source.native, weightOf(layer), this.options), places);
    const [rows, inputs, channels] = [this.#outputs.length, this.#inputs, layer.channels];
    const original = mixed(stored, [layer.outputs, channels], 0, this.#outputs, unshifted(this.projection));
    const product = new Float64Array(rows * inputs);
    const intercept = shiftsOf(this.#outputs, this.projection);
    const multiplying = function* (): Steps<void> {
      for (let row = 0; row < rows; row++) {
        const own = product.subarray(row * inputs, (row + 1) * inputs);
        for (let channel = 0; channel < channels; channel++) {
          const factor = original[row * channels + channel]!;
          intercept[row]! += factor * bias[channel]!;
          const given = weights.subarray(channel * inputs, (channel + 1) * inputs);
          for (let input = 0; input < inputs; input++) own[input]! += factor * given[input]!;
        }
        yield;
      }
    };
    await inSlices(multiplying(), this.options.signal);
    return updates.put(layer, { weights: product, intercept, means, observed: false });
  }
}

interface Solved {
  readonly refit: Refit;
  readonly means: Float64Array;
}
