import type { Steps } from '../base/steps.js';
import type { ParameterAxis } from './axis.js';
import type { Reason, Why } from './reason.js';
import { SEVERAL, type SettledEquations } from './settledEquations.js';
import type { Tensor } from './tensor.js';
import type { OpenWalk } from './walk.js';

/**
 * Lanes that lie on the same axes of stored tensors in the same way, so that any of them can leave without the others. A lane is what
 * has to leave together: a channel in every tensor that makes it or reads it. A criterion scores a group's lanes, a policy decides
 * how many of them stay.
 *
 * For example y = fc(flatten(h + conv2(relu(h)))) with h = conv1(x), x of shape [n, 3, 2, 2], and 4 channels in h:
 *
 *   conv1.weight [4, 3, 3, 3]   conv1.bias [4]
 *   conv2.weight [4, 4, 3, 3]   conv2.bias [4]
 *   fc.weight    [10, 16]       fc.bias    [10]
 *
 * The sum makes channel i of h and channel i of conv2's output one lane, and conv2 reads h, so all of them are one group of 4 lanes,
 * named `conv1` after the first tensor that makes them. It has six slots, one for each axis that shrinks with it:
 *
 *   tensor         axis   the lane of each index                               the axis
 *   conv1.weight   0      [0, 1, 2, 3]                                         makes the lanes
 *   conv1.bias     0      [0, 1, 2, 3]                                         makes the lanes
 *   conv2.weight   0      [0, 1, 2, 3]                                         makes the lanes
 *   conv2.weight   1      [0, 1, 2, 3]                                         reads the lanes (`contracted`)
 *   conv2.bias     0      [0, 1, 2, 3]                                         makes the lanes
 *   fc.weight      1      [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]     reads the lanes (`contracted`)
 *
 * A flattened channel is 2 × 2 columns of fc.weight. When lane 3 leaves, index 3 leaves each axis of conv1 and conv2, and columns 12 to
 * 15 leave fc.weight: conv1.weight becomes [3, 3, 3, 3], conv2.weight [3, 3, 3, 3], both biases [3], fc.weight [10, 12]. Of 430
 * parameters 298 stay. The 3 channels of x and the 10 of y are the model's interface and belong to no group. The group is
 * `exact`: the pruned model answers as the original does with channel 3 of conv1's and conv2's outputs set to zero.
 */
export interface Group {
  /** Named after the first tensor that makes its lanes. */
  readonly id: string;
  /** Independent lanes, in the order in which they first lie on an axis. */
  readonly lanes: readonly number[];
  /** The axes of stored tensors that the lanes lie on, of those that make the lanes and of those that read them. */
  readonly slots: readonly GroupAxis[];
  /** A model pruned of some of the lanes answers as the original does with these lanes set to zero. */
  readonly exact: boolean;
  /** The first node that makes its lanes inexact. */
  readonly inexact?: Reason;
  /** Indices of the groups whose lanes multiply with this one's on some axis, and whether they are the inner factor. */
  readonly factors: ReadonlyMap<number, 'outer' | 'inner'>;
}

/** A slot, seen from one group. */
export interface GroupAxis {
  readonly slot: ParameterAxis;
  /** For each index of the axis: the position in `Group.lanes`, or -1. */
  readonly lanes: Int32Array;
}

/** The independent lanes on an axis, frozen ones left out. Large models have millions of indices, nearly all of one lane. */
interface Lanes {
  /** By index: its lane, `KEPT`, or `SEVERAL`. */
  readonly single: Int32Array;
  /** By index: the factors, outermost first, where there are several. */
  readonly products: ReadonlyMap<number, readonly number[]>;
}

/** One entry for each axis. */
type Atoms = readonly Lanes[];

function lanesOf(labels: Int32Array, equations: SettledEquations): Lanes {
  const single = new Int32Array(labels.length);
  const products = new Map<number, readonly number[]>();
  for (let index = 0; index < labels.length; index++) {
    const atom = equations.atom(labels[index]!);
    single[index] = atom;
    if (atom === SEVERAL) products.set(index, equations.atoms(labels[index]!));
  }
  return { single, products };
}

/** Calls `visit` with every lane on an axis: by index, then by place among the `count` factors of it. */
function each(
  { single, products }: Lanes,
  visit: (lane: number, index: number, place: number, count: number) => void,
): void {
  for (let index = 0; index < single.length; index++) {
    const lane = single[index]!;
    if (lane >= 0) visit(lane, index, 0, 1);
    else if (lane === SEVERAL) {
      const factors = products.get(index)!;
      for (let place = 0; place < factors.length; place++)
        visit(factors[place]!, index, place, factors.length);
    }
  }
}

