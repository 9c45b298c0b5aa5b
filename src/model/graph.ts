import { EspalierError } from '../base/errors.js';
import type { ModelDocument, TensorDocument, ValueDocument } from './document.js';
import { expandModel } from './expand.js';
import type { Expanded, Node } from './expanded.js';
import type { Fold } from './folds.js';
import { isConstant } from './structure.js';

export type { Node } from './expanded.js';

/** A model's graph: nodes in an order in which every operand is made before it is read. */
export interface Graph {
  readonly file: string;
  readonly document: ModelDocument;
  readonly nodes: readonly Node[];
  readonly inputs: readonly ValueDocument[];
  readonly outputs: readonly ValueDocument[];
  /** Types that the file states, by value. */
  readonly stated: ReadonlyMap<string, readonly ValueDocument[]>;
  /** The lengths of sparse initializers, by the value that they are. */
  readonly sparse: ReadonlyMap<string, readonly number[]>;
  /** Initializers by the value that they are. */
  readonly initializers: ReadonlyMap<string, TensorDocument>;
  /** The Constant node's tensor that a value is. */
  readonly constants: ReadonlyMap<string, TensorDocument>;
  /** The name that a plan knows a stored tensor by: its own, or the output of the Constant node that holds it. */
  nameOf(tensor: number): string;
  /** False where another tensor has the same name: a plan cannot tell them apart. */
  isNamed(tensor: number): boolean;
  /** How many operands read each value: nodes, captures and graph outputs together. */
  readonly uses: ReadonlyMap<string, number>;
  /** Whether a node is computed in the main graph: not in a branch, a body or a function. */
  isMain(node: Node): boolean;
  /** Tensors that are derived of stored ones. */
  readonly folds?: readonly Fold[];
  /** Whether a slice of a tensor that leaves counts as zero, by axis; of tensors that are not named all do. */
  readonly zeros?: ReadonlyMap<number, readonly boolean[]>;
  /** The node that makes a value; undefined where it is stored or given. */
  makerOf(value: string): Node | undefined;
  /** The nodes that read a value, each once. */
  readersOf(value: string): readonly Node[];
}

/**
 * The graph of a model document.
 *
 * errors: GRAPH_INVALID for an empty graph, a value defined twice, an operand that nothing defines, a cycle.
 */
export function readGraph(document: ModelDocument, file: string): Graph {
  const { graph } = document;
  const refuse = (what: string, node?: string): EspalierError =>
    new EspalierError(
      'GRAPH_INVALID',
      what,
      node === undefined ? { file } : { file, node },
      'The file breaks the ONNX rules: export it again, or check it with onnx.checker.',
    );
  if (graph.nodes.length === 0) throw refuse('the graph has no nodes: there is nothing to prune');
  if (graph.outputs.length === 0) throw refuse('the graph has no outputs');

  const expanded = expandModel(document, refuse);
  const { nodes, initializers, stated, sparse } = expanded;
  const maker = new Map<string, number>();
  for (const [index, node] of nodes.entries())
    for (const output of node.outputs) if (output !== '') maker.set(output, index);
  for (const { name } of graph.outputs) {
    if (!maker.has(name) && !expanded.given.has(name) && !initializers.has(name)) {
      throw refuse(`the graph's output "${name}" is made by no node`);
    }
  }
  const names = namesOf(document, expanded);
  const uses = usesOf(nodes, graph.outputs);
  const readers = new Readers(nodes);
  return {
    isMain: ({ graph: own, id, body }) => own === graph.id && id >= 0 && body === undefined,
    file,
    document,
    nodes: inOrder(nodes, maker, (node) =>
      refuse('it feeds itself: the graph has a cycle', `${node.name} (${node.op})`),
    ),
    inputs: graph.inputs.filter((input) => !initializers.has(input.name)),
    outputs: graph.outputs,
    stated,
    sparse,
    initializers,
    uses,
    ...names,
    makerOf: (value) => nodes[maker.get(value) ?? -1],
    readersOf: (value) => readers.of(value),
  };
}

/** The nodes that read each value, once somebody asks. */
class Readers {
  #known: Map<string, Node[]> | undefined;

  constructor(readonly nodes: readonly Node[]) {}

  of(value: string): readonly Node[] {
    this.#known ??= this.#find();
    return this.#known.get(value) ?? [];
  }

  #find(): Map<string, Node[]> {
    const found = new Map<string, Node[]>();
    for (const node of this.nodes)
      for (const name of new Set([...node.inputs, ...node.captures])) {
        const own = found.get(name);
        if (own === undefined) found.set(name, [node]);
        else own.push(node);
      }
    return found;
  }
}

function usesOf(nodes: readonly Node[], outputs: readonly ValueDocument[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  const use = (name: string): void => void uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const node of nodes) for (const operand of [...node.inputs, ...node.captures]) use(operand);
  for (const output of outputs) use(output.name);
  return uses;
}

function namesOf(
  { tensors, graph }: ModelDocument,
  { nodes, held, initializers }: Expanded,
): Pick<Graph, 'constants' | 'nameOf' | 'isNamed'> {
  const constants = new Map<string, TensorDocument>();
  for (const node of nodes) {
    const { value } = node.attributes;
    const [output] = node.outputs;
    if (isConstant(node) && value?.type === 'tensor' && output !== undefined)
      constants.set(output, tensors[value.value]!);
  }
  const nameOf = (tensor: number): string => held.get(tensor) ?? tensors[tensor]!.name;
  const reachable = new Set([
    ...held.keys(),
    ...[...initializers.values()].map(({ id }) => id),
    ...graph.initializers,
  ]);
  const counts = new Map<string, number>();
  for (const id of reachable) counts.set(nameOf(id), (counts.get(nameOf(id)) ?? 0) + 1);
  const isNamed = (tensor: number): boolean =>
    reachable.has(tensor) && nameOf(tensor) !== '' && counts.get(nameOf(tensor)) === 1;
  return { constants, nameOf, isNamed };
}

/** Kahn's algorithm, keeping the file's order wherever it is an order already. */
function inOrder(
  nodes: readonly Node[],
  maker: ReadonlyMap<string, number>,
  cycle: (node: Node) => Error,
): Node[] {
  const waits = nodes.map(() => 0);
  const readers: number[][] = nodes.map(() => []);
  for (const [index, node] of nodes.entries()) {
    for (const operand of new Set([...node.inputs, ...node.captures])) {
      const from = maker.get(operand);
      if (from === undefined) continue;
      waits[index]! += 1;
      readers[from]!.push(index);
    }
  }
  const ordered: Node[] = [];
  const done = nodes.map(() => false);
  const ready = waits.flatMap((count, index) => (count === 0 ? [index] : []));
  for (const index of ready) {
    ordered.push(nodes[index]!);
    done[index] = true;
    for (const reader of readers[index]!) {
      waits[reader]! -= 1;
      if (waits[reader] === 0) ready.push(reader);
    }
  }
  if (ordered.length < nodes.length) throw cycle(nodes[done.indexOf(false)]!);
  return ordered;
}
