import { fleetingNodes } from '../compare/standIns.js';
import type { GraphDocument, ModelDocument, NodeDocument } from '../model/document.js';
import type { Part } from '../model/edits.js';
import { madeBy, type UnfusedValue } from './unfusedValues.js';

/**
 * A model's main graph in the order in which it is computed, part by part: what is needed for some values is computed
 * from what is there, and what later parts read is kept.
 */
export class SubgraphPartition {
  readonly #makers = new Map<string, NodeDocument>();
  readonly #reads = new Map<NodeDocument, readonly string[]>();
  readonly #stored: ReadonlyMap<string, number>;
  /** Nodes that some output of the model needs. */
  readonly #needed: ReadonlySet<NodeDocument>;
  readonly #neededIds: ReadonlySet<number>;
  /**
   * Nodes whose outputs are no tensors, so that a runtime cannot hand them over. Every part that reads one computes it again.
   */
  readonly #fleeting: ReadonlySet<NodeDocument>;

  /** `alone`: values within nodes that can be asked for too. */
  constructor(
    readonly document: ModelDocument,
    readonly alone: readonly UnfusedValue[] = [],
  ) {
    const { graph, tensors } = document;
    this.#fleeting = fleetingNodes(document);
    for (const node of graph.nodes)
      for (const output of node.outputs) if (output !== '') this.#makers.set(output, node);
    const byId = new Map(graph.nodes.map((node) => [node.id, node]));
    for (const { value, within } of alone) this.#makers.set(value, byId.get(within)!);
    for (const node of graph.nodes) this.#reads.set(node, readsOf(node));
    this.#stored = new Map(graph.initializers.map((id) => [tensors[id]!.name, id]));
    this.#needed = this.between(
      graph.outputs.map(({ name }) => name),
      new Set(),
    );
    this.#neededIds = new Set([...this.#needed].map(({ id }) => id));
  }

  /** Nodes that make these values and are not done yet. `given`: values that nobody need make. */
  between(
    values: readonly string[],
    done: ReadonlySet<NodeDocument>,
    given: ReadonlySet<string> = NOTHING,
  ): Set<NodeDocument> {
    const found = new Set<NodeDocument>();
    const open = [...values];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      const maker = given.has(name) ? undefined : this.#makers.get(name);
      if (maker === undefined || found.has(maker)) continue;
      if (done.has(maker) && !this.#fleeting.has(maker)) continue;
      found.add(maker);
      open.push(...this.#reads.get(maker)!);
    }
    return found;
  }

  /** Values that done nodes, or the outside, have made and that nodes which are not done will read. */
  live(done: ReadonlySet<NodeDocument>): Set<string> {
    const live = new Set<string>();
    const again = new Set<NodeDocument>();
    const read = (node: NodeDocument): void => {
      for (const name of this.#reads.get(node)!) {
        const maker = this.#makers.get(name);
        if (maker === undefined ? !this.isInput(name) : !done.has(maker)) continue;
        if (maker === undefined || !this.#fleeting.has(maker)) live.add(name);
        else if (!again.has(maker)) {
          again.add(maker);
          read(maker);
        }
      }
    };
    for (const node of this.#needed) if (!done.has(node)) read(node);
    return live;
  }

  /** Whether some output of the model needs this node: what only others need is not kept for them. */
  needs(node: number): boolean {
    return this.#neededIds.has(node);
  }

  /** What these nodes read. */
  reads(nodes: ReadonlySet<NodeDocument>): Set<string> {
    return new Set([...nodes].flatMap((node) => this.#reads.get(node)!));
  }

  isInput(name: string): boolean {
    return !this.#stored.has(name) && this.document.graph.inputs.some((input) => input.name === name);
  }

  makerOf(value: string): NodeDocument | undefined {
    return this.#makers.get(value);
  }

  /** All values that these nodes can give. */
  madeBy(nodes: ReadonlySet<NodeDocument>): Set<string> {
    return madeBy(nodes, this.alone);
  }

  /** Whether what some uses read is made behind one of them. */
  feeds(uses: readonly { readonly node: { readonly id: number }; readonly data: string }[]): boolean {
    const own = new Set(uses.map(({ node }) => node.id));
    const before = this.between(
      uses.map(({ data }) => data),
      new Set(),
    );
    return uses.length > 1 && [...before].some(({ id }) => own.has(id));
  }

  /** The part that consists of these nodes: gives `outputs` from values that there are, whose types these are. */
  part(
    nodes: ReadonlySet<NodeDocument>,
    outputs: readonly string[],
    typeOf: (value: string) => string | undefined,
  ): Part {
    const read = new Set([...nodes].flatMap((node) => this.#reads.get(node)!));
    const made = new Set([...nodes].flatMap((node) => node.outputs));
    const inputs = [...read].flatMap((name) => {
      if (made.has(name) || this.#stored.has(name)) return [];
      const dtype = typeOf(name);
      return dtype === undefined ? [] : [{ name, dtype }];
    });
    const { tensors } = this.document;
    const needed = (name: string): boolean => read.has(name) || outputs.includes(name);
    // A derived tensor is an initializer of the part, in place of the tensors that it is derived of.
    const derived = [...this.#stored.values()].flatMap((id) => tensors[id]!.derived ?? []);
    return {
      nodes: [
        ...this.document.graph.nodes.filter((node) => !nodes.has(node)).map(({ id }) => id),
        ...new Set(derived.flatMap((own) => own.nodes)),
      ],
      tensors: [
        ...[...this.#stored].flatMap(([name, id]) =>
          needed(name) || tensors[id]!.derived !== undefined ? [] : [id],
        ),
        ...new Set(derived.flatMap((own) => own.tensors)),
      ],
      inputs,
      outputs,
      folded: [...this.#stored].flatMap(([name, tensor]) =>
        needed(name) && tensors[tensor]!.derived !== undefined ? [{ tensor, name }] : [],
      ),
    };
  }
}

const NOTHING: ReadonlySet<string> = new Set();

/** Every name that a node, or a graph in it, reads; of inner graphs, names of their own too. */
function readsOf(node: NodeDocument): readonly string[] {
  const names = new Set(node.inputs.filter((name) => name !== ''));
  const inner = (graph: GraphDocument): void => {
    for (const own of graph.nodes) for (const name of readsOf(own)) names.add(name);
    for (const output of graph.outputs) names.add(output.name);
  };
  for (const attribute of Object.values(node.attributes)) {
    if (attribute.type === 'graph') inner(attribute.value);
    if (attribute.type === 'graphs') attribute.value.forEach(inner);
  }
  return [...names];
}
