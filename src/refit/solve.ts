import type { Steps } from '../base/steps.js';
import type { ValueSource } from '../execution/activationCache.js';
import type { StagedRun } from '../execution/stagedRun.js';
import { strideFor } from '../execution/subsampling.js';
import { numbersOf } from '../layers/currentWeights.js';
import { isObserved, type Layer, mixesAll, type WeightUse, weightOf } from '../layers/layers.js';
import { matrixOf, placesOf } from '../layers/matrix.js';
import {
  channelsFirst,
  dataAt,
  feed,
  float32,
  lookedAt,
  real,
  rowsOf,
  taken,
  type Values,
} from '../layers/rows.js';
import type { NativeOptions } from '../native/index.js';
import type { NativeMoments, Refit } from '../native/moments.js';
import { inSlices } from '../platform/index.js';
import type { Tensor } from '../runtime/runtime.js';
import { momentsFor } from '../statistics/moments.js';
import type { Example } from './examples.js';
import { dampingsFor, isHeld, LARGE } from './examples.js';
import { alike, distance, Feedback, told } from './feedback.js';
import { everyOfGroups, solveGroups, thinned } from './grouped.js';
import type { PendingUpdates } from './pendingUpdates.js';
import { type JointProjection, mixed, NO_MIXTURE, shiftsOf, unshifted } from './projection.js';
import type { ScheduleEntry } from './schedule.js';
import type { RefitMode, Source } from './source.js';
import type { PostOps } from './target.js';
import { isUsable, joinedOf, partsOf, targetOf } from './target.js';

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
  /** The stride of positions at each use of the weight, chosen on the first batch; of grouped convolutions, of samples too. */
  readonly #every = new Map<WeightUse, number>();
  readonly #samplesEvery = new Map<WeightUse, number>();
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
    const examples = await this.#examples(after);
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
            ...this.#example(site, then[batch]!, tensors, undefined),
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

  /** Targets that inputs are multiplied by, round after round. */
  get #targets(): number {
    return this.#outputs.length * (1 + this.#rounds);
  }

  get #intercept(): boolean {
    return this.layer.sites.every(({ addition }) => addition.kind !== 'none');
  }

  get #rounds(): number {
    if (this.mode.quick) return 1;
    return this.#inputs > LARGE ? FEW_ROUNDS : ROUNDS;
  }

  async #examples(after: PostOps | undefined): Promise<Example[]> {
    const { layer, original, pruned } = this;
    const stream = after?.residualBranch === undefined ? [] : [after.residualBranch];
    const data = layer.sites.map((site) => site.data);
    const known = [...(this.#observed ? layer.sites.map(({ output }) => output!.value) : data), ...stream];
    const then: ReadonlyMap<string, Tensor>[] = [];
    await original.to(known, async (batch, tensors) => {
      then[batch] = new Map(known.map((name) => [name, this.#real(name, tensors.get(name)!)]));
    });
    const examples: Example[] = [];
    const { fitted = Number.POSITIVE_INFINITY } = this.mode;
    const coming = layer.sites.filter((site) => !makesItsData(site)).map((site) => site.data);
    await pruned.to([...coming, ...stream], async (batch, tensors) => {
      if (batch >= fitted) return;
      const now = new Map([...tensors].map(([name, tensor]) => [name, this.#real(name, tensor)]));
      for (const site of layer.sites)
        if (this.#matches(site, then[batch]!, now))
          examples.push({
            held: isHeld(batch),
            ...this.#example(site, ...this.#some(site, then[batch]!, now), after),
          });
      delete then[batch];
    });
    return examples;
  }

  /** What a value of integers stands for, where a site reads or answers it so. */
  #real(name: string, tensor: Tensor): Tensor {
    for (const { data, output, reals } of this.layer.sites) {
      if (name === data && reals?.data !== undefined) return real(tensor, reals.data);
      if (name === output?.value && reals?.output !== undefined) return real(tensor, reals.output);
    }
    return tensor;
  }

  /** Whether the outputs of the original and the pruned model have the same positions. */
  #matches(site: WeightUse, then: ReadonlyMap<string, Tensor>, now: ReadonlyMap<string, Tensor>): boolean {
    const count = (dims: readonly number[]): number => dims.reduce((all, length) => all * length, 1);
    const own = makesItsData(site) ? then : now;
    const { dims } = own.get(site.data)!;
    if (!this.#observed) {
      const wanted = then.get(site.data)!.dims;
      return wanted.every((length, axis) => axis === site.axis || length === dims[axis]);
    }
    const { value, axis } = site.output!;
    const answers = then.get(value)!.dims;
    return rowsOf(this.layer, site, NONE, dims).rows === count(answers) / answers[axis]!;
  }

  /** The part of a batch that is fitted to: of grouped convolutions every n-th sample, with all of its positions. */
  #some(
    site: WeightUse,
    then: ReadonlyMap<string, Tensor>,
    now: ReadonlyMap<string, Tensor>,
  ): readonly [then: ReadonlyMap<string, Tensor>, now: ReadonlyMap<string, Tensor>] {
    const { layer } = this;
    if (mixesAll(layer)) return [then, now];
    const { dims } = now.get(site.data)!;
    const every = once(this.#samplesEvery, site, () =>
      everyOfGroups(layer.groups, this.#inputs, this.#rowsIn(site, dims)),
    );
    const names = [site.data, ...then.keys()];
    const some = (of: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> =>
      thinned(of, names, Math.min(every, dims[0]!));
    return [some(then), some(now)];
  }

  /** Of all samples, where a whole batch has these dims. */
  #rowsIn(site: WeightUse, dims: readonly number[]): number {
    const { samples, batch } = this.source;
    return (rowsOf(this.layer, site, NONE, dims).rows * samples) / batch;
  }

  #example(
    site: WeightUse,
    then: ReadonlyMap<string, Tensor>,
    now: ReadonlyMap<string, Tensor>,
    after: PostOps | undefined,
  ): Pick<Example, 'rows' | 'wanted'> {
    const { layer, source } = this;
    const { x, dims } = this.#inputsAt(site, then, now);
    const every = once(this.#every, site, () => {
      const rows = this.#rowsIn(site, dims);
      return mixesAll(layer)
        ? strideFor({ inputs: this.#inputs, rows, targets: this.#targets }, source.share)
        : everyOfGroups(layer.groups, this.#inputs, rows);
    });
    const { rows, of } = mixesAll(layer)
      ? lookedAt(layer, site, x, dims, every)
      : {
          rows: rowsOf(layer, site, x, dims, every),
          of: (data: Float32Array, dims: readonly number[], axis: number) =>
            channelsFirst(site, { data, dims, axis }),
        };
    const valuesOf = (tensors: ReadonlyMap<string, Tensor>, name: string, axis: number): Values =>
      of(float32(tensors.get(name)!, name), tensors.get(name)!.dims, axis);
    if (!this.#observed) {
      const whole = dataAt(site, then.get(site.data)!);
      return { rows, wanted: { y: of(whole.x, whole.dims, site.axis).data } };
    }
    const { value, axis } = site.output!;
    const output = valuesOf(then, value, axis);
    const y =
      this.projection.size === 0
        ? taken(output.data, output.dims, output.axis, this.#outputs)
        : mixed(output.data, output.dims, output.axis, this.#outputs, this.projection);
    if (after === undefined) return { rows, wanted: { y } };
    const inner = output.dims.slice(output.axis + 1).reduce((product, length) => product * length, 1);
    const some = (values: Float64Array): Float64Array =>
      Float64Array.from(this.#outputs, (index) => values[index]!);
    const { residualBranch } = after;
    // A value that is broadcast over the other is no residual branch.
    if (
      residualBranch !== undefined &&
      then.get(residualBranch)!.dims.join() !== then.get(value)!.dims.join()
    )
      return { rows, wanted: { y } };
    const streams =
      residualBranch === undefined ? undefined : this.#streams(valuesOf, then, now, residualBranch, axis);
    if (streams !== undefined && streams.pruned.length !== y.length) return { rows, wanted: { y } };
    const own = { ...after, scale: some(after.scale), shift: some(after.shift) };
    return { rows, wanted: targetOf(y, own, this.#outputs.length, inner, streams) };
  }

  #streams(
    valuesOf: (tensors: ReadonlyMap<string, Tensor>, name: string, axis: number) => Values,
    then: ReadonlyMap<string, Tensor>,
    now: ReadonlyMap<string, Tensor>,
    stream: string,
    axis: number,
  ): { readonly original: Float32Array; readonly pruned: Float32Array } {
    const whole = valuesOf(then, stream, axis);
    const original = taken(whole.data, whole.dims, whole.axis, this.#outputs);
    return { original, pruned: valuesOf(now, stream, axis).data };
  }

  /** The input x of a use of the weight in the pruned model. For a state that is fed back the original's is taken, which the refit aims at. */
  #inputsAt(
    site: WeightUse,
    then: ReadonlyMap<string, Tensor>,
    now: ReadonlyMap<string, Tensor>,
  ): { readonly x: Float32Array; readonly dims: readonly number[] } {
    const own = makesItsData(site);
    const { x, dims } = dataAt(site, (own ? then : now).get(site.data)!);
    if (!own) return { x, dims };
    const kept = this.updates.keptChannels(this.layer);
    return { x: taken(x, dims, site.axis, kept), dims: dims.with(site.axis, kept.length) };
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

const NONE = new Float32Array(0);

interface Solved {
  readonly refit: Refit;
  readonly means: Float64Array;
}

function once<K, V>(known: Map<K, V>, key: K, compute: () => V): V {
  const value = known.get(key) ?? compute();
  known.set(key, value);
  return value;
}

/** A recurrent node, of whose states the weight is. */
const makesItsData = ({ feedsBack = false }: WeightUse): boolean => feedsBack;
