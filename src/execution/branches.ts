import type { Analysis } from '../coupling/analysis.js';
import type { Dataset } from '../data/dataset.js';
import type { GraphDocument, NodeDocument } from '../model/document.js';
import { type Edits, NO_EDITS } from '../model/edits.js';
import type { Graph, Node } from '../model/graph.js';
import { type LaidOut, layOut, resolve, type Taken } from '../model/layOut.js';
import { BRANCHES, isIf } from '../model/structure.js';
import { type NativeModel, type NativeOptions, openBytes } from '../native/index.js';
import { quietly } from '../native/quietly.js';
import type { Runtime } from '../runtime/runtime.js';
import { activations } from './activations.js';

/** A model as it is computed on samples: each If of which all samples take the same branch is replaced by that branch. */
export interface Computed {
  /** Takes edits of the original, and leaves out those of branches that are not taken. */
  readonly native: NativeModel;
  /** The original's, with the graph that is computed; ids of nodes and tensors are the original's. */
  readonly analysis: Analysis;
}

/** The largest model whose branches are laid out, in bytes: it is copied in memory. */
const MOST_BYTES = 1024 ** 3;
/** The first IR version of ONNX in which initializers need not be inputs of their graph too. */
const FREE_INITIALIZERS = 4;

/**
 * Lays out the branches that samples take: what is not decided by lengths alone is asked of the samples, one depth of branches after the
 * other. An If that some samples take one way and some the other stays.
 */
export async function computedOn(
  native: NativeModel,
  analysis: Analysis,
  dataset: Dataset,
  runtime: Runtime,
  options: NativeOptions & { readonly samples?: number },
): Promise<Computed> {
  const { document } = analysis.graph;
  const tooLarge = document.bytes + document.externalBytes > MOST_BYTES;
  const asked = branching(document.graph);
  if (asked.length === 0 || tooLarge || document.irVersion < FREE_INITIALIZERS) return { native, analysis };
  const bytes = await native.saveToBytes(NO_EDITS, quietly(options));
  const taken = new Map<number, number>();
  const mixed = new Set<number>();
  for (;;) {
    const laid = await opened(bytes, analysis, taken, options);
    const open = laid.document.graph.nodes.filter(
      (node) => isIf(node) && !mixed.has(node.id) && !hasSparse(node),
    );
    if (open.length === 0) return taken.size === 0 ? { native, analysis } : laid.computed;
    const found = await sides(open, analysis, laid.computed.native, dataset, runtime, options);
    for (const { id } of open) {
      const side = found.get(id);
      if (side === undefined) mixed.add(id);
      else taken.set(id, side);
    }
  }
}

/** The Ifs of a graph, not those inside of them. */
const branching = ({ nodes }: GraphDocument): readonly NodeDocument[] => nodes.filter(isIf);

const hasSparse = ({ attributes }: NodeDocument): boolean =>
  Object.values(attributes).some((own) => own.type === 'graph' && own.value.sparseInitializers.length > 0);

/** The branch that every sample takes, of each If whose samples agree. */
async function sides(
  nodes: readonly NodeDocument[],
  { tensors }: Analysis,
  native: NativeModel,
  dataset: Dataset,
  runtime: Runtime,
  options: NativeOptions & { readonly samples?: number },
): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  const unknown: NodeDocument[] = [];
  for (const node of nodes) {
    const now = tensors.get(node.inputs[0]!)?.values?.elements[0]?.before;
    if (typeof now === 'number') found.set(node.id, now === 0 ? 1 : 0);
    else unknown.push(node);
  }
  const conditions = unknown.map(({ inputs }) => inputs[0]!);
  const seen = new Map(conditions.map((name) => [name, new Set<number>()]));
  const { samples } = options;
  const own = { ...quietly(options), ...(samples !== undefined && { samples }) };
  for await (const { tensors: given } of activations(native, conditions, dataset, runtime, own))
    for (const name of conditions)
      seen.get(name)!.add(Number((given[name]!.data as ArrayLike<number>)[0]) === 0 ? 1 : 0);
  for (const { id, inputs } of unknown) {
    const [side, other] = seen.get(inputs[0]!)!;
    if (side !== undefined && other === undefined) found.set(id, side);
  }
  return found;
}

interface OpenedBranches {
  readonly document: Graph['document'];
  readonly computed: Computed;
}

