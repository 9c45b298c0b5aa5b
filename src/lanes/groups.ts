import type { Slot } from './axis.js';
import type { Reason } from './reason.js';
import type { Tensor } from './rule.js';
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

/** Independent lanes of each index of an axis, frozen ones left out; one entry for each axis. */
type Atoms = readonly (readonly (readonly number[])[])[];

/**
 * Groups of all lanes that can be cut. Lanes are told apart by which slots they lie on, how often, as which factor, and
 * whether they are exact. Linear in the number of slots and lanes.
 */
export function findGroups({ graph, lanes, slots, tensors }: Walk): Group[] {
  const inexact = lanes.inexactAtoms();
  const atomsOf = (labels: Int32Array): Atoms[number] =>
    Array.from(labels, (label) => lanes.equations.atoms(label));
  const atoms: Atoms = slots.map((slot) => atomsOf(slot.labels));
  const passing = passingLabels(tensors.values(), new Set(slots.map((slot) => slot.labels)));
  const classOf = classesOf([...atoms, ...passing.map(atomsOf)], (lane) => inexact.has(lane));
  const places = placesOf(atoms, classOf);
  const members = membersOf(places);
  const slotsOf = groupSlots(atoms, slots, places, members.length);
  const factorsOf = groupFactors(atoms, places, members.length);
  const name = namer(graph.nodes, graph.nameOf);
  return members.map((own, index) => {
    const reason = own.map((lane) => inexact.get(lane)).find((found) => found !== undefined);
    return {
      id: name(slotsOf[index]!),
      lanes: own,
      slots: slotsOf[index]!,
      exact: reason === undefined,
      ...(reason !== undefined && { inexact: reason }),
      factors: factorsOf[index]!,
    };
  });
}

/**
 * The labels of axes that no stored tensor has: parts of a split, joined axes. Lanes that lie on different ones are told
 * apart too, so that no axis is ever emptied as long as no group is.
 */
function passingLabels(tensors: Iterable<Tensor>, known: ReadonlySet<Int32Array>): Int32Array[] {
  const found = new Set<Int32Array>();
  for (const { axes } of tensors) {
    for (const { factors } of axes ?? []) {
      for (const { labels } of factors) if (labels !== undefined && !known.has(labels)) found.add(labels);
    }
  }
  return [...found];
}

/** Partition refinement: the class of a lane says all that the slots say of it. */
function classesOf(atoms: Atoms, isInexact: (lane: number) => boolean): ReadonlyMap<number, number> {
  const classOf = new Map<number, number>();
  const classes = new Map<string, number>();
  for (const [slot, lists] of atoms.entries()) {
    const seen = new Map<number, { count: number; readonly place: number; readonly company: number }>();
    for (const list of lists) {
      for (const [place, lane] of list.entries()) {
        const known = seen.get(lane);
        if (known === undefined) seen.set(lane, { count: 1, place, company: list.length });
        else known.count += 1;
      }
    }
    for (const [lane, { count, place, company }] of seen) {
      const before = classOf.get(lane) ?? (isInexact(lane) ? -2 : -1);
      const key = `${before}/${slot}/${count}/${place}/${company}`;
      const next = classes.get(key) ?? classes.size;
      classes.set(key, next);
      classOf.set(lane, next);
    }
  }
  return classOf;
}

/** Which group a lane is in, and at which position; both counted in the order in which lanes first lie on an axis. */
type Places = ReadonlyMap<number, { readonly group: number; readonly position: number }>;

function placesOf(atoms: Atoms, classOf: ReadonlyMap<number, number>): Places {
  const groups = new Map<number, { readonly group: number; lanes: number }>();
  const places = new Map<number, { readonly group: number; readonly position: number }>();
  for (const lists of atoms) {
    for (const list of lists) {
      for (const lane of list) {
        if (places.has(lane)) continue;
        const key = classOf.get(lane)!;
        const group = groups.get(key) ?? { group: groups.size, lanes: 0 };
        groups.set(key, group);
        places.set(lane, { group: group.group, position: group.lanes });
        group.lanes += 1;
      }
    }
  }
  return places;
}

function membersOf(places: Places): number[][] {
  const members: number[][] = [];
  for (const [lane, { group, position }] of places) {
    const own = members[group] ?? [];
    members[group] = own;
    own[position] = lane;
  }
  return members;
}

function groupSlots(atoms: Atoms, slots: readonly Slot[], places: Places, groups: number): GroupSlot[][] {
  const result: GroupSlot[][] = Array.from({ length: groups }, () => []);
  for (const [index, lists] of atoms.entries()) {
    const here = new Map<number, Int32Array>();
    for (const [at, list] of lists.entries()) {
      for (const lane of list) {
        const { group, position } = places.get(lane)!;
        const map = here.get(group) ?? new Int32Array(lists.length).fill(-1);
        here.set(group, map);
        map[at] = position;
      }
    }
    for (const [group, lanes] of here) result[group]!.push({ slot: slots[index]!, lanes });
  }
  return result;
}

function groupFactors(atoms: Atoms, places: Places, groups: number): Map<number, 'outer' | 'inner'>[] {
  const result = Array.from({ length: groups }, () => new Map<number, 'outer' | 'inner'>());
  for (const lists of atoms) {
    for (const list of lists) {
      if (list.length < 2) continue;
      const ids = list.map((lane) => places.get(lane)!.group);
      for (const [place, id] of ids.entries()) {
        for (const [other, partner] of ids.entries()) {
          if (partner !== id && !result[id]!.has(partner))
            result[id]!.set(partner, other > place ? 'inner' : 'outer');
        }
      }
    }
  }
  return result;
}

/** Exporters give folded weights names such as `onnx::Conv_193` or `12`: the node that reads them says more. */
const ANONYMOUS = /^(onnx::|_v_|val_|Constant_)|^\d+$/;

function namer(
  nodes: readonly { readonly name: string; readonly inputs: readonly string[] }[],
  tensorName: (tensor: number) => string,
): (slots: readonly GroupSlot[]) => string {
  const reader = new Map<string, string>();
  for (const node of nodes)
    for (const input of node.inputs) if (!reader.has(input)) reader.set(input, node.name);
  const taken = new Map<string, number>();
  return (slots) => {
    const maker = slots.find(({ slot }) => !slot.contracted) ?? slots[0]!;
    const tensor = tensorName(maker.slot.tensor);
    const base =
      (ANONYMOUS.test(tensor) ? reader.get(tensor) : undefined) ?? tensor.replace(/\.(weight|bias)$/, '');
    const count = (taken.get(base) ?? 0) + 1;
    taken.set(base, count);
    return count === 1 ? base : `${base}#${count}`;
  };
}
