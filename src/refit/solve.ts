import { numbersOf } from '../layers/currentWeights.js';
import { isObserved, type Layer, mixesAll, weightOf } from '../layers/layers.js';
import { matrixOf, placesOf } from '../layers/matrix.js';
import type { Refit } from '../native/moments.js';
import { NativeRegression, product, type Solved } from '../native/regression.js';
import type { Tensor } from '../runtime/runtime.js';
import { precisionFor } from '../statistics/moments.js';
import type { Example } from './examples.js';
import { dampingsFor, isHeld, LARGE } from './examples.js';
import { alike, distance, Feedback, valuesByBatch } from './feedback.js';
import { solveGroups } from './grouped.js';
import { LayerExamples } from './layerExamples.js';
import { type JointProjection, mixed, shiftsOf, UNPROJECTED, unshifted } from './projection.js';
import type { Refitting } from './refitting.js';
import type { PostOps } from './target.js';
import { joined, partsOf } from './target.js';

/** How often targets behind a ReLU are recomputed: where it outputs zero any value below zero will do. */
const ROUNDS = 3;
/** Layers of more inputs than `LARGE` take this many. */
const FEW_ROUNDS = 2;
/** λ as a share of the mean variance of the inputs, where no batch is held out. */
const UNJUDGED = 1e-3;
/** How often a weight that is used on its own outputs is solved for. */
const FED_ROUNDS = 3;

/** The refit of one layer. */
export class LayerSolve {
  readonly #inputs: number;
  readonly #outputs: readonly number[];
  readonly #observed: boolean;
  readonly examples: LayerExamples;
  /** True once the two models were found to have other lengths here in every batch, so that nothing can be fitted. */
  unmatched = false;

  constructor(
    readonly layer: Layer,
    readonly refitting: Refitting,
    /** What follows the layer, where that is known and computed before its turn. */
    after: PostOps | undefined,
    /** The targets of outputs that are not fitted to their own original values. */
    readonly projection: JointProjection = UNPROJECTED,
  ) {
    const { updates, source, mode } = refitting;
    this.#inputs = updates.keptChannels(layer).length * layer.taps;
    this.#outputs = updates.keptOutputs(layer);
    this.#observed = isObserved(layer);
    const known = this.#observed ? after : undefined;
    const targets = this.#outputs.length * (1 + this.#rounds);
    this.examples = new LayerExamples(layer, updates, source, mode, known, projection, targets);
  }

  /** Whether the layer can be refitted at all: what a kernel makes of x is known by what comes out only. */
  get isSolvable(): boolean {
    return this.#observed || (this.layer.taps === 1 && mixesAll(this.layer));
  }

  /** Whether its weight is used on its own outputs. */
  get isFed(): boolean {
    return this.refitting.pruned.parts.feeds(this.layer.uses);
  }

  /**
   * Solves for the weights. Everything in front of the layer in the pruned model has been refitted, so its inputs are final; `examples` has
   * taken the original's batches, unless the layer `isFed`.
   */
  async refit(): Promise<void> {
    const { layer } = this;
    const { pruned } = this.refitting;
    if (!this.isSolvable) return;
    if (this.isFed) return this.#refitFed();
    const examples = await this.examples.of(pruned);
    // No sample comes to it.
    this.unmatched = examples.length === 0 && pruned.batches > 0;
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
    const { layer } = this;
    const { mode, updates, original, pruned } = this.refitting;
    if (!this.#observed || !mixesAll(layer)) return;
    const { fitted } = mode;
    const feedback = new Feedback(layer, updates, pruned, fitted);
    const { uses } = feedback;
    const data = [...new Set(uses.map((use) => use.data))];
    const names = [...data, ...uses.map(({ output }) => output!.value)];
    const then = await valuesByBatch(original, names, fitted);
    const wanted = then.map((tensors) => feedback.keptOf(tensors));
    const ready = await feedback.ready();
    let now: readonly ReadonlyMap<string, Tensor>[] = wanted;
    let best: { readonly error: number; readonly solved: Solved } | undefined;
    const examples: Example[] = [];
    for (let round = 0; ; round++) {
      for (const [batch, tensors] of now.entries())
        for (const use of uses)
          examples.push({
            held: isHeld(batch),
            ...this.examples.at(use, then[batch]!, tensors),
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
    const { layer } = this;
    const { updates, options } = this.refitting;
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
    const { mode, options } = this.refitting;
    const columns = this.#observed ? this.#outputs.length : layer.channels;
    const parts = partsOf(examples[0]?.wanted);
    const regression = new NativeRegression(this.#inputs, columns, parts, precisionFor(this.#inputs));
    for (const example of examples) {
      const { held, rows } = example;
      const y = parts > 1 ? joined(example, columns) : example.wanted.y;
      const { patches } = rows;
      await regression.add(rows.x, y, { held, ...(patches && { patches }), ...options });
    }
    const solving = {
      ...{ dampings: dampingsFor(this.#inputs, mode), damping: UNJUDGED, near: await this.#near() },
      ...{ intercept: this.#intercept, rounds: this.#rounds },
    };
    return regression.solve(solving, options);
  }

  get #intercept(): boolean {
    return this.layer.uses.every(({ addition }) => addition.kind !== 'none');
  }

  get #rounds(): number {
    if (this.refitting.mode.quick) return 1;
    return this.#inputs > LARGE ? FEW_ROUNDS : ROUNDS;
  }

  /** The weights there are, where what is solved for stands in their place. */
  async #near(): Promise<Float64Array | undefined> {
    if (!this.#observed || this.projection.size > 0) return;
    return Float64Array.from(await this.refitting.updates.weights(this.layer));
  }

  async #put({ weights, bias }: Refit, means: Float64Array): Promise<void> {
    const { layer } = this;
    const { updates, options, source } = this.refitting;
    if (this.#observed) return updates.put(layer, { weights, intercept: bias, means, observed: true });
    // x of the original ≈ B x + c, so W x ≈ (W B) x + W c.
    const places = placesOf(layer, layer.weight.dims);
    const stored = matrixOf(await numbersOf(source.native, weightOf(layer), options), places);
    const [rows, inputs, channels] = [this.#outputs.length, this.#inputs, layer.channels];
    const original = mixed(stored, [layer.outputs, channels], 0, this.#outputs, unshifted(this.projection));
    const intercept = shiftsOf(this.#outputs, this.projection);
    for (const [row, shift] of (
      await product(original, bias, { rows, inner: channels, columns: 1 }, options)
    ).entries())
      intercept[row]! += shift;
    const lengths = { rows, inner: channels, columns: inputs };
    const composed = await product(original, weights, lengths, options);
    return updates.put(layer, { weights: composed, intercept, means, observed: false });
  }
}