async function opened(
  bytes: Uint8Array,
  analysis: Analysis,
  taken: Taken,
  options: NativeOptions,
): Promise<OpenedBranches> {
  const laid = layOut(bytes, analysis.graph, taken);
  const flat = await openBytes(laid.bytes, quietly(options));
  const pairs = new Pairs(analysis.graph, laid, flat.describe());
  const { nodes, identities } = nodesOf(analysis.graph, taken);
  const document = pairs.document(identities);
  const here = new Set(document.graph.nodes.map(({ id }) => id));
  const left = new Set(nodes);
  const graph: Graph = {
    ...analysis.graph,
    document,
    nodes,
    uses: usesOf(nodes, analysis.graph),
    isMain: ({ id, body }) => body === undefined && here.has(id),
  };
  const mine = <T extends { readonly node: Node }>(all: readonly T[]): T[] =>
    all.filter(({ node }) => left.has(node));
  return {
    document,
    computed: {
      native: flat.under((edits) => pairs.translated(edits)),
      analysis: {
        ...analysis,
        graph,
        linear: new Set([...analysis.linear, ...identities.values()]),
        linearMaps: mine(analysis.linearMaps),
        scalings: mine(analysis.scalings),
        activationProducts: mine(analysis.activationProducts),
        recurrences: mine(analysis.recurrences),
      },
    },
  };
}

/** The nodes that are left, and those that join what a branch ends in with what the If gives, by that value. */
function nodesOf(
  graph: Graph,
  taken: Taken,
): { readonly nodes: readonly Node[]; readonly identities: ReadonlyMap<string, Node> } {
  const idle = new Set<number>();
  const leave = (own: GraphDocument): void => {
    idle.add(own.id);
    for (const node of own.nodes)
      for (const attribute of Object.values(node.attributes)) {
        if (attribute.type === 'graph') leave(attribute.value);
        if (attribute.type === 'graphs') attribute.value.forEach(leave);
      }
  };
  for (const { id, attributes } of graph.nodes) {
    const side = taken.get(id);
    const other = side === undefined ? undefined : attributes[BRANCHES[1 - side]!];
    if (other?.type === 'graph') leave(other.value);
  }
  let next = Math.max(...graph.nodes.map(({ id }) => id)) + 1;
  const identities = new Map<string, Node>();
  const nodes = graph.nodes.flatMap((node): Node[] => {
    if (idle.has(node.graph)) return [];
    const side = node.body === undefined ? taken.get(node.id) : undefined;
    if (side === undefined) return [node];
    return node.outputs.flatMap((output, i) => {
      const end = node.inputs[1 + side * node.outputs.length + i]!;
      if (output === '') return [];
      const shape = {
        op: 'Identity',
        domain: '',
        opset: node.opset,
        attributes: {},
        captures: [],
        innerTensors: [],
      };
      const names = { inputs: [end], outputs: [output], written: [end], writtenOutputs: [output] };
      const own: Node = { ...shape, ...names, id: next++, name: `${node.name}/${i}`, graph: 0 };
      identities.set(output, own);
      return [own];
    });
  });
  return { nodes, identities };
}

/** How often each value is read once branches are laid out; a stored tensor is still read by branches that are not taken. */
function usesOf(nodes: readonly Node[], graph: Graph): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const { inputs, captures } of nodes)
    for (const name of [...inputs, ...captures]) uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const { name } of graph.outputs) uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const name of [...graph.initializers.keys(), ...graph.constants.keys()])
    uses.set(name, graph.uses.get(name) ?? 0);
  return uses;
}

/** Pairs the ids of nodes and tensors of a model with those of the same model with some branches laid out. */
class Pairs {
  readonly #nodes = new Map<number, number>();
  readonly #tensors = new Map<number, number>();
  readonly #values = new Map<number, number>();
  readonly #own: Graph['document'];

