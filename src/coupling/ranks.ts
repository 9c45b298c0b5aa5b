import type { ValueDocument } from '../model/document.js';
import type { Graph, Node } from '../model/graph.js';
import { isConstant } from '../model/structure.js';
import type { AbstractTensor } from './abstractTensor.js';
import type { NodeRanks, RankLaw } from './rankLaw.js';

/** The rank law of a node's operator, if it has one. */
export type Laws = (node: Node) => RankLaw | undefined;

/** What is known of a value: how many axes it has, and of a vector how many elements. */
interface Known {
  readonly rank: number;
  readonly count?: number;
}

/**
 * How many axes values have that no rule could follow, by what stands around them: first by what weights and attributes
 * say, in both directions; where these say nothing, by the shapes that the file states of values. Of a file in which these
 * contradict each other or what is known, none is believed: it was edited and not written anew.
 */
export class Ranks {
  readonly #sure: Propagation;
  #stated: Propagation | undefined;

  constructor(
    readonly graph: Graph,
    readonly laws: Laws,
  ) {
    this.#sure = new Propagation(graph, laws);
    for (const [name, { dims }] of [...graph.initializers, ...graph.constants])
      this.#sure.know(name, { rank: dims.length, ...(dims.length === 1 && { count: dims[0]! }) });
    for (const node of graph.nodes) this.#literal(node);
  }

  /** What the walk knows of a value. */
  know(name: string, { axes }: AbstractTensor): void {
    if (axes === undefined) return;
    const length = axes.length === 1 ? axes[0]!.length : undefined;
    const known = { rank: axes.length, ...(typeof length === 'number' && { count: length }) };
    this.#sure.know(name, known);
    this.#stated?.know(name, known);
  }

  of(name: string): number | undefined {
    const sure = this.#sure.of(name);
    if (sure !== undefined || this.#sure.contradicts(name)) return sure;
    this.#stated ??= this.#withStated();
    return this.#stated.contradictions.length > 0 ? undefined : this.#stated.of(name);
  }

  /** Values of which weights, attributes and what the walk knows say different things. */
  get contradictions(): readonly string[] {
    return this.#sure.contradictions;
  }

  /** Numbers that a Constant states in an attribute. */
  #literal(node: Node): void {
    const [name] = node.outputs;
    if (!isConstant(node) || name === undefined) return;
    const { value_int, value_float, value_ints, value_floats } = node.attributes;
    if (value_int !== undefined || value_float !== undefined) this.#sure.know(name, { rank: 0 });
    for (const list of [value_ints, value_floats])
      if (list?.type === 'ints' || list?.type === 'floats')
        this.#sure.know(name, { rank: 1, count: list.value.length });
  }

  #withStated(): Propagation {
    const found = new Propagation(this.graph, this.laws, this.#sure);
    const shapes = [...this.graph.stated].flatMap(([name, stated]) =>
      stated.flatMap(({ shape }: ValueDocument) => (shape === null ? [] : [[name, shape.length] as const])),
    );
    for (const [name, rank] of shapes) found.know(name, { rank });
    return found;
  }
}

class Propagation {
  readonly #known: Map<string, Known>;
  readonly #contradicted = new Set<string>();
  readonly #around: ReadonlyMap<string, readonly Node[]>;
  readonly #graphOf: ReadonlyMap<string, number>;
  readonly #waiting = new Set<Node>();

  constructor(
    readonly graph: Graph,
    readonly laws: Laws,
    from?: Propagation,
  ) {
    from?.of('');
    this.#known = new Map(from?.knownRanks);
    this.#around = from?.around ?? nodesAround(graph);
    this.#graphOf =
      from?.graphOf ?? new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node.graph])));
    for (const node of graph.nodes) this.#waiting.add(node);
  }

  get knownRanks(): ReadonlyMap<string, Known> {
    return this.#known;
  }

  get around(): ReadonlyMap<string, readonly Node[]> {
    return this.#around;
  }

  get graphOf(): ReadonlyMap<string, number> {
    return this.#graphOf;
  }

  get contradictions(): readonly string[] {
    this.of('');
    return [...this.#contradicted];
  }

  contradicts(name: string): boolean {
    return this.#contradicted.has(name);
  }

  know(name: string, known: Known): void {
    if (name === '' || known.rank < 0 || this.#contradicted.has(name)) return;
    const before = this.#known.get(name);
    if (before !== undefined && before.rank !== known.rank) {
      this.#contradicted.add(name);
      this.#known.delete(name);
      return;
    }
    if (before !== undefined && (before.count ?? known.count) === before.count) return;
    this.#known.set(name, known);
    for (const node of this.#around.get(name) ?? []) this.#waiting.add(node);
  }

  /** The rank of a value, once all that is known has been followed. */
  of(name: string): number | undefined {
    for (const node of this.#waiting) {
      this.#waiting.delete(node);
      this.laws(node)?.(this.#view(node));
    }
    return this.#known.get(name)?.rank;
  }

  #view(node: Node): NodeRanks {
    const known = (name: string | undefined): Known | undefined =>
      name === undefined || name === '' ? undefined : this.#known.get(name);
    const set = (name: string | undefined, rank: number | undefined): void => {
      if (name === undefined || rank === undefined) return;
      // A node in a branch of If may never run, so that its demands on ranks prove nothing of values outside of the branch.
      const home = this.#graphOf.get(name) ?? this.graph.document.graph.id;
      if (home === node.graph) this.know(name, { rank });
    };
    return {
      node,
      input: (index) => known(node.inputs[index])?.rank,
      output: (index) => known(node.outputs[index])?.rank,
      count: (index) => known(node.inputs[index])?.count,
      setInput: (index, rank) => set(node.inputs[index], rank),
      setOutput: (index, rank) => set(node.outputs[index], rank),
    };
  }
}

function nodesAround({ nodes }: Graph): ReadonlyMap<string, readonly Node[]> {
  const around = new Map<string, Node[]>();
  for (const node of nodes)
    for (const name of [...node.inputs, ...node.outputs]) {
      const list = around.get(name);
      if (list === undefined) around.set(name, [node]);
      else list.push(node);
    }
  return around;
}
