import type { StagedRun } from '../execution/stagedRun.js';
import { strideFor } from '../execution/subsampling.js';
import { isObserved, type Layer, mixesAll, type WeightUse } from '../layers/layers.js';
import {
  type ChannelValues,
  dataAt,
  float32,
  real,
  rowsOf,
  sampledRows,
  taken,
  valuesAt,
} from '../layers/rows.js';
import type { Tensor } from '../runtime/runtime.js';
import type { Example } from './examples.js';
import { isHeld } from './examples.js';
import { everyOfGroups, subsampledTensors } from './grouped.js';
import type { PendingUpdates } from './pendingUpdates.js';
import { type JointProjection, mixed } from './projection.js';
import type { RefitInputs, RefitMode } from './refitInputs.js';
import type { PostOps } from './target.js';
import { targetOf } from './target.js';

/** What the original answers at one use of a weight for one batch: as much of it as is fitted to. */
interface Original {
  /** Of the value that is fitted to, before any of it is left out. */
  readonly dims: readonly number[];
  /** At the positions that are fitted to: the outputs that are left, or all inputs where nobody sees the outputs. */
  readonly wanted: ChannelValues;
  /** The residual branch, at the same positions and outputs. */
  readonly stream?: { readonly dims: readonly number[]; readonly values: ChannelValues };
  /** What a recurrent node reads of its own states. */
  readonly states?: Tensor;
}

/** The examples that one layer is refitted on: its inputs in the pruned model, and the targets of its outputs. */
export class LayerExamples {
  readonly #inputs: number;
  readonly #outputs: readonly number[];
  readonly #observed: boolean;
  /** The stride of positions at each use of the weight, chosen on the first batch; of grouped convolutions, of samples too. */
  readonly #every = new Map<WeightUse, number>();
  readonly #samplesEvery = new Map<WeightUse, number>();
  /** By batch. */
  readonly #original: ReadonlyMap<WeightUse, Original>[] = [];

  constructor(
    readonly layer: Layer,
    readonly updates: PendingUpdates,
    readonly source: RefitInputs,
    readonly mode: RefitMode,
    /** What follows the layer, known where the weight has one use. */
    readonly after: PostOps | undefined,
    /** The targets of outputs that are not fitted to their own original values. */
    readonly projection: JointProjection,
    /** The number of targets that inputs are multiplied by, over all rounds. */
    readonly targets: number,
  ) {
    this.#inputs = updates.keptChannels(layer).length * layer.taps;
    this.#outputs = updates.keptOutputs(layer);
    this.#observed = isObserved(layer);
  }

  /** Values of the original that are fitted to. */
  get values(): readonly string[] {
    const { uses } = this.layer;
    return [
      ...uses.map((use) => (this.#observed ? use.output!.value : use.data)),
      ...this.#states,
      ...this.#stream,
    ];
  }

  get #stream(): readonly string[] {
    return this.after?.residualBranch === undefined ? [] : [this.after.residualBranch];
  }

  get #states(): readonly string[] {
    return this.layer.uses.filter(makesItsData).map((use) => use.data);
  }