  constructor(
    readonly graph: Graph,
    readonly laid: LaidOut,
    readonly flat: Graph['document'],
  ) {
    this.#own = graph.document;
    const [own, main] = [this.#own.graph, flat.graph];
    for (const [i, node] of laid.nodes.entries()) if (node !== undefined) this.#pair(node, main.nodes[i]!);
    for (const id of main.initializers) {
      const tensor = graph.initializers.get(flat.tensors[id]!.name);
      if (tensor !== undefined) this.#tensors.set(tensor.id, id);
    }
    for (const kind of ['inputs', 'outputs', 'valueInfos'] as const)
      for (const [i, value] of own[kind].entries()) this.#values.set(value.id, main[kind][i]!.id);
  }

  #pair(own: NodeDocument, other: NodeDocument): void {
    this.#nodes.set(own.id, other.id);
    for (const [name, attribute] of Object.entries(own.attributes)) {
      const found = other.attributes[name];
      if (attribute.type === 'tensor' && found?.type === 'tensor')
        this.#tensors.set(attribute.value, found.value);
      if (attribute.type === 'graph' && found?.type === 'graph') this.#inner(attribute.value, found.value);
      if (attribute.type === 'graphs' && found?.type === 'graphs')
        for (const [i, graph] of attribute.value.entries()) this.#inner(graph, found.value[i]!);
    }
  }

  #inner(own: GraphDocument, other: GraphDocument): void {
    for (const [i, id] of own.initializers.entries()) this.#tensors.set(id, other.initializers[i]!);
    for (const [i, node] of own.nodes.entries()) this.#pair(node, other.nodes[i]!);
  }

  /** The document of the model that is computed, under the original's ids. */
  document(identities: ReadonlyMap<string, Node>): Graph['document'] {
    const { laid, flat } = this;
    const nodes = flat.graph.nodes.map((node, i) => {
      const id = laid.nodes[i]?.id ?? identities.get(node.outputs[0]!)!.id;
      this.#nodes.set(id, node.id);
      return { ...node, id };
    });
    const original = new Map([...this.#tensors].map(([own, other]) => [other, own]));
    const tensors = this.#own.tensors.map((tensor) => {
      const other = this.#tensors.get(tensor.id);
      return other === undefined ? tensor : { ...tensor, name: flat.tensors[other]!.name };
    });
    const initializers = flat.graph.initializers.flatMap((id) => original.get(id) ?? []);
    return { ...this.#own, graph: { ...flat.graph, nodes, initializers }, tensors };
  }

  /** Edits of the original, as edits of the model that is computed. */
  translated(edits: Edits): Edits {
    const scopes = new Map(this.#scopes());
    const named = (node: number, name: string): string => resolve(scopes.get(node), name);
    const at = <K extends string, T extends Readonly<Record<K, number>>>(
      ids: ReadonlyMap<number, number>,
      key: K,
      all: readonly T[],
    ): T[] =>
      all.flatMap((own) => {
        const id = ids.get(own[key]);
        return id === undefined ? [] : [{ ...own, [key]: id }];
      });
    const { part, contents, outputs, metadata, literals } = edits;
    const inputs = edits.inputs.map((own) => ({ ...own, name: named(own.node, own.name) }));
    const nodes = edits.nodes.map((own) => ({
      ...{ ...own, graph: 0 },
      inputs: own.inputs.map((name) => named(own.before, name)),
      outputs: own.outputs.map((name) => named(own.before, name)),
    }));
    const ids = (map: ReadonlyMap<number, number>, all: readonly number[]): number[] =>
      all.flatMap((id) => map.get(id) ?? []);
    return {
      selections: at(this.#tensors, 'tensor', edits.selections),
      integers: at(this.#tensors, 'tensor', edits.integers),
      copies: at(this.#tensors, 'tensor', edits.copies).map((own) => ({ ...own, graph: 0 })),
      literals: literals.map((own) => ({ ...own, graph: 0 })),
      attributes: at(this.#nodes, 'node', edits.attributes),
      inputs: at(this.#nodes, 'node', inputs),
      nodes: at(this.#nodes, 'before', nodes),
      valueInfos: at(this.#values, 'value', edits.valueInfos),
      metadata,
      ...(contents && { contents: at(this.#tensors, 'tensor', contents) }),
      ...(outputs && { outputs }),
      ...(part && {
        part: { ...part, nodes: ids(this.#nodes, part.nodes), tensors: ids(this.#tensors, part.tensors) },
      }),
    };
  }

  /** The scopes of graphs that are laid out, by the node that held each. */
  *#scopes(): Generator<[number, LaidOut['scopes'] extends ReadonlyMap<number, infer S> ? S : never]> {
    for (const { id, graph } of this.graph.nodes) {
      const scope = this.laid.scopes.get(graph);
      if (scope !== undefined) yield [id, scope];
    }
  }
}
