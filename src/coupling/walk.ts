import { finished, type Steps } from '../base/steps.js';
import type { Dim, Given } from '../model/dim.js';
import { symbol } from '../model/dim.js';
import type { TensorDocument, ValueDocument } from '../model/document.js';
import type { Graph, Node } from '../model/graph.js';
import { Names } from '../model/names.js';
import { isConstant } from '../model/structure.js';
import type { Values } from '../model/values.js';
import { literals } from '../model/values.js';
import type { ActivationProduct } from './activationProduct.js';
import type { Axes, ParameterAxis } from './axis.js';
import { isLabelled, plain } from './axis.js';
import type { Store } from './call.js';
import { NodeCall } from './call.js';
import { type Dequantised, dequantisedValues } from './dequantised.js';
import { type FactsOf, NO_FACTS } from './facts.js';
import type { FreeAxis } from './free.js';
import { bornFree, freeAxes, tieStates } from './free.js';
import { Frozen } from './frozen.js';
import { integerProduct, quantisedFrom, type Surroundings } from './integerProducts.js';
import { Lanes } from './lanes.js';
import type { LinearMap, Scale } from './linearMap.js';
import type { Passage } from './passage.js';
import { Ranks } from './ranks.js';
import type { Cause, Why } from './reason.js';
import type { Recurrence } from './recurrence.js';
import type { Omission, Reading, Restatement, Rule, Work } from './rule.js';
import type { Output, Tensor } from './tensor.js';

/** The rule of an operator at an opset version, if there is one. */
export type Registry = (domain: string, op: string, opset: number) => Rule | undefined;

/** Reads a small stored tensor as numbers; 64-bit integers beyond 2^53 are rounded. */
export type ReadNumbers = (tensor: number) => ArrayLike<number>;

/** What a walk over the graph found. */
export interface Walk {
  readonly graph: Graph;
  /** Every value of the main graph by name. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Every axis of every stored tensor that has lanes. */
  readonly parameterAxes: readonly ParameterAxis[];
  readonly restatements: readonly Restatement[];
  readonly omissions: readonly Omission[];
  readonly work: readonly Work[];
  /** Nodes that multiply data by a stored weight. */
  readonly linearMaps: readonly LinearMap[];
  /** Nodes that scale and shift lanes by stored numbers. */
  readonly scalings: readonly Scale[];
  /** What nodes do first to what they read, by node. */
  readonly passages: ReadonlyMap<Node, readonly Passage[]>;
  /** The axes of operand 0 that nodes divide along by what they make of all that lies there, by node. */
  readonly normalised: ReadonlyMap<Node, readonly number[]>;
  /** Nodes that run along a sequence. */
  readonly recurrences: readonly Recurrence[];
  /** Nodes that give how long a value is. */
  readonly measuring: ReadonlySet<Node>;
  /** What rules read as lengths or indices, by node, and where data decides how long an output is. */
  readonly readings: ReadonlyMap<Node, Reading>;
  /** Nodes that multiply two computed values and sum. */
  readonly activationProducts: readonly ActivationProduct[];
  /** Values that would be weights, biases or scales of layers if they were stored. */
  readonly wanted: ReadonlySet<string>;
  /** Nodes whose outputs hold an operand's elements, each scaled and shifted by what the others hold. */
  readonly linear: ReadonlySet<Node>;
  /** What is known of a node's operator by its row alone. */
  readonly factsOf: FactsOf;
  /** Values that stored integers stand for, where the graph spells that out. */
  readonly dequantised: ReadonlyMap<string, Dequantised>;
  /** Nodes whose operator has no rule, or whose rule gave up: with the reason. */
  readonly frozenNodes: ReadonlyMap<Node, Frozen>;
  /** Axes of inputs and outputs that may shrink. */
  readonly free: readonly FreeAxis[];
  /** Ifs that are followed through one of their branches, by what was chosen. */
  readonly choices: Choices;
  /** Ifs whose branches end in values that cannot be one, and for which nothing was chosen. */
  readonly undecided: readonly Node[];
  /** Beginnings of bodies that one round does not stand for as it was followed, and how they are to be followed. */
  readonly mistaken: Choices;
}

/** A walk of whose lanes more can be stated: what must stay whole besides. */
export interface OpenWalk extends Walk {
  readonly lanes: Lanes;
}

