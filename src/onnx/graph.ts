import { EspalierError } from '../errors.js';
import type {
  AttributeDocument,
  GraphDocument,
  ModelDocument,
  NodeDocument,
  TensorDocument,
  ValueDocument,
} from '../native/document.js';

/** One node of the main graph, its operands resolved. */
export interface Node {
  readonly id: number;
  /** Its name in the file, or operator and position where it has none. */
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  /** Version of its domain's operator set that the file imports; 0 where the file imports none. */
  readonly opset: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeDocument>>;
  /** Outer values that its sub-graphs read. */
  readonly captures: readonly string[];
  /** Stored tensors in its sub-graphs. */
  readonly innerTensors: readonly number[];
}

/** The main graph: nodes in an order in which every operand is made before it is read. */
export interface Graph {
  readonly file: string;
  readonly document: ModelDocument;
  readonly nodes: readonly Node[];
  readonly inputs: readonly ValueDocument[];
  readonly outputs: readonly ValueDocument[];
  /** Stated types of values by name, inputs and outputs included. */
  readonly stated: ReadonlyMap<string, readonly ValueDocument[]>;
  /** Initializers by name. */
  readonly initializers: ReadonlyMap<string, TensorDocument>;
  /** The name that a plan knows a stored tensor by: its own, or the output of the Constant node that holds it. */
  nameOf(tensor: number): string;
  /** How many operands read each value: nodes, captures and graph outputs together. */
  readonly uses: ReadonlyMap<string, number>;
}

/**
 * The typed graph of a model document.
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

  const opsets = new Map(
    document.opsets.map(({ domain, version }) => [domain === 'ai.onnx' ? '' : domain, version]),
  );
  const initializers = new Map<string, TensorDocument>();
  for (const id of graph.initializers) {
    const tensor = document.tensors[id]!;
    if (initializers.has(tensor.name)) throw refuse(`two initializers are named "${tensor.name}"`);
    initializers.set(tensor.name, tensor);
  }

  const given = new Set([
    ...graph.inputs.map((input) => input.name),
    ...initializers.keys(),
    ...graph.sparseInitializers,
  ]);
  const maker = new Map<string, number>();
  for (const [index, node] of graph.nodes.entries()) {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (maker.has(output) || given.has(output)) throw refuse(`"${output}" is defined twice`, node.name);
      maker.set(output, index);
    }
  }

  const names = new Set<string>();
  const nodes = graph.nodes.map((node, index) => readNode(node, index, opsets, names, document.tensors));
  for (const node of nodes) {
    for (const operand of [...node.inputs, ...node.captures]) {
      if (operand !== '' && !given.has(operand) && !maker.has(operand)) {
        throw refuse(`its operand "${operand}" is defined nowhere`, `${node.name} (${node.op})`);
      }
    }
  }
  for (const output of graph.outputs) {
    if (!given.has(output.name) && !maker.has(output.name)) {
      throw refuse(`the graph's output "${output.name}" is made by no node`);
    }
  }

  const uses = new Map<string, number>();
  const use = (name: string): void => void uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const node of nodes) for (const operand of [...node.inputs, ...node.captures]) use(operand);
  for (const output of graph.outputs) use(output.name);

  const stated = new Map<string, ValueDocument[]>();
  for (const value of [...graph.inputs, ...graph.outputs, ...graph.valueInfos]) {
    const list = stated.get(value.name);
    if (list === undefined) stated.set(value.name, [value]);
    else list.push(value);
  }

  const held = new Map<number, string>();
  for (const node of nodes) {
    const { value } = node.attributes;
    if (node.op === 'Constant' && value?.type === 'tensor') held.set(value.value, node.outputs[0] ?? '');
  }

  return {
    file,
    document,
    nameOf: (tensor) => held.get(tensor) ?? document.tensors[tensor]!.name,
    nodes: inOrder(nodes, maker, (node) =>
      refuse('it feeds itself: the graph has a cycle', `${node.name} (${node.op})`),
    ),
    inputs: graph.inputs.filter((input) => !initializers.has(input.name)),
    outputs: graph.outputs,
    stated,
    initializers,
    uses,
  };
}

function readNode(
  node: NodeDocument,
  index: number,
  opsets: ReadonlyMap<string, number>,
  names: Set<string>,
  tensors: readonly TensorDocument[],
): Node {
  const domain = node.domain === 'ai.onnx' ? '' : node.domain;
  let name = node.name === '' ? `${node.op}_${index}` : node.name;
  while (names.has(name)) name += "'";
  names.add(name);
  const inner = { captures: new Set<string>(), tensors: [] as number[] };
  for (const attribute of Object.values(node.attributes)) {
    const bodies =
      attribute.type === 'graph' ? [attribute.value] : attribute.type === 'graphs' ? attribute.value : [];
    for (const body of bodies) collectBody(body, new Set(), tensors, inner);
  }
  return {
    id: node.id,
    name,
    op: node.op,
    domain,
    opset: opsets.get(domain) ?? 0,
    inputs: node.inputs,
    outputs: node.outputs,
    attributes: node.attributes,
    captures: [...inner.captures],
    innerTensors: inner.tensors,
  };
}

/** What a sub-graph reads from outside, and the tensors stored in it. */
function collectBody(
  body: GraphDocument,
  outer: ReadonlySet<string>,
  tensors: readonly TensorDocument[],
  into: { readonly captures: Set<string>; readonly tensors: number[] },
): void {
  const known = new Set(outer);
  for (const input of body.inputs) known.add(input.name);
  for (const id of body.initializers) known.add(tensors[id]!.name);
  for (const name of body.sparseInitializers) known.add(name);
  for (const node of body.nodes) for (const output of node.outputs) known.add(output);
  into.tensors.push(...body.initializers);
  for (const node of body.nodes) {
    for (const operand of node.inputs) if (operand !== '' && !known.has(operand)) into.captures.add(operand);
    for (const attribute of Object.values(node.attributes)) {
      if (attribute.type === 'tensor') into.tensors.push(attribute.value);
      if (attribute.type === 'graph') collectBody(attribute.value, known, tensors, into);
      if (attribute.type === 'graphs')
        for (const inner of attribute.value) collectBody(inner, known, tensors, into);
    }
  }
  for (const output of body.outputs) if (!known.has(output.name)) into.captures.add(output.name);
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
  // A file in order is walked front to back: the queue is already sorted then, and stays so.
  for (let at = 0; at < ready.length; at++) {
    const index = ready[at]!;
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