  /** Takes what is fitted to of a batch of the original. */
  take(batch: number, tensors: ReadonlyMap<string, Tensor>): void {
    const { fitted = Number.POSITIVE_INFINITY } = this.mode;
    if (batch >= fitted) return;
    const own = this.layer.uses.map((use) => [use, this.#originalAt(use, tensors)] as const);
    this.#original[batch] = new Map(own);
  }

  /**
   * Examples of all batches that were taken, at each use of the weight that has the same positions in both models. What was taken is let
   * go of.
   */
  async of(pruned: StagedRun): Promise<Example[]> {
    const { layer } = this;
    const examples: Example[] = [];
    const coming = layer.uses.filter((use) => !makesItsData(use)).map((use) => use.data);
    await pruned.to([...coming, ...this.#stream], async (batch, tensors) => {
      const original = this.#original[batch];
      if (original === undefined) return;
      for (const use of layer.uses) {
        const own = original.get(use)!;
        if (this.#matches(use, own, tensors))
          examples.push({ held: isHeld(batch), ...this.#exampleAt(use, own, tensors) });
      }
      delete this.#original[batch];
    });
    return examples;
  }

  /** The example at one use of the weight, from the values of the original and of the pruned model. */
  at(
    use: WeightUse,
    original: ReadonlyMap<string, Tensor>,
    pruned: ReadonlyMap<string, Tensor>,
  ): Pick<Example, 'rows' | 'wanted'> {
    return this.#exampleAt(use, this.#originalAt(use, original), pruned);
  }

  /** The real numbers of a value, where a use reads or answers it as integers. */
  #real(name: string, tensor: Tensor): Tensor {
    for (const { data, output, reals } of this.layer.uses) {
      if (name === data && reals?.data !== undefined) return real(tensor, reals.data);
      if (name === output?.value && reals?.output !== undefined) return real(tensor, reals.output);
    }
    return tensor;
  }

  /** Whether the outputs of the original and the pruned model have the same positions. */
  #matches(use: WeightUse, original: Original, pruned: ReadonlyMap<string, Tensor>): boolean {
    const { dims } = original.states ?? pruned.get(use.data)!;
    if (!this.#observed)
      return original.dims.every((length, axis) => axis === use.axis || length === dims[axis]);
    const { axis } = use.output!;
    return this.#positions(use, dims) === product(original.dims) / original.dims[axis]!;
  }

  /** Of a value that a use reads, in a batch. */
  #positions(use: WeightUse, dims: readonly number[]): number {
    const { part } = use;
    return rowsOf(this.layer, use, NONE, part === undefined ? dims : dims.with(part.axis, 1)).rows;
  }

  /** Of grouped convolutions every n-th sample, with all of its positions, is fitted to. */
  #someSamples(use: WeightUse, name: string, tensor: Tensor, rows: number): Tensor {
    const { layer } = this;
    if (mixesAll(layer)) return tensor;
    const every = once(this.#samplesEvery, use, () =>
      everyOfGroups(layer.groups, this.#inputs, this.#rowsOfAll(rows)),
    );
    const some = subsampledTensors(new Map([[name, tensor]]), [name], Math.min(every, tensor.dims[0]!));
    return some.get(name)!;
  }

  /** Positions in all samples, where a whole batch has so many. */
  #rowsOfAll(rows: number): number {
    const { samples, batch } = this.source;
    return (rows * samples) / batch;
  }

  /** The stride of positions. `rows`: of a batch, of the samples that are fitted to. */
  #everyAt(use: WeightUse, rows: number): number {
    return once(this.#every, use, () => this.#strideFor(this.#rowsOfAll(rows)));
  }

  /** `rows`: positions in all samples. */
  #strideFor(rows: number): number {
    const { layer, source, targets } = this;
    return mixesAll(layer)
      ? strideFor({ inputs: this.#inputs, rows, targets }, source.share)
      : everyOfGroups(layer.groups, this.#inputs, rows);
  }

  /** Bytes that are held of the original until the layer is refitted. `rows`: positions in all samples. */
  bytes(rows: number): number {
    const every = this.#strideFor(rows);
    const left = mixesAll(this.layer) && every < this.layer.taps ? rows : rows / every;
    return (
      4 * left * (this.#observed ? this.#outputs.length * (1 + this.#stream.length) : this.layer.channels)
    );
  }

  #originalAt(use: WeightUse, tensors: ReadonlyMap<string, Tensor>): Original {
    const { layer } = this;
    const name = this.#observed ? use.output!.value : use.data;
    const whole = this.#real(name, tensors.get(name)!);
    const rows = this.#observed
      ? product(whole.dims) / whole.dims[use.output!.axis]!
      : this.#positions(use, whole.dims);
    const some = this.#someSamples(use, name, whole, rows);
    const left = (rows * some.dims[0]!) / whole.dims[0]!;
    const every = this.#everyAt(use, left);
    const states = makesItsData(use) ? tensors.get(use.data) : undefined;
    const known = { dims: whole.dims, ...(states && { states }) };
    if (!this.#observed) {
      const { x, dims } = dataAt(use, some);
      return { ...known, wanted: valuesAt(layer, use, { data: x, dims, axis: use.axis }, every) };
    }
    const { axis } = use.output!;
    const at = (tensor: Tensor, of: string): ChannelValues =>
      valuesAt(layer, use, { data: float32(tensor, of), dims: tensor.dims, axis }, every);
    const output = at(some, name);
    const data =
      this.projection.size === 0
        ? taken(output.data, output.dims, output.axis, this.#outputs)
        : mixed(output.data, output.dims, output.axis, this.#outputs, this.projection);
    const wanted = { ...output, data, dims: output.dims.with(output.axis, this.#outputs.length) };
    const [stream] = this.#stream;
    if (stream === undefined) return { ...known, wanted };
    const branch = tensors.get(stream)!;
    // A value that is broadcast over the other is no residual branch.
    if (branch.dims.join() !== whole.dims.join()) return { ...known, wanted };
    const values = at(this.#someSamples(use, stream, branch, rows), stream);
    const own = { ...values, data: taken(values.data, values.dims, values.axis, this.#outputs) };
    return { ...known, wanted, stream: { dims: branch.dims, values: own } };
  }

  #exampleAt(
    use: WeightUse,
    original: Original,
    pruned: ReadonlyMap<string, Tensor>,
  ): Pick<Example, 'rows' | 'wanted'> {
    const { layer, after } = this;
    const { x, dims } = this.#inputsAt(use, original, pruned);
    const every = this.#everyAt(use, rowsOf(layer, use, NONE, dims).rows);
    const rows = mixesAll(layer)
      ? sampledRows(layer, use, x, dims, every)
      : rowsOf(layer, use, x, dims, every);
    const y = original.wanted.data;
    if (!this.#observed || after === undefined) return { rows, wanted: { y } };
    const [stream] = this.#stream;
    if (stream !== undefined && original.stream === undefined) return { rows, wanted: { y } };
    const inner = original.wanted.dims
      .slice(original.wanted.axis + 1)
      .reduce((product, length) => product * length, 1);
    const streams = stream === undefined ? undefined : this.#streams(use, original, pruned, stream, every);
    if (streams !== undefined && streams.pruned.length !== y.length) return { rows, wanted: { y } };
    const some = (values: Float64Array): Float64Array =>
      Float64Array.from(this.#outputs, (index) => values[index]!);
    const own = { ...after, scale: some(after.scale), shift: some(after.shift) };
    return { rows, wanted: targetOf(y, own, this.#outputs.length, inner, streams) };
  }

  #streams(
    use: WeightUse,
    original: Original,
    pruned: ReadonlyMap<string, Tensor>,
    stream: string,
    every: number,
  ): { readonly original: Float32Array; readonly pruned: Float32Array } {
    const { axis } = use.output!;
    const whole = pruned.get(stream)!;
    const rows = product(whole.dims) / whole.dims[axis]!;
    const some = this.#someSamples(use, stream, whole, rows);
    const values = { data: float32(some, stream), dims: some.dims, axis };
    return {
      original: original.stream!.values.data,
      pruned: valuesAt(this.layer, use, values, every).data,
    };
  }

  /** The input x of a use of the weight in the pruned model. For a state that is fed back the original's is taken, which the refit aims at. */
  #inputsAt(
    use: WeightUse,
    { states }: Original,
    pruned: ReadonlyMap<string, Tensor>,
  ): { readonly x: Float32Array; readonly dims: readonly number[] } {
    const given = this.#real(use.data, states ?? pruned.get(use.data)!);
    const rows = this.#positions(use, given.dims);
    const tensor = this.#someSamples(use, use.data, given, rows);
    const { x, dims } = dataAt(use, tensor);
    if (states === undefined) return { x, dims };
    const kept = this.updates.keptChannels(this.layer);
    return { x: taken(x, dims, use.axis, kept), dims: dims.with(use.axis, kept.length) };
  }
}

const product = (dims: readonly number[]): number => dims.reduce((all, length) => all * length, 1);

const NONE = new Float32Array(0);

function once<K, V>(known: Map<K, V>, key: K, compute: () => V): V {
  const value = known.get(key) ?? compute();
  known.set(key, value);
  return value;
}

/** A recurrent node, of whose states the weight is. */
const makesItsData = ({ feedsBack = false }: WeightUse): boolean => feedsBack;
