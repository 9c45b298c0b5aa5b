import type { ValueSource } from '../execution/activationCache.js';
import type { StagedRun } from '../execution/stagedRun.js';
import { strideFor } from '../execution/subsampling.js';
import { isObserved, type Layer, mixesAll, type WeightUse } from '../layers/layers.js';
import {
  channelsFirst,
  dataAt,
  float32,
  lookedAt,
  real,
  rowsOf,
  taken,
  type Values,
} from '../layers/rows.js';
import type { Tensor } from '../runtime/runtime.js';
import type { Example } from './examples.js';
import { isHeld } from './examples.js';
import { everyOfGroups, thinned } from './grouped.js';
import type { PendingUpdates } from './pendingUpdates.js';
import { type JointProjection, mixed } from './projection.js';
import type { RefitMode, Source } from './source.js';
import type { PostOps } from './target.js';
import { targetOf } from './target.js';

/** The examples that one layer is refitted on: its inputs in the pruned model, and the targets of its outputs. */
export class LayerExamples {
  readonly #inputs: number;
  readonly #outputs: readonly number[];
  readonly #observed: boolean;
  /** The stride of positions at each use of the weight, chosen on the first batch; of grouped convolutions, of samples too. */
  readonly #every = new Map<WeightUse, number>();
  readonly #samplesEvery = new Map<WeightUse, number>();

  constructor(
    readonly layer: Layer,
    readonly updates: PendingUpdates,
    readonly original: ValueSource,
    readonly pruned: StagedRun,
    readonly source: Source,
    readonly mode: RefitMode,
    /** The targets of outputs that are not fitted to their own original values. */
    readonly projection: JointProjection,
    /** The number of targets that inputs are multiplied by, over all rounds. */
    readonly targets: number,
  ) {
    this.#inputs = updates.keptChannels(layer).length * layer.taps;
    this.#outputs = updates.keptOutputs(layer);
    this.#observed = isObserved(layer);
  }

  /**
   * Examples of all batches that are fitted to, at each use of the weight that has the same positions in both models. `after`: what
   * follows the layer, known where the weight has one use.
   */
  async of(after: PostOps | undefined): Promise<Example[]> {
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
            ...this.at(site, ...this.#some(site, then[batch]!, now), after),
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

  /** The inputs and targets at one use of the weight, from the values of the original (`then`) and of the pruned model (`now`). */
  at(
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
        ? strideFor({ inputs: this.#inputs, rows, targets: this.targets }, source.share)
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
}

const NONE = new Float32Array(0);

function once<K, V>(known: Map<K, V>, key: K, compute: () => V): V {
  const value = known.get(key) ?? compute();
  known.set(key, value);
  return value;
}

/** A recurrent node, of whose states the weight is. */
const makesItsData = ({ feedsBack = false }: WeightUse): boolean => feedsBack;
