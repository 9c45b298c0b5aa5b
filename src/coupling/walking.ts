import { finished, type Steps } from '../base/steps.js';
import type { Graph, Node } from '../model/graph.js';
import { Names } from '../model/names.js';
import { isConstant } from '../model/structure.js';
import type { AbstractTensor, Output } from './abstractTensor.js';
import type { ActivationProduct } from './activationProduct.js';
import { NodeCall } from './call.js';
import { type Dequantised, dequantisedValues } from './dequantised.js';
import { type FactsOf, NO_FACTS } from './facts.js';
import { bornFree, freeAxes, tieStates } from './free.js';
import { Frozen } from './frozen.js';
import { integerProduct, quantisedFrom, type Surroundings } from './integerProducts.js';
import { Lanes } from './lanes.js';
import type { LinearMap, Scale } from './linearMap.js';
import { OpenValues } from './openValues.js';
import type { Passage } from './passage.js';
import type { Why } from './reason.js';
import type { Recurrence } from './recurrence.js';
import type { Omission, Reading, Restatement, Rule, Work } from './rule.js';
import type { Store } from './store.js';
import type { ReadNumbers } from './storedTensors.js';
import { StoredTensors } from './storedTensors.js';
import type { BranchChoices, Registry, Walk } from './walk.js';

/**
 * Walks the graph once, front to back: lanes are born in stored tensors, rules state how they are coupled.
 *
 * @param isFree which inputs and outputs of the model may shrink; by default none
 */
export const walk = (graph: Graph, registry: Registry, read: ReadNumbers, isFree = none): Walk =>
  finished(walking(graph, registry, read, isFree));

/** `walk`, node by node. */
export const walking = (
  graph: Graph,
  registry: Registry,
  read: ReadNumbers,
  isFree = none,
  choices: BranchChoices = new Map(),
): Steps<Walk> => new Walker(graph, registry, read, isFree, choices).run();

const none = (_name: string): boolean => false;