/**
 * Groups of all lanes that can be cut. Lanes are told apart by which slots they lie on, how often, as which factor, and
 * whether they are exact. Linear in the number of slots and lanes. `equations`: what the walk's come to with lanes frozen that no
 * group could lose.
 */
export function* findingGroups(
  walk: OpenWalk,
): Steps<{ readonly groups: Group[]; readonly equations: SettledEquations }> {
  const { graph, parameterAxes } = walk;
  const { atoms, members, groupOf, positionOf, equations } = yield* partitionSafely(walk);
  const slotsOf = yield* groupSlots(atoms, parameterAxes, groupOf, positionOf, members.length);
  const factorsOf = yield* groupFactors(atoms, groupOf, members.length);
  const name = namer(graph.nodes, graph.nameOf);
  const groups = members.map((own, index): Group => {
    const reason = own.map((lane) => equations.inexact.get(lane)).find((found) => found !== undefined);
    return {
      id: name(slotsOf[index]!),
      lanes: own,
      slots: slotsOf[index]!,
      exact: reason === undefined,
      ...(reason !== undefined && { inexact: reason }),
      factors: factorsOf[index]!,
    };
  });
  return { groups, equations };
}

/** Groups such that any non-empty part of each leaves something of every axis. */
function* partitionSafely({
  lanes,
  parameterAxes,
  tensors,
}: OpenWalk): Steps<Partition & { readonly atoms: Atoms; readonly equations: SettledEquations }> {
  const passing = passingLabels(tensors.values(), new Set(parameterAxes.map((slot) => slot.labels)));
  for (;;) {
    const equations = lanes.equations.settle();
    yield;
    const all: Lanes[] = [];
    for (const labels of [...parameterAxes.map((slot) => slot.labels), ...passing]) {
      all.push(lanesOf(labels, equations));
      yield;
    }
    const atoms: Atoms = all.slice(0, parameterAxes.length);
    const classes = yield* classesOf(all, equations.lanes, (lane) => equations.inexact.has(lane));
    const found = yield* partition(atoms, classes);
    const freeze = (lane: number, why: Why, text: string): void =>
      lanes.equations.freeze(lane + 1, { why, node: '', text });
    const risky = yield* incompleteProducts(all, found);
    for (const lane of risky) {
      freeze(
        lane,
        'mismatch',
        'a part of a product of lanes is used alone: cutting both factors could leave nothing of it',
      );
    }
    const futile = onlyCopies(atoms, parameterAxes, found);
    for (const lane of futile)
      freeze(lane, 'unused', 'no stored tensor would shrink, only copies of a shared one');
    if (risky.length + futile.length === 0) return { ...found, atoms, equations };
  }
}

/** Lanes of groups that lie on nothing but single uses of shared vectors. */
function onlyCopies(
  atoms: Atoms,
  slots: readonly ParameterAxis[],
  { members, groupOf }: Partition,
): number[] {
  const stored = new Set<number>();
  for (const [index, slot] of slots.entries()) {
    if (slot.use !== undefined) continue;
    each(atoms[index]!, (lane) => stored.add(groupOf[lane]!));
  }
  return members.flatMap((lanes, group) => (stored.has(group) ? [] : lanes));
}

/**
 * Axes on which every index is a product of lanes, but not every product is an index: the rows and columns that stay may
 * meet nowhere. Gives the lanes of the shorter factor, which must stay whole.
 */
