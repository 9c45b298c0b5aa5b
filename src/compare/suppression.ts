import type { GraphDocument, ModelDocument, NodeDocument } from '../model/document.js';
import { factsOf } from '../ops/facts.js';

/**
 * Values of the main graph that a non-maximum suppression decides upon (outputs of the model, and all before them), and the floats
 * that it reads: boxes and scores.
 */
export function behindSuppression(document: ModelDocument): ReadonlyMap<string, readonly string[]> {
  const suppresses = suppressing(document);
  if (!document.graph.nodes.some(suppresses)) return new Map();
  return behind(document.graph, suppresses);
}

/** Outputs whose rows may have been put in another order by how large they are: detectors choose their best boxes so. */
export const behindSorting = (document: ModelDocument): ReadonlySet<string> =>
  new Set(behind(document.graph, (node) => factsOf(node).sorts === true).keys());

function behind(
  { nodes, outputs }: GraphDocument,
  chooses: (node: NodeDocument) => boolean,
): ReadonlyMap<string, readonly string[]> {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const found = new Map<string, readonly string[]>();
  for (const { name } of outputs) {
    const seen = new Set<NodeDocument>();
    const reads = new Set<string>();
    const open = [name];
    for (let value = open.pop(); value !== undefined; value = open.pop()) {
      const maker = makers.get(value);
      if (maker === undefined || seen.has(maker)) continue;
      seen.add(maker);
      // Boxes are the first two operands where they are computed; a loop that holds the suppression has its count and
      // condition there.
      if (factsOf(maker).suppresses)
        for (const read of maker.inputs.slice(0, 2)) if (makers.has(read)) reads.add(read);
      open.push(...readsOf(maker));
    }
    if ([...seen].some(chooses)) found.set(name, [...reads]);
  }
  return found;
}

/** Is a node a suppression, or does a graph in it, or the function that it calls, hold one? */
function suppressing({ functions }: ModelDocument): (node: NodeDocument) => boolean {
  const bodies = new Map(functions.map((own) => [`${own.domain}.${own.name}`, own.nodes]));
  const known = new Map<string, boolean>();
  const suppresses = (node: NodeDocument): boolean =>
    factsOf(node).suppresses === true ||
    graphsOf(node).some(({ nodes }) => nodes.some(suppresses)) ||
    calls(node);
  const calls = ({ domain, op }: NodeDocument): boolean => {
    const name = `${domain}.${op}`;
    const before = known.get(name);
    if (before !== undefined) return before;
    known.set(name, false);
    const inside = bodies.get(name)?.some(suppresses) ?? false;
    known.set(name, inside);
    return inside;
  };
  return suppresses;
}

const graphsOf = ({ attributes }: NodeDocument): readonly GraphDocument[] =>
  Object.values(attributes).flatMap((attribute) =>
    attribute.type === 'graph' ? [attribute.value] : attribute.type === 'graphs' ? attribute.value : [],
  );

/** What a node reads, graphs in it included. */
const readsOf = (node: NodeDocument): readonly string[] => [
  ...node.inputs,
  ...graphsOf(node).flatMap(({ nodes, outputs }) => [
    ...nodes.flatMap(readsOf),
    ...outputs.map(({ name }) => name),
  ]),
];
