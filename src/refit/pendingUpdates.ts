import { isWithin } from '../coupling/passage.js';
import type { Removal } from '../coupling/survivors.js';
import type { Walk } from '../coupling/walk.js';
import { attributeOf, edited } from '../execution/unfusedValues.js';
import { CurrentWeights, numbersOf, type StoredWeight } from '../layers/currentWeights.js';
import { type Layer, type WeightUse, weightOf } from '../layers/layers.js';
import { matrixOf, placesOf, putMatrix, selected } from '../layers/matrix.js';
import { type Makers, makersOf, storedAs } from '../layers/quantised.js';
import type { TensorDocument } from '../model/document.js';
import type { Edits } from '../model/edits.js';
import { Names } from '../model/names.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import type { Cuts } from '../surgery/cuts.js';
import { withFolds } from '../surgery/folding.js';
import { dequantisedBias, LARGEST, type NewBias, roundedTo } from './newBias.js';

/** A solution of a layer: y ≈ weights · x + intercept. */
export interface Solution {
  /** [outputs, channels · taps] of what is left. */
  readonly weights: ArrayLike<number>;
  /** [outputs] */
  readonly intercept: ArrayLike<number>;
  /**
   * Of the inputs, in their order, group by group: what weights lose when they are rounded to integers, the intercept gives back on
   * average.
   */
  readonly means: ArrayLike<number>;
  /** y is what nodes put out, with any bias that they add themselves; else W x alone. */
  readonly observed: boolean;
}

/** New weights and biases of a pruned model, as edits of the original. Each is what it was until it is refitted. */
export class PendingUpdates {
  readonly #contents: CurrentWeights;
  readonly #makers: Makers;
  /** Biases that there were none of. */
  readonly #added = new Map<WeightUse, NewBias>();

  constructor(
    readonly native: NativeModel,
    readonly walk: Walk,
    readonly removal: Removal,
    readonly cuts: Cuts,
    readonly options: NativeOptions,
  ) {
    this.#contents = new CurrentWeights(native, cuts, options);
    this.#makers = makersOf(walk.graph);
  }

  /** The channels of a layer's input that are left. */
  keptChannels(layer: Layer): readonly number[] {
    return this.#kept(layer, layer.layout.input);
  }

  /** The outputs that are left. */
  keptOutputs(layer: Layer): readonly number[] {
    return layer.layout.outputs.reduce<readonly number[]>(
      (rows, axis) => {
        const kept = this.#kept(layer, axis);
        return rows.flatMap((row) => kept.map((index) => row * layer.weight.dims[axis]! + index));
      },
      [0],
    );
  }

