import type { Removal } from '../lanes/survivors.js';
import type { Walk } from '../lanes/walk.js';
import type { Edits, NewContent } from '../native/edits.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import type { Cuts } from '../surgery/cuts.js';
import { Names } from '../surgery/names.js';
import type { Layer, Site } from './layers.js';
import { matrixOf, placesOf, putMatrix, selected } from './matrix.js';

/** A solution of a layer: y ≈ weights · x + intercept. */
export interface Solution {
  /** [outputs, channels · taps] of what is left. */
  readonly weights: ArrayLike<number>;
  /** [outputs] */
  readonly intercept: ArrayLike<number>;
  /** y is what nodes put out, with any bias that they add themselves; else W x alone. */
  readonly observed: boolean;
}

/** New weights and biases of a pruned model, as edits of the original. Each is what it was until it is refitted. */
export class Rewrites {
  readonly #contents = new Map<number, NewContent>();
  /** Biases that there were none of. */
  readonly #added = new Map<Site, Float64Array>();

  constructor(
    readonly native: NativeModel,
    readonly walk: Walk,
    readonly removal: Removal,
    readonly cuts: Cuts,
    readonly options: NativeOptions,
  ) {}

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
    const kept = this.cuts.kept.get(weight.id)?.get(axis);
    return kept ?? Array.from({ length: weight.dims[axis]! }, (_, index) => index);
  }

  /** W of what is left, as it is now: [outputs, channels · taps]. */
  async weights(layer: Layer): Promise<Float32Array> {
    const { data, dims } = await this.#content(layer.weight.id);
    return matrixOf(data, placesOf(layer, dims));
  }

  /** Gives a layer other weights and biases. A site that has no place for a bias stays without. */
  async put(layer: Layer, { weights, intercept, observed }: Solution): Promise<void> {
    const { data, dims } = await this.#content(layer.weight.id);
    putMatrix(weights, placesOf(layer, dims), data);
    this.#contents.set(layer.weight.id, { tensor: layer.weight.id, dims, values: data });
    for (const site of layer.sites) await this.#addTo(site, intercept, observed);
  }

  async #addTo(site: Site, intercept: ArrayLike<number>, observed: boolean): Promise<void> {
    const { addition } = site;
    if (addition.kind === 'none') return;
    const included =
      observed && (addition.kind === 'operand' || (addition.kind === 'stored' && addition.included));
    const before = included ? new Float64Array(intercept.length) : await this.#biasOf(site, intercept.length);
    const values = Float64Array.from(before, (value, i) => value + intercept[i]!);
    if (addition.kind === 'operand' || addition.kind === 'behind') {
      this.#added.set(site, values);
      return;
    }
    const { data, dims } = await this.#content(addition.tensor.id);
    data.set(values, addition.kind === 'part' ? this.#start(addition) : 0);
    this.#contents.set(addition.tensor.id, { tensor: addition.tensor.id, dims, values: data });
  }

  /** What a site adds in the original, where it is left. */
  async #biasOf({ addition, node }: Site, length: number): Promise<ArrayLike<number>> {
    if (addition.kind === 'none' || addition.kind === 'behind') return new Float64Array(length);
    if (addition.kind === 'operand') {
      if (addition.shared === undefined) return new Float64Array(length);
      const stored = await this.native.floats(addition.shared.id, this.options);
      const slot = this.walk.slots.find(
        ({ use }) => use?.node === node.name && use.input === addition.operand,
      );
      return slot === undefined ? stored : this.removal.indices(slot.labels).map((index) => stored[index]!);
    }
    const stored = await this.native.floats(addition.tensor.id, this.options);
    const { data } = selected(
      stored,
      addition.tensor.dims,
      this.cuts.kept.get(addition.tensor.id) ?? new Map(),
    );
    const from = addition.kind === 'part' ? this.#start(addition) : 0;
    return data.subarray(from, from + length);
  }

  /** Where a part begins once indices before it have left. */
  #start({
    tensor,
    from,
  }: {
    readonly tensor: { readonly id: number; readonly dims: readonly number[] };
    readonly from: number;
  }): number {
    const kept = this.cuts.kept.get(tensor.id)?.get(tensor.dims.length - 1);
    return kept === undefined ? from : kept.filter((index) => index < from).length;
  }

  async #content(tensor: number): Promise<{ readonly data: Float32Array; readonly dims: readonly number[] }> {
    const known = this.#contents.get(tensor);
    if (known !== undefined) return { data: known.values.slice(), dims: known.dims };
    const { dims } = this.walk.graph.document.tensors[tensor]!;
    const stored = await this.native.floats(tensor, this.options);
    return selected(stored, dims, this.cuts.kept.get(tensor) ?? new Map());
  }

  /** The edits of the removal with all that was refitted. */
  over(edits: Edits): Edits {
    const { graph } = this.walk;
    const names = new Names(graph);
    const literals: Edits['literals'][number][] = [];
    const inputs: Edits['inputs'][number][] = [];
    const nodes: Edits['nodes'][number][] = [];
    for (const [site, values] of this.#added) {
      const { node, addition } = site;
      const name = names.fresh(`${graph.nameOf(site.weight)}.bias`);
      const { dtype } = graph.document.tensors[site.weight]!;
      literals.push({ graph: 0, name, dtype, dims: [values.length], values: Array.from(values) });
      if (addition.kind === 'operand') {
        inputs.push({ node: node.id, index: addition.operand, name });
        continue;
      }
      const product = names.fresh(node.outputs[0]!);
      const place = { graph: 0, before: node.id, domain: '', attributes: [] };
      nodes.push(
        { ...place, replaces: true, op: node.op, name: node.name, inputs: node.written, outputs: [product] },
        {
          ...{ ...place, replaces: false, op: 'Add', name: names.fresh(`${node.name}/bias`) },
          ...{ inputs: [product, name], outputs: node.outputs },
        },
      );
    }
    const taken = new Set(inputs.map(({ node, index }) => `${node}:${index}`));
    return {
      ...edits,
      literals: [...edits.literals, ...literals],
      inputs: [...edits.inputs.filter(({ node, index }) => !taken.has(`${node}:${index}`)), ...inputs],
      nodes: [...edits.nodes, ...nodes],
      contents: [...this.#contents.values()],
    };
  }
}
