import type { TensorDocument } from '../model/document.js';
import type { Graph, Node } from '../model/graph.js';
import type { Values } from '../model/values.js';
import { literals } from '../model/values.js';
import type { AbstractTensor } from './abstractTensor.js';
import type { StoredAxis } from './axis.js';
import { plain } from './axis.js';
import type { FactsOf } from './facts.js';
import type { Lanes } from './lanes.js';

/** Reads a small stored tensor as numbers; 64-bit integers beyond 2^53 are rounded. */
export type ReadNumbers = (tensor: number) => ArrayLike<number>;

/** The most elements of a tensor whose numbers are read: shapes, indices, axes and scales are smaller, weights are larger. */
const MOST_INTEGERS = 1 << 16;
const MOST_FLOATS = 16;
const LENGTH_TYPES = new Set(['int64', 'int32']);
/** Indices of sparse tensors that get lanes, so that what they meet says why it stays whole. */
const MOST_SPARSE = 1 << 20;
/** Element types of code books. */
const FLOATS = new Set(['float64', 'float32', 'float16']);
/** Types that never hold weights: indices, masks, text. */
const NOT_WEIGHTS = new Set(['int64', 'uint64', 'bool', 'string']);

/** The stored tensors of a graph, as operands of its nodes: which are weights, and the lanes that are born in them. */
export class StoredTensors {
  readonly #born: StoredAxis[] = [];
  /** Stored vectors that several operands share, by the value that carries them. */
  readonly #shared = new Map<string, TensorDocument>();
  readonly #zeroTensors = new Map<number, boolean>();
  /** Stored integers that are codes of a weight. */
  readonly #codes = new Set<number>();
  #sparseLanes = 0;

  constructor(
    readonly graph: Graph,
    readonly read: ReadNumbers,
    readonly factsOf: FactsOf,
    /** Statements of the model itself, for what no node is the reason of. */
    readonly lanes: Lanes,
  ) {
    this.#findShared();
    this.#findCodes();
  }

  /** Every axis in which lanes were born so far. */
  get born(): readonly StoredAxis[] {
    return this.#born;
  }

  /** The stored tensor that a value is itself. */
  storedAs(name: string): TensorDocument | undefined {
    return this.graph.initializers.get(name) ?? this.graph.constants.get(name);
  }

  /** The stored vector that a value carries, if each operand gets lanes of its own for it. */
  sharedAs(name: string): TensorDocument | undefined {
    return this.#shared.get(name);
  }

