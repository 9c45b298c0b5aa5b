import type { Layer, Site } from '../layers/layers.js';
import type { AttributeDocument, NodeDocument } from '../model/document.js';
import type { NewAttribute, NewNode } from '../model/edits.js';

/**
 * A value that no node of the model gives: W x + b of a node that goes on behind it. A node of its own, put in front of that one, computes
 * it.
 */
export interface Alone {
  readonly value: string;
  /** The node that has it within. */
  readonly within: number;
  readonly node: NewNode;
}

/** What layers answer inside of nodes that fuse more. */
export const aloneOf = (layers: readonly Layer[]): Alone[] =>
  layers.flatMap(({ sites }) => sites.flatMap((site) => alone(site) ?? []));

function alone({ node, fused, output }: Site): Alone | undefined {
  if (fused === undefined || output === undefined) return undefined;
  const { op, domain, operands, without } = fused.alone;
  const kept = Object.entries(node.attributes).filter(([name]) => !without.includes(name));
  return {
    value: output.value,
    within: node.id,
    node: {
      ...{ graph: 0, before: node.id, replaces: false, op, domain, name: output.value },
      ...{ inputs: node.written.slice(0, operands), outputs: [output.value] },
      attributes: kept.flatMap(([name, attribute]) => attributeOf(name, attribute) ?? []),
    },
  };
}

/** A node's attribute for a new one. Undefined where it is no number, text or list of numbers: nodes that multiply have no others. */
export function attributeOf(name: string, attribute: AttributeDocument): NewAttribute | undefined {
  switch (attribute.type) {
    case 'int':
      return { name, kind: 'int', ints: [attribute.value] };
    case 'ints':
      return { name, kind: 'ints', ints: attribute.value };
    case 'float':
      return { name, kind: 'float', floats: [Number(attribute.value)] };
    case 'floats':
      return { name, kind: 'floats', floats: attribute.value.map(Number) };
    case 'string':
      return { name, kind: 'string', text: attribute.value };
    default:
      return undefined;
  }
}

/** All that a node of the graph gives, and what it has within. */
export function madeBy(nodes: ReadonlySet<NodeDocument>, all: readonly Alone[]): Set<string> {
  const ids = new Set([...nodes].map(({ id }) => id));
  return new Set([
    ...[...nodes].flatMap(({ outputs }) => outputs),
    ...all.flatMap(({ within, value }) => (ids.has(within) ? [value] : [])),
  ]);
}