/** The branch that a node is followed through, by the node's name: 0 is the first; of the beginning of a body how it is followed. */
export type Choices = ReadonlyMap<string, number>;

/** The choice for a loop whose states may enter each round with other open lengths: these are left open behind it. */
export const LOOSELY = -1;
/** The choice for a loop whose body is not followed: whatever enters it keeps all of its indices. */
export const CLOSED = -2;

/** Content is read where it is this small: shapes, indices, axes, scales. */
const MOST_INTEGERS = 1 << 16;
const MOST_FLOATS = 16;
const LENGTH_TYPES = new Set(['int64', 'int32']);
/** Indices of sparse tensors that get lanes, so that what they meet says why it stays whole. */
const MOST_SPARSE = 1 << 20;
/** No tensor of a network has as many axes. */
const MOST_RANK = 64;
/** What data decides is followed in vectors as short as shapes are. */
const MOST_GIVEN = 16;
const GIVEN_AS: Readonly<Record<string, Given>> = {
  int64: 'integer',
  int32: 'integer',
  float64: 'real',
  float32: 'real',
  float16: 'real',
};
/** Types that never hold weights: indices, masks, text. */
const NOT_WEIGHTS = new Set(['int64', 'uint64', 'bool', 'string']);

/**
 * Walks the graph once, front to back: lanes are born in stored tensors, rules state how they are coupled.
 *
 * @param isFree which inputs and outputs of the model may shrink; by default none
 */
export const walk = (graph: Graph, registry: Registry, read: ReadNumbers, isFree = none): OpenWalk =>
  finished(walking(graph, registry, read, isFree));

/** `walk`, node by node. */
export const walking = (
  graph: Graph,
  registry: Registry,
  read: ReadNumbers,
  isFree = none,
  choices: Choices = new Map(),
): Steps<OpenWalk> => new Walker(graph, registry, read, isFree, choices).run();

const none = (_name: string): boolean => false;

