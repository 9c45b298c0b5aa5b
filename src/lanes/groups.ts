import type { Slot } from './axis.js';
import type { Reason } from './reason.js';
import type { Walk } from './walk.js';

/** Lanes that touch the same axes in the same way: what a policy ranks and keeps a part of. */
export interface Group {
  /** Named after the first tensor that makes its lanes. */
  readonly id: string;
  /** Independent lanes, in the order in which they first lie on an axis. */
  readonly lanes: readonly number[];
  readonly slots: readonly GroupSlot[];
  readonly exact: boolean;
  /** The first node that makes its lanes inexact. */
  readonly inexact?: Reason;
  /** Indices of the groups whose lanes multiply with this one's on some axis, and whether they are the inner factor. */
  readonly factors: ReadonlyMap<number, 'outer' | 'inner'>;
}

/** A slot, seen from one group. */
export interface GroupSlot {
  readonly slot: Slot;
  /** For each index of the axis: the position in `Group.lanes`, or -1. */
  readonly lanes: Int32Array;
}

/** Independent lanes of each index of a slot; frozen ones left out. */
type Atoms = readonly (readonly number[])[];

/**
 * Groups of all lanes that can be cut. Lanes are told apart by which slots they lie on, how often, as which factor, and
 * whether they are exact. Linear in the number of slots and lanes.
 */
export function findGroups({ graph, lanes, slots }: Walk): Group[] {
  const { equations } = lanes;
  const inexact = lanes.inexactAtoms();
  const atomsOf: Atoms[] = slots.map((slot) => Array.from(slot.labels, (label) => equations.atoms(label)));

  // Partition refinement: a lane's class says all that was seen of it so far.
  const classOf = new Map<number, number>();
  const classes = new Map<string, number>();
  const refine = (lane: number, key: string): void => {
    let next = classes.get(key);
    if (next === undefined) classes.set(key, (next = classes.size));
    classOf.set(lane, next);
  };
  for (const [index, atoms] of atomsOf.entries()) {
    const seen = new Map<number, { count: number; place: number; company: number }>();
    for (const list of atoms) {
      for (const [place, lane] of list.entries()) {
        const known = seen.get(lane);
        if (known === undefined) seen.set(lane, { count: 1, place, company: list.length });
        else known.count += 1;
      }
    }
    for (const [lane, { count, place, company }] of seen) {
      const before = classOf.get(lane) ?? (inexact.has(lane) ? -2 : -1);
      refine(lane, `${before}/${index}/${count}/${place}/${company}`);
    }
  }

  const members = new Map<number, { lanes: number[]; position: Map<number, number> }>();
  const groupOf = new Map<number, { lanes: number[]; position: Map<number, number> }>();
  for (const atoms of atomsOf) {
    for (const list of atoms) {
      for (const lane of list) {
        if (groupOf.has(lane)) continue;
        const key = classOf.get(lane)!;
        let group = members.get(key);
        if (group === undefined) members.set(key, (group = { lanes: [], position: new Map() }));
        group.position.set(lane, group.lanes.length);
        group.lanes.push(lane);
        groupOf.set(lane, group);
      }
    }
  }

  const order = [...members.values()];
  const indexOf = new Map(order.map((group, index) => [group, index]));
  const slotsOf: GroupSlot[][] = order.map(() => []);
  const factorsOf = order.map(() => new Map<number, 'outer' | 'inner'>());
  for (const [index, atoms] of atomsOf.entries()) {
    const here = new Map<number, Int32Array>();
    for (const [position, list] of atoms.entries()) {
      for (const [place, lane] of list.entries()) {
        const group = groupOf.get(lane)!;
        const id = indexOf.get(group)!;
        let map = here.get(id);
        if (map === undefined) here.set(id, (map = new Int32Array(atoms.length).fill(-1)));
        map[position] = group.position.get(lane)!;
        if (list.length > 1) noteFactors(list, place, id, factorsOf[id]!);
      }
    }
    for (const [id, map] of here) slotsOf[id]!.push({ slot: slots[index]!, lanes: map });
  }

  function noteFactors(list: readonly number[], place: number, own: number, into: Map<number, 'outer' | 'inner'>): void {
    for (const [other, lane] of list.entries()) {
      const id = indexOf.get(groupOf.get(lane)!)!;
      if (id !== own && !into.has(id)) into.set(id, other > place ? 'inner' : 'outer');
    }
  }

  const name = namer(graph.nodes, graph.nameOf);
  return order.map((group, index) => {
    const reason = group.lanes.map((lane) => inexact.get(lane)).find((found) => found !== undefined);
    return {
      id: name(slotsOf[index]!),
      lanes: group.lanes,
      slots: slotsOf[index]!,
      exact: reason === undefined,
      ...(reason !== undefined && { inexact: reason }),
      factors: factorsOf[index]!,
    };
  });
}

/** Exporters give folded weights names such as `onnx::Conv_193` or `12`: the node that reads them says more. */
const ANONYMOUS = /^(onnx::|_v_|val_|Constant_)|^\d+$/;

function namer(
  nodes: readonly { readonly name: string; readonly inputs: readonly string[] }[],
  tensorName: (tensor: number) => string,
): (slots: readonly GroupSlot[]) => string {
  const reader = new Map<string, string>();
  for (const node of nodes) for (const input of node.inputs) if (!reader.has(input)) reader.set(input, node.name);
  const taken = new Map<string, number>();
  return (slots) => {
    const maker = slots.find(({ slot }) => !slot.contracted) ?? slots[0]!;
    const tensor = tensorName(maker.slot.tensor);
    const base = (ANONYMOUS.test(tensor) ? reader.get(tensor) : undefined) ?? tensor.replace(/\.(weight|bias)$/, '');
    const count = (taken.get(base) ?? 0) + 1;
    taken.set(base, count);
    return count === 1 ? base : `${base}#${count}`;
  };
}