function* incompleteProducts(atoms: Atoms, { members, groupOf }: Partition): Steps<number[]> {
  const risky = new Set<number>();
  for (const { single, products } of atoms) {
    yield;
    if (products.size < single.length || products.size === 0) continue;
    const cuttable = [...products.values()].map((list) => list.filter((lane) => groupOf[lane] !== -1));
    if (cuttable.some((list) => list.length < 2)) continue;
    const tuples = new Map<string, Set<string>>();
    for (const list of cuttable) {
      const groups = list.map((lane) => groupOf[lane]!).join();
      tuples.set(groups, (tuples.get(groups) ?? new Set()).add(list.join()));
    }
    const complete = [...tuples].some(
      ([groups, found]) =>
        found.size ===
        groups.split(',').reduce((product, group) => product * members[Number(group)]!.length, 1),
    );
    if (complete) continue;
    const places = cuttable[0]!.map((_, place) => new Set(cuttable.flatMap((list) => list[place] ?? [])));
    for (const lane of places.reduce((a, b) => (b.size < a.size ? b : a))) risky.add(lane);
  }
  return [...risky];
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

/** Factors in one label, and their number: more than fits is told apart no further. Two such numbers fit in a byte. */
const MOST_FACTORS = 16;

/** Partition refinement: the class of a lane, by its number, says all that the axes say of it. */
function* classesOf(atoms: Atoms, lanes: number, isInexact: (lane: number) => boolean): Steps<Int32Array> {
  const classOf = new Int32Array(lanes);
  const counts = new Int32Array(lanes);
  const roles = new Uint8Array(lanes);
  let next = 2;
  for (let lane = 0; lane < lanes; lane++) classOf[lane] = isInexact(lane) ? 1 : 0;
  for (const axis of atoms) {
    yield;
    const seen: number[] = [];
    each(axis, (lane, _, place, count) => {
      if (counts[lane] === 0) {
        seen.push(lane);
        roles[lane] = Math.min(place, MOST_FACTORS - 1) * MOST_FACTORS + Math.min(count, MOST_FACTORS - 1);
      }
      counts[lane]! += 1;
    });
    const here = new Map<number, Map<number, number>>();
    let last = { before: -1, role: -1, refined: -1 };
    for (const lane of seen) {
      const before = classOf[lane]!;
      const role = counts[lane]! * MOST_FACTORS ** 2 + roles[lane]!;
      // Neighbours are mostly alike.
      if (before !== last.before || role !== last.role) {
        const split = here.get(before) ?? new Map<number, number>();
        here.set(before, split);
        const refined = split.get(role) ?? next++;
        split.set(role, refined);
        last = { before, role, refined };
      }
      classOf[lane] = last.refined;
      counts[lane] = 0;
    }
  }
  return classOf;
}

interface Partition {
  /** Lanes of each group. */
  readonly members: readonly number[][];
  /** By lane: its group, -1 where it lies on no stored tensor, and its position in it. */
  readonly groupOf: Int32Array;
  readonly positionOf: Int32Array;
}

/** Lanes of one class are a group; groups and lanes are counted in the order in which they first lie on an axis. */
function* partition(atoms: Atoms, classOf: Int32Array): Steps<Partition> {
  const members: number[][] = [];
  const groupOf = new Int32Array(classOf.length).fill(-1);
  const positionOf = new Int32Array(classOf.length);
  const groups = new Map<number, number>();
  for (const axis of atoms) {
    yield;
    each(axis, (lane) => {
      if (groupOf[lane] !== -1) return;
      const group = groups.get(classOf[lane]!) ?? groups.size;
      groups.set(classOf[lane]!, group);
      const own = members[group] ?? [];
      members[group] = own;
      groupOf[lane] = group;
      positionOf[lane] = own.length;
      own.push(lane);
    });
  }
  return { members, groupOf, positionOf };
}

function* groupSlots(
  atoms: Atoms,
  slots: readonly ParameterAxis[],
  groupOf: Int32Array,
  positionOf: Int32Array,
  groups: number,
): Steps<GroupAxis[][]> {
  const result: GroupAxis[][] = Array.from({ length: groups }, () => []);
  for (const [at, axis] of atoms.entries()) {
    yield;
    const here = new Map<number, Int32Array>();
    each(axis, (lane, index) => {
      const group = groupOf[lane]!;
      let map = here.get(group);
      if (map === undefined) {
        map = new Int32Array(axis.single.length).fill(-1);
        here.set(group, map);
      }
      map[index] = positionOf[lane]!;
    });
    for (const [group, lanes] of here) result[group]!.push({ slot: slots[at]!, lanes });
  }
  return result;
}

function* groupFactors(
  atoms: Atoms,
  groupOf: Int32Array,
  groups: number,
): Steps<Map<number, 'outer' | 'inner'>[]> {
  const result = Array.from({ length: groups }, () => new Map<number, 'outer' | 'inner'>());
  for (const { products } of atoms) {
    yield;
    for (const factors of products.values()) {
      for (const [place, lane] of factors.entries()) {
        const own = groupOf[lane]!;
        for (const [other, partner] of factors.entries()) {
          const group = groupOf[partner]!;
          if (group !== own && !result[own]!.has(group))
            result[own]!.set(group, other > place ? 'inner' : 'outer');
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
): (slots: readonly GroupAxis[]) => string {
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