class Walker {
  readonly #lanes = new Lanes();
  readonly #tensors = new Map<string, Tensor>();
  readonly #slots: ParameterAxis[] = [];
  readonly #restatements: Restatement[] = [];
  readonly #omissions: Omission[] = [];
  readonly #work: Work[] = [];
  readonly #mixes: LinearMap[] = [];
  readonly #scalings: Scale[] = [];
  readonly #measuring = new Set<Node>();
  readonly #readings = new Map<Node, Reading>();
  readonly #passages = new Map<Node, readonly Passage[]>();
  readonly #normalised = new Map<Node, readonly number[]>();
  readonly #recurrences: Recurrence[] = [];
  readonly #contractions: ActivationProduct[] = [];
  readonly #wanted = new Set<string>();
  readonly #linear = new Set<Node>();
  readonly #frozenNodes = new Map<Node, Frozen>();
  /** Stored vectors that several operands share, by the value that carries them. */
  readonly #shared = new Map<string, TensorDocument>();
  readonly #zeroTensors = new Map<number, boolean>();
  readonly #factsOf: FactsOf = ({ domain, op, opset }) => this.registry(domain, op, opset) ?? NO_FACTS;
  readonly #around: Surroundings = {
    storedAs: (name) => this.graph.initializers.get(name) ?? this.graph.constants.get(name),
    makerOf: (name) => this.graph.makerOf(name),
    readersOf: (name) => this.graph.readersOf(name),
    usesOf: (name) => this.graph.uses.get(name) ?? 0,
    factsOf: this.#factsOf,
  };
  /** Known once the walk begins. */
  #dequantised: ReadonlyMap<string, Dequantised> = new Map();
  readonly #store: Store = {
    storedAs: (name) => this.#around.storedAs(name),
    isOwnConstant: (name) => this.graph.constants.has(name) && this.graph.uses.get(name) === 1,
    isReadOnce: (name) => this.graph.uses.get(name) === 1,
    nameFor: (node, output) => this.#nameFor(node, output),
    dimsOf: (tensor) => this.graph.document.tensors[tensor]!.dims,
    contentOf: (tensor) => this.#valuesOf(this.graph.document.tensors[tensor]!),
    isZero: (tensor) => this.#isZero(tensor),
    productOf: (node, data) => integerProduct(node, data, this.#around),
    unquantised: (node, data) => quantisedFrom(node, data, this.#around)?.data,
    rankOf: (name) => this.#rankOf(name),
    neverRuns: (node) =>
      (node.runsWhere ?? []).some(({ condition, is }) => {
        const decided = this.#tensors.get(condition)?.values?.elements[0]?.before;
        return typeof decided === 'number' && (decided !== 0) !== is;
      }),
    following: (name) => this.choices.get(name),
    follow: (name, how) => void this.#mistaken.set(name, how),
    branchOf: (node) => {
      const chosen = this.choices.get(node.name);
      if (chosen === undefined) this.#undecided.push(node);
      return chosen;
    },
  };
  readonly #undecided: Node[] = [];
  /** Names of outputs that the file gives none, by node and place. */
  readonly #named = new Map<string, string>();
  #names: Names | undefined;
  #sparseLanes = 0;
  readonly #mistaken = new Map<string, number>();
  /** Stored integers that are codes of a weight. */
  readonly #codes = new Set<number>();
  /** Made once a rank is not known. */
  #ranks: Ranks | undefined;
  #unknowns = 0;

  constructor(
    readonly graph: Graph,
    readonly registry: Registry,
    readonly read: ReadNumbers,
    readonly isFree: (name: string) => boolean,
    readonly choices: Choices,
  ) {}

  *run(): Steps<OpenWalk> {
    const { graph, isFree } = this;
    this.#dequantised = dequantisedValues(graph, this.#around);
    for (const input of graph.inputs) {
      const stated = this.#statedTensor(input);
      this.#set(input.name, isFree(input.name) ? bornFree(this.#lanes, input, stated) : stated);
    }
    for (const [name, dims] of graph.sparse) this.#set(name, this.#sparseTensor(name, dims));
    this.#findShared();
    this.#findCodes();
    for (const [name, tensor] of graph.initializers) {
      this.#tensors.set(name, this.#initializer(name, tensor));
      yield;
    }
    for (const node of graph.nodes) {
      this.#visit(node);
      yield;
    }
    tieStates(graph, this.#tensors, this.#lanes, isFree);
    for (const { name } of graph.outputs)
      this.#keepWhole(name, this.#lanes, 'graph-output', `the model's output "${name}" shows`, isFree(name));
    return {
      graph,
      lanes: this.#lanes,
      tensors: this.#tensors,
      parameterAxes: this.#slots,
      restatements: this.#restatements,
      omissions: this.#omissions,
      work: this.#work,
      linearMaps: this.#mixes,
      scalings: this.#scalings,
      passages: this.#passages,
      normalised: this.#normalised,
      recurrences: this.#recurrences,
      measuring: this.#measuring,
      readings: this.#readings,
      activationProducts: this.#contractions,
      wanted: this.#wanted,
      linear: this.#linear,
      factsOf: this.#factsOf,
      dequantised: this.#dequantised,
      frozenNodes: this.#frozenNodes,
      free: freeAxes(graph, this.#tensors, this.#lanes, isFree),
      choices: this.choices,
      undecided: this.#undecided,
      mistaken: this.#mistaken,
    };
  }

  #nameFor(node: Node, output: number): string {
    const key = `${node.name}:${output}`;
    this.#names ??= new Names(this.graph);
    const name = this.#named.get(key) ?? this.#names.fresh(key);
    this.#named.set(key, name);
    return name;
  }

  #visit(node: Node): void {
    const lanes = this.#lanes.at(node.name);
    if (isConstant(node)) {
      const [name] = node.outputs;
      const constant = this.#constant(node, lanes);
      if (name !== undefined && constant !== undefined) {
        this.#tensors.set(name, constant);
        return;
      }
    }
    if (this.#factsOf(node).identity && this.#shared.has(node.inputs[0]!)) {
      this.#tensors.set(node.outputs[0]!, this.#tensors.get(node.inputs[0]!)!);
      return;
    }
    const call = new NodeCall(node, lanes, this.#operands(node, lanes), this.#store);
    const rule = this.registry(node.domain, node.op, node.opset);
    try {
      if (rule === undefined) throw new Frozen('no-rule', `${node.op} has no rule`);
      const outputs = rule.axes(call);
      for (const [index, name] of node.outputs.entries()) {
        if (name === '') continue;
        const output = outputs[index];
        if (output === undefined) throw new Frozen('no-rule', `its output ${index} is not accounted for`);
        const tensor = asTensor(output);
        this.#set(name, rule.moves ? tensor : this.#seenThrough(name, withoutSlots(tensor)), node);
      }
      call.freezeUntaken();
      if (outputs.some((output) => asTensor(output).values === undefined)) call.keepLost();
      this.#restatements.push(...call.restatements);
      this.#omissions.push(...call.omissions);
      this.#work.push(...call.pieces);
      this.#mixes.push(...call.mixings);
      this.#scalings.push(...call.scalings);
      if (call.passages.length > 0) this.#passages.set(node, call.passages);
      if (call.normalised.length > 0) this.#normalised.set(node, call.normalised);
      this.#recurrences.push(...call.recurrences);
      this.#contractions.push(...call.activationProducts);
      for (const name of call.wanted) this.#wanted.add(name);
      if (rule.moves === true || rule.linear === true) this.#linear.add(node);
    } catch (problem) {
      if (!(problem instanceof Frozen)) throw problem;
      this.#freezeNode(node, call, problem);
    }
    if (rule?.measures === true) this.#measuring.add(node);
    const { reading } = call;
    if (reading.isOpen || reading.operands.length > 0) this.#readings.set(node, reading);
  }

  /** What integers stand for, spelled out by nodes, is the weight that they are: its axes are theirs. */
  #seenThrough(name: string, tensor: Tensor): Tensor {
    const found = this.#dequantised.get(name);
    if (found === undefined) return tensor;
    const { integers, scale, zeroPoint, axis, reads } = found;
    const from = this.#tensors.get(reads.at(-1)!.value)?.axes;
    if (from === undefined || from.length !== tensor.axes?.length) return tensor;
    const quantised = { scale: scale.id, ...(zeroPoint && { zeroPoint: zeroPoint.id }), axis };
    const axes = tensor.axes.map((own, d) => {
      const slot = from[d]!.factors[0]?.slot;
      if (slot?.tensor !== integers.id || own.factors.length !== 1) return own;
      slot.quantised = quantised;
      return { length: own.length, factors: [{ ...own.factors[0]!, slot }] };
    });
    for (const slot of this.#slots)
      if (slot.tensor === scale.id || slot.tensor === zeroPoint?.id) slot.parameter = true;
    return { ...tensor, axes };
  }

  #freezeNode(node: Node, call: NodeCall, problem: Frozen): void {
    this.#frozenNodes.set(node, problem);
    call.freezeAll(problem);
    this.#restatements.push(...call.restatements);
    for (const name of node.captures)
      this.#keepWhole(name, call.lanes, 'control-flow', `the body of ${node.op} reads`);
    for (const [index, name] of node.outputs.entries()) {
      if (name === '') continue;
      const found = asTensor(problem.outputs[index] ?? { axes: undefined });
      const dtype = found.dtype ?? this.graph.stated.get(name)?.[0]?.dtype ?? undefined;
      const lost = problem.since ?? { node: node.name, op: node.op, text: problem.text };
      this.#set(name, { ...withoutSlots(found), dtype, lost }, node);
    }
  }

  /**
   * A value is this. Where its rank is not known, what stands around it may tell; its lengths are open then, whatever the
   * file states of them. What no rule computes of a single number, or of a few, is a symbol for each: data decides it.
   */
  #set(name: string, given: Tensor, maker?: Node): void {
    const lost = given.lost ?? causeOf(name, maker, 'data decides how many axes it has');
    const tensor = given.axes === undefined ? { ...given, axes: this.#axesAround(name, lost), lost } : given;
    this.#ranks?.know(name, tensor);
    this.#tensors.set(name, this.#withContent(name, tensor, maker));
  }

  #axesAround(name: string, lost: Cause): Axes | undefined {
    const rank = this.#rankOf(name);
    if (rank === undefined || rank > MOST_RANK) return undefined;
    return Array.from({ length: rank }, (_, d) => {
      const length = `${name}.${d}#${this.#unknowns++}`;
      this.#lanes.opens(length, lost);
      return plain(symbol(length, undefined, 'count'));
    });
  }

  /** The rank of a value that is not made yet, or that its maker does not tell. */
  #rankOf(name: string): number | undefined {
    if (this.#ranks === undefined) {
      const { graph, registry } = this;
      this.#ranks = new Ranks(graph, ({ domain, op, opset }) => registry(domain, op, opset)?.ranks);
      for (const [known, tensor] of this.#tensors) this.#ranks.know(known, tensor);
    }
    return this.#ranks.of(name);
  }

  #withContent(name: string, tensor: Tensor, maker: Node | undefined): Tensor {
    const { axes, values, dtype } = tensor;
    const count = axes?.length === 0 ? 1 : axes?.length === 1 ? axes[0]!.length : undefined;
    const given = dtype === undefined ? 'real' : GIVEN_AS[dtype];
    const follows =
      values === undefined &&
      given !== undefined &&
      typeof count === 'number' &&
      count <= MOST_GIVEN &&
      !axes!.some(isLabelled);
    if (!follows) return tensor;
    const cause = tensor.lost ?? causeOf(name, maker, 'data decides what it gives');
    const elements = Array.from({ length: count }, (_, i) => {
      this.#lanes.opens(`${name}[${i}]`, cause);
      return symbol(`${name}[${i}]`, undefined, given);
    });
    return { ...tensor, values: literals(axes!.length === 0 ? [] : [count], elements) };
  }

  /** Nothing of a value may change, neither its axes, unless these are free, nor the lengths that it speaks of. */
  #keepWhole(name: string, lanes: Lanes, why: Why, who: string, isFree = false): void {
    const { axes, values } = this.#tensors.get(name) ?? {};
    for (const axis of isFree ? [] : (axes ?? [])) lanes.freeze(axis, why, `${who} it`);
    if (values !== undefined) lanes.freezeContent(values, why, `${who} how long it is`);
  }

  #operands(node: Node, lanes: Lanes): (Tensor | undefined)[] {
    return node.inputs.map((name, input) => {
      if (name === '') return undefined;
      const shared = this.#shared.get(name);
      if (shared !== undefined) return this.#storedTensor(shared, lanes, { node: node.name, input });
      return this.#tensors.get(name) ?? { axes: undefined };
    });
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
      const { identity, takesPart } = this.#factsOf(node);
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
      // The body of a function, or of a loop, cannot be given another operand.
      for (const name of node.body === undefined ? node.captures : node.inputs) fixed.add(name);
      if (takesPart) fixed.add(node.inputs[0] ?? '');
    }
    const whole = new Set([...fixed].map((name) => carried.get(name)?.id));
    for (const [name, tensor] of carried) {
      if ((readers.get(tensor.id) ?? 0) > 1 && !whole.has(tensor.id)) this.#shared.set(name, tensor);
    }
  }

  /** A tensor whose elements are stored by their places: it is copied as it stands, and what meets it stays whole. */
  #sparseTensor(name: string, dims: readonly number[]): Tensor {
    const axes = dims.map((length) => {
      this.#sparseLanes += length;
      if (this.#sparseLanes > MOST_SPARSE) return plain(length);
      const axis = this.#lanes.fresh(length, false);
      this.#lanes.freeze(axis, 'operator', `meets the sparse tensor "${name}", which is never cut`);
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
      const chooses = this.#factsOf(node).codes === true && node.body === undefined;
      const book = this.#store.storedAs(node.inputs[0] ?? '');
      const isBook = book !== undefined && book.dims.length === 1 && GIVEN_AS[book.dtype] === 'real';
      for (const [index, name] of node.inputs.entries())
        readers.set(name, (readers.get(name) ?? true) && chooses && isBook && index === 1);
      for (const name of node.captures) readers.set(name, false);
    }
    for (const { name } of this.graph.outputs) readers.set(name, false);
    for (const [name, onlyCodes] of readers) {
      const tensor = onlyCodes ? this.#store.storedAs(name) : undefined;
      if (tensor !== undefined && tensor.dims.length > 1) this.#codes.add(tensor.id);
    }
  }

  #initializer(name: string, tensor: TensorDocument): Tensor {
    if (this.#shared.has(name))
      return { axes: tensor.dims.map(plain), values: this.#valuesOf(tensor), dtype: tensor.dtype };
    const stored = this.#storedTensor(tensor, this.#lanes);
    if (!this.graph.uses.has(name)) {
      for (const axis of stored.axes ?? []) this.#lanes.freeze(axis, 'unused', 'no node reads the tensor');
    }
    return stored;
  }

  #storedTensor(tensor: TensorDocument, lanes: Lanes, use?: ParameterAxis['use']): Tensor {
    const values = this.#valuesOf(tensor);
    // Where an axis has the length 0, there is nothing along the others.
    const isNumbers = !NOT_WEIGHTS.has(tensor.dtype) || this.#codes.has(tensor.id);
    const isWeight = isNumbers && !tensor.dims.includes(0);
    // A shared vector is not masked in the plan, so what lies at a removed index is zero only if it is zero already.
    const zeros = this.graph.zeros?.get(tensor.id);
    const isMasked = use === undefined || this.#isZero(tensor);
    const axes = tensor.dims.map((length, index) => {
      if (!isWeight) return plain(length);
      const axis = lanes.born(
        use === undefined ? { tensor: tensor.id, axis: index } : { tensor: tensor.id, axis: index, use },
        length,
        isMasked && zeros?.[index] !== false,
      );
      for (const factor of axis.factors) if (factor.slot !== undefined) this.#slots.push(factor.slot);
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

  #constant(node: Node, lanes: Lanes): Tensor | undefined {
    const { value, value_int, value_ints, value_float, value_floats } = node.attributes;
    if (value?.type === 'tensor') return this.#storedTensor(this.graph.document.tensors[value.value]!, lanes);
    const numbers = (dtype: string, dims: number[], content: readonly number[]): Tensor => ({
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

  #valuesOf(tensor: TensorDocument): Values | undefined {
    const count = tensor.dims.reduce((product, length) => product * length, 1);
    const most = LENGTH_TYPES.has(tensor.dtype) ? MOST_INTEGERS : MOST_FLOATS;
    if (count > most || tensor.dtype === 'string' || tensor.dtype.startsWith('complex')) return undefined;
    return literals(tensor.dims, Array.from(this.read(tensor.id)));
  }

  #isZero(tensor: TensorDocument): boolean {
    let zero = this.#zeroTensors.get(tensor.id);
    if (zero === undefined) {
      zero =
        tensor.dims.reduce((product, length) => product * length, 1) <= MOST_INTEGERS &&
        Array.from(this.read(tensor.id)).every((value) => value === 0);
      this.#zeroTensors.set(tensor.id, zero);
    }
    return zero;
  }

  #statedTensor(value: ValueDocument): Tensor {
    const axes = value.shape?.map((length, index) =>
      plain(this.#statedLength(length, `${value.name}.${index}`)),
    );
    return { axes, dtype: value.dtype ?? undefined };
  }

  #statedLength(length: number | string | null, otherwise: string): Dim {
    if (typeof length === 'number' && length >= 0) return length;
    if (typeof length === 'number') return symbol(`${otherwise}#${this.#unknowns++}`);
    const named = length !== null && IS_NAME.test(length);
    return symbol(named ? length : `${otherwise}#${this.#unknowns++}`);
  }
}

/** Some exporters write `?` or `None` for every length that they do not know: these are not one. */
const IS_NAME = /^(?!(none|unknown|dynamic)$).*[\p{L}\p{N}]/isu;

const isVector = (tensor: TensorDocument): boolean =>
  tensor.dims.filter((length) => length !== 1).length === 1;

/** Why something is not known of a value: its maker, or that it is given. */
const causeOf = (name: string, maker: Node | undefined, text: string): Cause =>
  maker === undefined
    ? { node: '', op: '', text: `the model is given "${name}"` }
    : { node: maker.name, op: maker.op, text };

const isTensor = (output: Output): output is Tensor => !Array.isArray(output);
const asTensor = (output: Output): Tensor => (isTensor(output) ? output : { axes: output });

function withoutSlots(tensor: Tensor): Tensor {
  if (
    tensor.axes === undefined ||
    !tensor.axes.some((axis) => axis.factors.some((factor) => factor.slot !== undefined))
  ) {
    return tensor;
  }
  const axes = tensor.axes.map((axis) => ({
    length: axis.length,
    factors: axis.factors.map(({ slot: _, ...factor }) => factor),
  }));
  return { ...tensor, axes };
}