class Walker {
  readonly #lanes = new Lanes();
  readonly #stored: StoredTensors;
  readonly #open: OpenValues;
  readonly #tensors = new Map<string, AbstractTensor>();
  readonly #restatements: Restatement[] = [];
  readonly #omissions: Omission[] = [];
  readonly #work: Work[] = [];
  readonly #linearMaps: LinearMap[] = [];
  readonly #scalings: Scale[] = [];
  readonly #measuring = new Set<Node>();
  readonly #readings = new Map<Node, Reading>();
  readonly #passages = new Map<Node, readonly Passage[]>();
  readonly #normalised = new Map<Node, readonly number[]>();
  readonly #recurrences: Recurrence[] = [];
  readonly #activationProducts: ActivationProduct[] = [];
  readonly #wanted = new Set<string>();
  readonly #linear = new Set<Node>();
  readonly #frozenNodes = new Map<Node, Frozen>();
  readonly #factsOf: FactsOf = ({ domain, op, opset }) => this.registry(domain, op, opset) ?? NO_FACTS;
  readonly #around: Surroundings = {
    storedAs: (name) => this.#stored.storedAs(name),
    makerOf: (name) => this.graph.makerOf(name),
    readersOf: (name) => this.graph.readersOf(name),
    usesOf: (name) => this.graph.uses.get(name) ?? 0,
    factsOf: this.#factsOf,
  };
  readonly #dequantised: ReadonlyMap<string, Dequantised>;
  readonly #store: Store = {
    storedAs: (name) => this.#around.storedAs(name),
    isOwnConstant: (name) => this.graph.constants.has(name) && this.graph.uses.get(name) === 1,
    isReadOnce: (name) => this.graph.uses.get(name) === 1,
    outputName: (node, output) => node.outputs[output] || this.#nameFor(node, output),
    dimsOf: (tensor) => this.graph.document.tensors[tensor]!.dims,
    contentOf: (tensor) => this.#stored.contentOf(this.graph.document.tensors[tensor]!),
    isZero: (tensor) => this.#stored.isZero(tensor),
    productOf: (node, data) => integerProduct(node, data, this.#around),
    unquantised: (node, data) => quantisedFrom(node, data, this.#around)?.data,
    rankOf: (name) => this.#open.rankOf(name),
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
  /** Names that were made for outputs without one, by node and index. */
  readonly #named = new Map<string, string>();
  #names: Names | undefined;
  readonly #mistaken = new Map<string, number>();

  constructor(
    readonly graph: Graph,
    readonly registry: Registry,
    readonly read: ReadNumbers,
    readonly isFree: (name: string) => boolean,
    readonly choices: BranchChoices,
  ) {
    this.#stored = new StoredTensors(graph, read, this.#factsOf, this.#lanes);
    this.#dequantised = dequantisedValues(graph, this.#around);
    const lawOf = ({ domain, op, opset }: Node): Rule['ranks'] => registry(domain, op, opset)?.ranks;
    this.#open = new OpenValues(graph, lawOf, this.#tensors, this.#lanes);
  }

  *run(): Steps<Walk> {
    const { graph, isFree } = this;
    for (const input of graph.inputs) {
      const stated = this.#open.stated(input);
      this.#set(input.name, isFree(input.name) ? bornFree(this.#lanes, input, stated) : stated);
    }
    for (const [name, dims] of graph.sparse) this.#set(name, this.#stored.sparse(name, dims));
    for (const [name, tensor] of graph.initializers) {
      this.#tensors.set(name, this.#stored.initializer(name, tensor));
      yield;
    }
    for (const node of graph.nodes) {
      this.#visit(node);
      yield;
    }
    tieStates(graph, this.#tensors, this.#lanes, isFree);
    for (const { name } of graph.outputs)
      this.#keepWhole(name, this.#lanes, 'graph-output', `the model's output "${name}" shows`, isFree(name));
    const free = freeAxes(graph, this.#tensors, this.#lanes, isFree);
    return {
      graph,
      tensors: this.#tensors,
      equations: this.#lanes.equations.settle(),
      parameterAxes: this.#stored.born.map((axis) => this.#lanes.roles.of(axis)),
      restatements: this.#restatements,
      omissions: this.#omissions,
      work: this.#work,
      linearMaps: this.#linearMaps,
      scalings: this.#scalings,
      passages: this.#passages,
      normalised: this.#normalised,
      recurrences: this.#recurrences,
      measuring: this.#measuring,
      readings: this.#readings,
      activationProducts: this.#activationProducts,
      wanted: this.#wanted,
      linear: this.#linear,
      factsOf: this.#factsOf,
      dequantised: this.#dequantised,
      frozenNodes: this.#frozenNodes,
      free,
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
      const constant = this.#stored.constant(node, lanes);
      if (name !== undefined && constant !== undefined) {
        this.#tensors.set(name, constant);
        return;
      }
    }
    if (this.#factsOf(node).identity && this.#stored.sharedAs(node.inputs[0]!) !== undefined) {
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
        this.#set(name, rule.moves ? tensor : this.#seenThrough(name, computed(tensor)), node);
      }
      call.freezeUntaken();
      if (outputs.some((output) => asTensor(output).values === undefined)) call.keepLost();
      this.#note(node, call);
      if (rule.moves === true || rule.linear === true) this.#linear.add(node);
    } catch (problem) {
      if (!(problem instanceof Frozen)) throw problem;
      this.#freezeNode(node, call, problem);
    }
    if (rule?.measures === true) this.#measuring.add(node);
    const { reading } = call;
    if (reading.isOpen || reading.operands.length > 0) this.#readings.set(node, reading);
  }

  /** What the rule of a node said of it. */
  #note(node: Node, { lengths, layer }: NodeCall): void {
    this.#restatements.push(...lengths.restatements);
    this.#omissions.push(...lengths.omissions);
    this.#work.push(...lengths.work);
    this.#linearMaps.push(...layer.linearMaps);
    this.#scalings.push(...layer.scalings);
    if (layer.passages.length > 0) this.#passages.set(node, layer.passages);
    if (layer.normalised.length > 0) this.#normalised.set(node, layer.normalised);
    this.#recurrences.push(...layer.recurrences);
    this.#activationProducts.push(...layer.activationProducts);
    for (const name of layer.wanted) this.#wanted.add(name);
  }

  /**
   * A product that spells out (q - zero point) · scale of stored integers q counts as the weight that they stand for: its
   * axes are those of the stored integers.
   */
  #seenThrough(name: string, tensor: AbstractTensor): AbstractTensor {
    const found = this.#dequantised.get(name);
    if (found === undefined) return tensor;
    const { integers, scale, zeroPoint, axis, reads } = found;
    const from = this.#tensors.get(reads.at(-1)!.value)?.axes;
    if (from === undefined || from.length !== tensor.axes?.length) return tensor;
    const { roles } = this.#lanes;
    const quantised = { scale: scale.id, ...(zeroPoint && { zeroPoint: zeroPoint.id }), axis };
    const axes = tensor.axes.map((own, d) => {
      const stored = from[d]!.factors[0]?.stored;
      if (stored?.tensor !== integers.id || own.factors.length !== 1) return own;
      roles.quantised(stored, quantised);
      return { length: own.length, factors: [{ ...own.factors[0]!, stored }] };
    });
    roles.parameterTensor(scale.id);
    if (zeroPoint !== undefined) roles.parameterTensor(zeroPoint.id);
    return { ...tensor, axes };
  }

  #freezeNode(node: Node, call: NodeCall, problem: Frozen): void {
    this.#frozenNodes.set(node, problem);
    call.freezeAll(problem);
    this.#restatements.push(...call.lengths.restatements);
    for (const name of node.captures)
      this.#keepWhole(name, call.lanes, 'control-flow', `the body of ${node.op} reads`);
    for (const [index, name] of node.outputs.entries()) {
      if (name === '') continue;
      const found = asTensor(problem.outputs[index] ?? { axes: undefined });
      const dtype = found.dtype ?? this.graph.stated.get(name)?.[0]?.dtype ?? undefined;
      const lost = problem.since ?? { node: node.name, op: node.op, text: problem.text };
      this.#set(name, { ...computed(found), dtype, lost }, node);
    }
  }

  /** Notes a value with what its maker says of it; what that leaves open becomes symbols. */
  #set(name: string, given: AbstractTensor, maker?: Node): void {
    this.#tensors.set(name, this.#open.completed(name, given, maker));
  }

  /** Nothing of a value may change, neither its axes, unless these are free, nor the lengths that it speaks of. */
  #keepWhole(name: string, lanes: Lanes, why: Why, who: string, isFree = false): void {
    const { axes, values } = this.#tensors.get(name) ?? {};
    for (const axis of isFree ? [] : (axes ?? [])) lanes.freeze(axis, why, `${who} it`);
    if (values !== undefined) lanes.freezeContent(values, why, `${who} how long it is`);
  }

  #operands(node: Node, lanes: Lanes): (AbstractTensor | undefined)[] {
    return node.inputs.map((name, input) => {
      if (name === '') return undefined;
      const shared = this.#stored.sharedAs(name);
      if (shared !== undefined) return this.#stored.stored(shared, lanes, { node: node.name, input });
      return this.#tensors.get(name) ?? { axes: undefined };
    });
  }
}

const isTensor = (output: Output): output is AbstractTensor => !Array.isArray(output);
const asTensor = (output: Output): AbstractTensor => (isTensor(output) ? output : { axes: output });

/** What a node computes is no stored tensor any more, whose axes its own are. */
function computed(tensor: AbstractTensor): AbstractTensor {
  if (
    tensor.axes === undefined ||
    !tensor.axes.some((axis) => axis.factors.some((factor) => factor.stored !== undefined))
  ) {
    return tensor;
  }
  const axes = tensor.axes.map((axis) => ({
    length: axis.length,
    factors: axis.factors.map(({ stored: _, ...factor }) => factor),
  }));
  return { ...tensor, axes };
}