  #kept({ weight }: Layer, axis: number): readonly number[] {
    return this.keptOf(weight, axis);
  }

  /** The indices of a stored tensor's axis that are left. */
  keptOf({ id, dims }: Pick<TensorDocument, 'id' | 'dims'>, axis: number): readonly number[] {
    return this.cuts.kept.get(id)?.get(axis) ?? Array.from({ length: dims[axis]! }, (_, index) => index);
  }

  /** Scales and shifts what comes of a scale and a shift, lane by lane: a (scale x + shift) + b. */
  async scale(
    scale: TensorDocument,
    shift: TensorDocument | undefined,
    { weights: a, bias: b }: { readonly weights: ArrayLike<number>; readonly bias: ArrayLike<number> },
  ): Promise<void> {
    const factors = await this.#contents.read({ tensor: scale });
    const data = factors.data.map((value, lane) => a[lane]! * value);
    await this.#contents.write({ tensor: scale }, { ...factors, data });
    if (shift === undefined) return;
    const addends = await this.#contents.read({ tensor: shift });
    const shifted = addends.data.map((value, lane) => a[lane]! * value + b[lane]!);
    await this.#contents.write({ tensor: shift }, { ...addends, data: shifted });
  }

  /** W of what is left, as it is now: [outputs, channels · taps]. */
  async weights(layer: Layer): Promise<Float32Array> {
    const { data, dims } = await this.#contents.read(weightOf(layer));
    return matrixOf(data, placesOf(layer, dims));
  }

  /** Gives a layer other weights and biases. A use that has no place for a bias stays without. */
  async put(layer: Layer, { weights, intercept, means, observed }: Solution): Promise<void> {
    const weight = weightOf(layer);
    const { tensor, quantised } = weight;
    const before = await this.#scaleOf(weight);
    const { data, dims } = await this.#contents.read(weight);
    putMatrix(weights, placesOf(layer, dims), data);
    await this.#contents.write(weight, { data, dims });
    const after = await this.#scaleOf(weight);
    let shift = intercept;
    if (before !== undefined) {
      const written = await this.weights(layer);
      const [rows, inputs] = [intercept.length, weights.length / intercept.length];
      shift = Float64Array.from(intercept, (value, row) => {
        const group = Math.floor((row * means.length) / inputs / rows);
        let lost = 0;
        for (let i = 0; i < inputs; i++)
          lost += (weights[row * inputs + i]! - written[row * inputs + i]!) * means[group * inputs + i]!;
        return value + lost;
      });
    }
    for (const use of layer.uses)
      await this.#addTo(use, shift, observed, {
        ...{ before, after },
        dtype: this.#typeAt(use) ?? (quantised?.scale ?? tensor).dtype,
      });
  }

  /** The type of floats that a node computes with, where a Cast before its weight states it. */
  #typeAt({ node, operand, integers }: WeightUse): string | undefined {
    const dtype = integers === undefined ? this.walk.tensors.get(node.inputs[operand]!)?.dtype : undefined;
    return dtype?.startsWith('float') ? dtype : undefined;
  }

  /** Of the integers that a tensor holds. */
  async #scaleOf({ tensor, quantised }: StoredWeight): Promise<Float32Array | undefined> {
    return quantised && this.#contents.scale({ tensor, quantised });
  }

  async #addTo(
    use: WeightUse,
    intercept: ArrayLike<number>,
    observed: boolean,
    {
      before: old,
      after,
      dtype,
    }: { readonly [at in 'before' | 'after']: Float32Array | undefined } & Pick<NewBias, 'dtype'>,
  ): Promise<void> {
    const { addition, bias, fused, tied } = use;
    const scales = old && after && { before: old, after };
    if (tied !== undefined && addition.kind !== 'stored')
      await this.#contents.write(tied, await this.#contents.read(tied), await this.#rescaled(tied, scales));
    if (addition.kind === 'none') return;
    // A node that computes W x alone leaves the bias to the nodes behind it.
    const seen = fused === undefined || bias.kind !== 'operand' || isWithin(fused, bias.operand);
    const included =
      observed && seen && (addition.kind === 'operand' || (addition.kind === 'stored' && addition.included));
    const before = included ? new Float64Array(intercept.length) : await this.#biasOf(use, intercept.length);
    // Behind a node that scales what it computes, so is what is added.
    const by = scaleOf(use);
    const values = Float64Array.from(before, (value, i) => value + by * intercept[i]!);
    if (addition.kind === 'operand' || addition.kind === 'behind') {
      const times = addition.kind === 'operand' ? addition.times : undefined;
      const scale =
        scales && addition.kind === 'operand'
          ? await this.#biasScale(use, scales.after, values, times)
          : undefined;
      if (times !== undefined && scale === undefined) this.#added.delete(use);
      else this.#added.set(use, { values, dtype, ...(scale && { scale }), ...(times && { plain: true }) });
      return;
    }
    const { data, dims } = await this.#contents.read(addition);
    data.set(values, addition.kind === 'part' ? this.#start(addition, dims) : 0);
    await this.#contents.write(addition, { data, dims }, await this.#rescaled(addition, scales));
  }

  /** The scale of an int32 bias: it stays what the data's scale is times the weight's. */
  async #rescaled(
    { tensor, quantised }: StoredWeight,
    scales: { readonly before: Float32Array; readonly after: Float32Array } | undefined,
  ): Promise<Float32Array | undefined> {
    if (quantised === undefined || tensor.dtype !== 'int32' || scales === undefined) return undefined;
    const { before, after } = scales;
    const own = await this.#contents.scale({ tensor, quantised });
    if (before.length !== 1 && before.length !== own.length) return undefined;
    return own.map((value, i) => {
      const at = before.length === 1 ? 0 : i;
      return after[at] === before[at] || before[at] === 0 ? value : (value * after[at]!) / before[at]!;
    });
  }

  /** The scale that a bias of integers would have: runtimes compute with integers where the bias is one of them. */
  async #biasScale(
    { data }: WeightUse,
    scale: Float32Array,
    values: Float64Array,
    times?: TensorDocument,
  ): Promise<Float32Array | undefined> {
    const maker = this.#makers.get(data);
    if (times === undefined && (maker === undefined || !this.walk.factsOf(maker).dequantises))
      return undefined;
    const stored = times ?? storedAs(this.walk.graph, maker?.inputs[1] ?? '');
    if (stored?.dtype !== 'float32' || stored.dims.some((length) => length !== 1)) return undefined;
    const [of] = await this.native.floats(stored.id, this.options);
    const product = scale.map((value) => value * of!);
    if (product.length !== 1 && product.length !== values.length) return undefined;
    const fits = values.every(
      (value, i) => Math.abs(value) < product[product.length === 1 ? 0 : i]! * LARGEST,
    );
    return fits ? product : undefined;
  }

  /** What a use adds in the original, where it is left. */
  async #biasOf({ addition, node }: WeightUse, length: number): Promise<ArrayLike<number>> {
    if (addition.kind === 'none' || addition.kind === 'behind') return new Float64Array(length);
    if (addition.kind === 'operand') {
      if (addition.shared === undefined) return new Float64Array(length);
      const stored = await this.native.floats(addition.shared.id, this.options);
      const parameterAxis = this.walk.parameterAxes.find(
        ({ use }) => use?.node === node.name && use.input === addition.operand,
      );
      return parameterAxis === undefined
        ? stored
        : this.removal.indices(parameterAxis.labels).map((index) => stored[index]!);
    }
    const stored = await numbersOf(this.native, addition, this.options);
    const { data, dims } = selected(
      stored,
      addition.tensor.dims,
      this.cuts.kept.get(addition.tensor.id) ?? new Map(),
    );
    const from = addition.kind === 'part' ? this.#start(addition, dims) : 0;
    return data.subarray(from, from + length);
  }

  /** Where a part begins once indices before it have left. */
  #start(
    {
      tensor,
      row,
      from,
    }: {
      readonly tensor: { readonly id: number; readonly dims: readonly number[] };
      readonly row: number;
      readonly from: number;
    },
    dims: readonly number[],
  ): number {
    const kept = this.cuts.kept.get(tensor.id)?.get(tensor.dims.length - 1);
    const place = kept === undefined ? from : kept.filter((index) => index < from).length;
    return row * dims.at(-1)! + place;
  }

  /** The edits of the removal with all that was refitted. */
  over(edits: Edits): Edits {
    const { graph } = this.walk;
    const names = new Names(graph);
    const literals: Edits['literals'][number][] = [];
    const inputs: Edits['inputs'][number][] = [];
    const nodes: Edits['nodes'][number][] = [];
    const contents = this.#contents.edits(names);
    for (const [use, bias] of this.#added) {
      const { addition } = use;
      const node = use.integers?.end ?? use.node;
      const name = names.fresh(`${graph.nameOf(use.weight)}.bias`);
      if (addition.kind === 'operand') inputs.push({ node: node.id, index: addition.operand, name });
      if (bias.plain && bias.scale !== undefined) {
        const values = roundedTo(bias.values, bias.scale);
        literals.push({ graph: 0, name, dtype: 'int32', dims: [values.length], values });
        continue;
      }
      if (bias.scale !== undefined) {
        const added = dequantisedBias(node, name, bias, names);
        literals.push(...added.literals);
        nodes.push(added.node);
        continue;
      }
      const { values, dtype } = bias;
      const ones = Array.from({ length: addition.kind === 'behind' ? addition.trailing : 0 }, () => 1);
      const dims = [values.length, ...ones];
      literals.push({ graph: 0, name, dtype, dims, values: Array.from(values) });
      if (addition.kind === 'operand') continue;
      const product = names.fresh(node.outputs[0]!);
      const place = { graph: 0, before: node.id, domain: '', attributes: [] };
      nodes.push(
        {
          ...{ ...place, replaces: true, op: node.op, domain: node.domain, name: node.name },
          ...{ inputs: node.written, outputs: [product] },
          attributes: Object.entries(node.attributes).flatMap(
            ([own, value]) => attributeOf(own, value) ?? [],
          ),
        },
        {
          ...{ ...place, replaces: false, op: 'Add', name: names.fresh(`${node.name}/bias`) },
          ...{ inputs: [product, name], outputs: node.writtenOutputs },
        },
      );
    }
    literals.push(...contents.literals);
    inputs.push(...contents.inputs);
    const taken = new Set(inputs.map(({ node, index }) => `${node}:${index}`));
    const all = {
      inputs: [...edits.inputs.filter(({ node, index }) => !taken.has(`${node}:${index}`)), ...inputs],
      attributes: edits.attributes,
    };
    // What is done to a node that another one stands for is done to that one.
    const replaced = new Set(nodes.flatMap(({ before, replaces }) => (replaces ? [before] : [])));
    return withFolds(graph.document, {
      ...edits,
      literals: [...edits.literals, ...literals],
      inputs: all.inputs.filter(({ node }) => !replaced.has(node)),
      attributes: all.attributes.filter(({ node }) => !replaced.has(node)),
      nodes: [...edits.nodes, ...nodes.map((own) => (own.replaces ? edited(own, all) : own))],
      contents: contents.contents,
    });
  }
}

/** What a node multiplies W x by before it goes on; where the bias has a factor of its own, in units of that. */
const scaleOf = ({ fused, bias }: WeightUse): number =>
  bias.kind !== 'behind'
    ? 1 / ((bias.kind === 'operand' && bias.times) || 1)
    : (fused?.steps ?? []).reduce((by, step) => (step.kind === 'scale' ? by * step.by : by), 1);
