import type { Layer, WeightUse } from '../layers/layers.js';
import type { AttributeDocument, NodeDocument } from '../model/document.js';
import type { Edits, NewAttribute, NewNode } from '../model/edits.js';
import type { NativeModel } from '../native/index.js';

/**
 * A value that no node of the model gives: W x + b of a node that goes on behind it, or an output that the file leaves without a name. A node
 * of its own, put in front of that one, computes it.
 */
export interface UnfusedValue {
  readonly value: string;
  /** The id of the node that computes it inside. */
  readonly within: number;
  readonly node: NewNode;
}

/** What layers answer inside of nodes that fuse more, and states that nodes feed back without showing them. */
export function unfusedValuesOf(layers: readonly Layer[]): UnfusedValue[] {
  const all = layers.flatMap(({ uses }) => uses.flatMap((use) => unnamed(use) ?? alone(use) ?? []));
  return [...new Map(all.map((own) => [own.value, own])).values()];
}

/** A model of which such values can be asked for as others can. */
export const showing = (native: NativeModel, all: readonly UnfusedValue[]): NativeModel =>
  all.length === 0
    ? native
    : native.under((edits) => {
        const asked = new Set([
          ...(edits.outputs ?? []).map(({ name }) => name),
          ...(edits.part?.outputs ?? []),
        ]);
        const added = all.flatMap(({ value, node }) => (asked.has(value) ? [edited(node, edits)] : []));
        return added.length === 0 ? edits : { ...edits, nodes: [...edits.nodes, ...added] };
      });

/** The node with what is done to the one that it stands in front of, or in the place of. */
export function edited(node: NewNode, { inputs, attributes }: Pick<Edits, 'inputs' | 'attributes'>): NewNode {
  const operands = [...node.inputs];
  for (const { node: id, index, name } of inputs)
    if (id === node.before && index < operands.length) operands[index] = name;
  const changed = new Map(node.attributes.map((own) => [own.name, own]));
  for (const { node: id, ...own } of attributes)
    if (id === node.before && changed.has(own.name)) changed.set(own.name, own);
  return { ...node, inputs: operands, attributes: [...changed.values()] };
}

function unnamed({ node, data, feedsBack = false }: WeightUse): UnfusedValue | undefined {
  if (!feedsBack || node.outputs.includes(data)) return undefined;
  const attributes = Object.entries(node.attributes);
  return {
    value: data,
    within: node.id,
    node: {
      ...{ graph: 0, before: node.id, replaces: false, op: node.op, domain: node.domain, name: data },
      ...{ inputs: node.written, outputs: [data] },
      attributes: attributes.flatMap(([name, attribute]) => attributeOf(name, attribute) ?? []),
    },
  };
}

function alone({ node, fused, output }: WeightUse): UnfusedValue | undefined {
  if (fused === undefined || output === undefined) return undefined;
  const { op, domain, operands, without, ignores } = fused.alone;
  const kept = Object.entries(node.attributes).filter(([name]) => !without.includes(name));
  return {
    value: output.value,
    within: node.id,
    node: {
      ...{ graph: 0, before: node.id, replaces: false, op, domain, name: output.value },
      ...{ inputs: node.written.slice(0, operands), outputs: [output.value] },
      attributes: [
        ...kept.flatMap(([name, attribute]) => attributeOf(name, attribute) ?? []),
        ...(ignores === undefined ? [] : [{ name: ignores, kind: 'float', floats: [0] } as const]),
      ],
    },
  };
}

/** A node's attribute for a new one. Undefined where it is no number, text or list of these: nodes that multiply have no others. */
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
    case 'strings':
      return { name, kind: 'strings', texts: attribute.value };
    default:
      return undefined;
  }
}

/** All that a node of the graph gives, and what it has within. */
export function madeBy(nodes: ReadonlySet<NodeDocument>, all: readonly UnfusedValue[]): Set<string> {
  const ids = new Set([...nodes].map(({ id }) => id));
  return new Set([
    ...[...nodes].flatMap(({ outputs }) => outputs),
    ...all.flatMap(({ within, value }) => (ids.has(within) ? [value] : [])),
  ]);
}