  /**
   * A stored vector that several operands read (a zero bias, often behind Identity) would tie layers that have nothing
   * to do with each other. Each operand gets lanes of its own; surgery copies the vector where they are cut differently.
   */
  #findShared(): void {
    const carried = new Map<string, TensorDocument>();
    const readers = new Map<number, number>();
    for (const [name, tensor] of this.graph.initializers) {
      if (isVector(tensor) && !NOT_WEIGHTS.has(tensor.dtype)) carried.set(name, tensor);
    }
    const fixed = new Set(this.graph.outputs.map((output) => output.name));
    for (const node of this.graph.nodes) {
      const { identity, takesPart } = this.factsOf(node);
      const source = identity ? carried.get(node.inputs[0]!) : undefined;
      const [output] = node.outputs;
      if (source !== undefined && output !== undefined) {
        carried.set(output, source);
        continue;
      }
      for (const name of [...node.inputs, ...node.captures]) {
        const tensor = carried.get(name);
        if (tensor !== undefined) readers.set(tensor.id, (readers.get(tensor.id) ?? 0) + 1);
      }
      // A vector that the body of a function or a loop reads cannot be replaced by a copy for one use: the body stands for
      // many runs.
      for (const name of node.body === undefined ? node.captures : node.inputs) fixed.add(name);
      if (takesPart) fixed.add(node.inputs[0] ?? '');
    }
    const whole = new Set([...fixed].map((name) => carried.get(name)?.id));
    for (const [name, tensor] of carried) {
      if ((readers.get(tensor.id) ?? 0) > 1 && !whole.has(tensor.id)) this.#shared.set(name, tensor);
    }
  }

  /** A tensor whose elements are stored by their places: it is copied as it stands, and what meets it stays whole. */
  sparse(name: string, dims: readonly number[]): AbstractTensor {
    const axes = dims.map((length) => {
      this.#sparseLanes += length;
      if (this.#sparseLanes > MOST_SPARSE) return plain(length);
      const axis = this.lanes.fresh(length, false);
      this.lanes.freeze(axis, 'operator', `meets the sparse tensor "${name}", which is never cut`);
      return axis;
    });
    return { axes };
  }

  /**
   * Indices that are stored, have several axes and choose from a stored table of floats are codes of a weight, whatever
   * their type; unless something else reads them.
   */
  #findCodes(): void {
    const readers = new Map<string, boolean>();
    for (const node of this.graph.nodes) {
      const chooses = this.factsOf(node).codes === true && node.body === undefined;
      const book = this.storedAs(node.inputs[0] ?? '');
      const isBook = book !== undefined && book.dims.length === 1 && FLOATS.has(book.dtype);
      for (const [index, name] of node.inputs.entries())
        readers.set(name, (readers.get(name) ?? true) && chooses && isBook && index === 1);
      for (const name of node.captures) readers.set(name, false);
    }
    for (const { name } of this.graph.outputs) readers.set(name, false);
    for (const [name, onlyCodes] of readers) {
      const tensor = onlyCodes ? this.storedAs(name) : undefined;
      if (tensor !== undefined && tensor.dims.length > 1) this.#codes.add(tensor.id);
    }
  }

  /** What an initializer is to the nodes that read it; a shared one gets its lanes at each operand. */
  initializer(name: string, tensor: TensorDocument): AbstractTensor {
    if (this.#shared.has(name))
      return { axes: tensor.dims.map(plain), values: this.contentOf(tensor), dtype: tensor.dtype };
    const stored = this.stored(tensor, this.lanes);
    if (!this.graph.uses.has(name)) {
      for (const axis of stored.axes ?? []) this.lanes.freeze(axis, 'unused', 'no node reads the tensor');
    }
    return stored;
  }

  /** The axes of a stored tensor, with lanes born at each that may be cut. `use`: as one operand of several that share it. */
  stored(tensor: TensorDocument, lanes: Lanes, use?: StoredAxis['use']): AbstractTensor {
    const values = this.contentOf(tensor);
    // A tensor with an axis of length 0 has no elements, so that there is nothing to cut along its other axes.
    const isNumbers = !NOT_WEIGHTS.has(tensor.dtype) || this.#codes.has(tensor.id);
    const isWeight = isNumbers && !tensor.dims.includes(0);
    // Masking would zero a shared vector for all who read it. So what lies at a removed index of it counts as zero only if
    // the whole vector is zero.
    const zeros = this.graph.zeros?.get(tensor.id);
    const isMasked = use === undefined || this.isZero(tensor);
    const axes = tensor.dims.map((length, index) => {
      if (!isWeight) return plain(length);
      const axis = lanes.born(
        use === undefined ? { tensor: tensor.id, axis: index } : { tensor: tensor.id, axis: index, use },
        length,
        isMasked && zeros?.[index] !== false,
      );
      for (const factor of axis.factors) if (factor.stored !== undefined) this.#born.push(factor.stored);
      return axis;
    });
    if (isWeight && !this.graph.isNamed(tensor.id)) {
      for (const axis of axes)
        lanes.freeze(
          axis,
          'control-flow',
          'a plan has no name for it: it lies in a function, or two tensors share its name',
        );
    }
    return { axes, values, dtype: tensor.dtype };
  }

  /** What a Constant holds; undefined where that is no number. */
  constant(node: Node, lanes: Lanes): AbstractTensor | undefined {
    const { value, value_int, value_ints, value_float, value_floats } = node.attributes;
    if (value?.type === 'tensor') return this.stored(this.graph.document.tensors[value.value]!, lanes);
    const numbers = (dtype: string, dims: number[], content: readonly number[]): AbstractTensor => ({
      axes: dims.map(plain),
      values: literals(dims, content),
      dtype,
    });
    if (value_int?.type === 'int') return numbers('int64', [], [value_int.value]);
    if (value_ints?.type === 'ints') return numbers('int64', [value_ints.value.length], value_ints.value);
    if (value_float?.type === 'float') return numbers('float32', [], [Number(value_float.value)]);
    if (value_floats?.type === 'floats')
      return numbers('float32', [value_floats.value.length], value_floats.value.map(Number));
    return undefined;
  }

  /** The numbers of a tensor that is small enough to be read: shapes, indices, axes, scales. */
  contentOf(tensor: TensorDocument): Values | undefined {
    const count = tensor.dims.reduce((product, length) => product * length, 1);
    const most = LENGTH_TYPES.has(tensor.dtype) ? MOST_INTEGERS : MOST_FLOATS;
    if (count > most || tensor.dtype === 'string' || tensor.dtype.startsWith('complex')) return undefined;
    return literals(tensor.dims, Array.from(this.read(tensor.id)));
  }

  /** Whether a tensor is small enough to be read, and holds zeros alone. */
  isZero(tensor: TensorDocument): boolean {
    let zero = this.#zeroTensors.get(tensor.id);
    if (zero === undefined) {
      zero =
        tensor.dims.reduce((product, length) => product * length, 1) <= MOST_INTEGERS &&
        Array.from(this.read(tensor.id)).every((value) => value === 0);
      this.#zeroTensors.set(tensor.id, zero);
    }
    return zero;
  }
}

const isVector = (tensor: TensorDocument): boolean =>
  tensor.dims.filter((length) => length !== 1).length === 1;
