import type { Graph, Node } from '../model/graph.js';
import { isConstant } from '../model/structure.js';
import type { OpenedModel } from './opened.js';

type Shown = Pick<OpenedModel, 'graph' | 'analysis'>;

/** The nodes that a report shows, each after all that it reads, and along paths: what follows another node stands close to it. */
export function shownNodes(shown: Shown): readonly Node[] {
  const { graph } = shown;
  const ordered: Node[] = [];
  const begun = new Set(besideData(shown));
  // From the outputs back: a node is done when all that it reads is.
  for (const end of graph.nodes.toReversed()) {
    const stack = begun.has(end) ? [] : [end];
    while (stack.length > 0) {
      const node = stack.at(-1)!;
      begun.add(node);
      const before = makersOf(graph, node).find((maker) => !begun.has(maker));
      if (before !== undefined) stack.push(before);
      else ordered.push(stack.pop()!);
    }
  }
  return ordered;
}

const makersOf = (graph: Graph, { inputs, captures }: Node): readonly Node[] =>
  [...inputs, ...captures].flatMap((value) => graph.makerOf(value) ?? []);

/**
 * Nodes that compute what follows from stored tensors and lengths alone, without multiplying anything by weights: exporters write many, and
 * the graph of what becomes of data is seen better without them.
 */
function besideData({ graph, analysis }: Shown): ReadonlySet<Node> {
  const known = new Set([...graph.initializers.keys(), ...graph.constants.keys()]);
  const measuring = new Set([...analysis.measuring].map(({ name }) => name));
  const working = new Set(analysis.work.map(({ node }) => node.name));
  const found = new Set<Node>();
  for (const node of graph.nodes) {
    const { name, inputs, captures, outputs } = node;
    const follows =
      inputs.length > 0 && captures.length === 0 && inputs.every((own) => own === '' || known.has(own));
    if (!isConstant(node) && !measuring.has(name) && !(follows && !working.has(name))) continue;
    found.add(node);
    for (const output of outputs) known.add(output);
  }
  return found;
}

/** The first of these nodes that reads a value, or what is made of it by others. -1 where none does. */
export function readerOf(graph: Graph, value: string, at: ReadonlyMap<Node, number>): number {
  const seen = new Set([value]);
  let first = -1;
  for (const name of seen)
    for (const node of graph.readersOf(name)) {
      const place = at.get(node);
      if (place === undefined) for (const output of node.outputs) seen.add(output);
      else if (first < 0 || place < first) first = place;
    }
  return first;
}
