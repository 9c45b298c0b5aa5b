import type { Steps } from '../base/steps.js';
import type { AbstractTensor } from './abstractTensor.js';
import type { ParameterAxis } from './axis.js';
import type { Reason } from './reason.js';
import { SEVERAL, type SettledEquations } from './settledEquations.js';
import type { Walk } from './walk.js';

/** The independent lanes on an axis, frozen ones left out. Large models have millions of indices, nearly all of one lane. */
export interface AxisLanes {
  /** By index: its lane; `KEPT` where it always stays; `SEVERAL` where it is a product of lanes. */
  readonly single: Int32Array;
  /** By index: the factors, outermost first, where there are several. */
  readonly products: ReadonlyMap<number, readonly number[]>;
}

/** By axis, the lanes on it. */
export type Atoms = readonly AxisLanes[];

function lanesOf(labels: Int32Array, equations: SettledEquations): AxisLanes {
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
export function each(
  { single, products }: AxisLanes,
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

/** Independent lanes by the group that they are of. */
export interface Partition {
  /** Lanes of each group. */
  readonly members: readonly number[][];
  /** By lane, its group (-1 where it lies on no stored tensor) and its position in that group. */
  readonly groupOf: Int32Array;
  readonly positionOf: Int32Array;
}

const USED_ALONE: Reason = {
  why: 'mismatch',
  node: '',
  text: 'a part of a product of lanes is used alone: cutting both factors could leave nothing of it',
};
const ONLY_COPIES: Reason = {
  why: 'unused',
  node: '',
  text: 'no stored tensor would shrink, only copies of a shared one',
};

/**
 * Groups such that any non-empty part of each leaves something of every axis. `equations`: those given, with lanes kept that no group
 * could lose.
 */
export function* partitionSafely(
  { parameterAxes, tensors }: Walk,
  given: SettledEquations,
): Steps<Partition & { readonly atoms: Atoms; readonly equations: SettledEquations }> {
  const own = parameterAxes.map(({ labels }) => labels);
  const passing = passingLabels(tensors.values(), new Set(own));
  let equations = given;
  for (;;) {
    yield;
    const all: AxisLanes[] = [];
    for (const labels of [...own, ...passing]) {
      all.push(lanesOf(labels, equations));
      yield;
    }
    const atoms: Atoms = all.slice(0, parameterAxes.length);
    const classes = yield* classesOf(all, equations.lanes, (lane) => equations.inexact.has(lane));
    const found = yield* partition(atoms, classes);
    const risky = yield* incompleteProducts(all, found);
    const futile = onlyCopies(atoms, parameterAxes, found);
    if (risky.length + futile.length === 0) return { ...found, atoms, equations };
    equations = equations.keeping([
      [risky.map((lane) => lane + 1), USED_ALONE],
      [futile.map((lane) => lane + 1), ONLY_COPIES],
    ]);
  }
}

/**
 * Lanes of groups of which no stored tensor would shrink, as they lie on copies of shared vectors alone: cutting them would
 * save nothing.
 */
function onlyCopies(atoms: Atoms, axes: readonly ParameterAxis[], { members, groupOf }: Partition): number[] {
  const stored = new Set<number>();
  for (const [index, { use }] of axes.entries()) {
    if (use !== undefined) continue;
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
function passingLabels(tensors: Iterable<AbstractTensor>, known: ReadonlySet<Int32Array>): Int32Array[] {
  const found = new Set<Int32Array>();
  for (const { axes } of tensors) {
    for (const { factors } of axes ?? []) {
      for (const { labels } of factors) if (labels !== undefined && !known.has(labels)) found.add(labels);
    }
  }
  return [...found];
}

/**
 * The most factors of a label that are told apart: a place among them and their number together fit in a byte. Labels of more
 * factors count as alike, which may join groups and is safe.
 */
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
      // Neighbouring lanes mostly have the same class and role, so that the last answer is often the next one too.
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
