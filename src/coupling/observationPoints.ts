import type { Dim } from '../model/dim.js';
import { product } from '../model/dim.js';
import type { Graph } from '../model/graph.js';
import type { Analysis } from './analysis.js';
import type { Axis, ParameterAxis } from './axis.js';
import type { Group, GroupAxis } from './groups.js';
import type { SettledEquations } from './settledEquations.js';
import type { Walk } from './walk.js';

/** One axis of a value of the main graph, computed from data, that carries lanes of a group. */
export interface ObservationPoint {
  readonly value: string;
  /** Counted from the front. */
  readonly axis: number;
  /** For each index of the factor that carries them: the position in `Group.lanes`, or -1. */
  readonly lanes: Int32Array;
  /** Lengths of the factors before and behind it on that axis; they may be open. */
  readonly outer: Dim;
  readonly inner: Dim;
  /** Stored weights that a node contracts with this value over the group's lanes: what makes something of them. */
  readonly readers: readonly GroupAxis[];
}

/** Where a group's lanes lie in what a model computes. */
export interface ObservationPoints {
  /** In the graph's order. */
  readonly all: readonly ObservationPoint[];
  /**
   * What shows them best. What consumers read, so after the non-linearity: a lane that several read, at each of these
   * values. Lanes that no stored weight is contracted with: the last values that carry them.
   */
  readonly best: readonly ObservationPoint[];
  /** Positions in `Group.lanes` of lanes that no value shows. */
  readonly unseen: readonly number[];
}

/**
 * Where the lanes of each group lie in values that depend on data: what a runtime can show of them. A label that is a
 * product (heads × dims) counts for each of its lanes. Values that are known to be integers are left out, and what lies
 * in the body of a function, of a loop or a branch cannot be seen.
 */
export function findObservationPoints(analysis: Analysis): ReadonlyMap<Group, ObservationPoints> {
  const { groups, equations, tensors } = analysis;
  const seen = seenValues(analysis);
  const readers = readersOf(analysis, seen);
  const positions = new Positions(equations, groups);
  const found: ObservationPoint[][] = groups.map(() => []);
  for (const value of seen) {
    for (const [axis, own] of (tensors.get(value)?.axes ?? []).entries()) {
      for (const [place, { labels }] of own.factors.entries()) {
        if (labels === undefined) continue;
        for (const [group, carried] of positions.of(labels)) {
          found[group]!.push({
            value,
            axis,
            lanes: carried,
            ...around(own, place),
            readers: (readers.get(value) ?? []).flatMap((axis) =>
              groups[group]!.axes.filter(({ parameterAxis }) => parameterAxis === axis),
            ),
          });
        }
      }
    }
  }
  return new Map(groups.map((group, index) => [group, placesAmong(group, found[index]!)]));
}

/**
 * A tensor of these dims seen about a place's lanes, [outer, n, inner]; undefined where the dims do not fit, or where
 * lengths on both sides are open on its axis.
 */
export function viewOf(
  { axis, lanes, outer, inner }: ObservationPoint,
  dims: readonly number[],
): { readonly outer: number; readonly n: number; readonly inner: number } | undefined {
  const length = dims[axis];
  if (length === undefined) return undefined;
  const behind = typeof inner === 'number' ? inner : length / lanes.length / Number(outer);
  const before = length / lanes.length / behind;
  if (!Number.isInteger(behind) || !Number.isInteger(before)) return undefined;
  if (typeof outer === 'number' && outer !== before) return undefined;
  const multiply = (lengths: readonly number[]): number => lengths.reduce((a, b) => a * b, 1);
  return {
    outer: multiply(dims.slice(0, axis)) * before,
    n: lanes.length,
    inner: behind * multiply(dims.slice(axis + 1)),
  };
}

/** Floating-point values of the main graph that depend on its inputs, in order. */
function seenValues({ graph, tensors }: Walk): ReadonlySet<string> {
  const fromData = new Set(graph.inputs.map(({ name }) => name));
  for (const node of graph.nodes) {
    if ([...node.inputs, ...node.captures].some((name) => fromData.has(name)))
      for (const output of node.outputs) if (output !== '') fromData.add(output);
  }
  const main = new Set(graph.document.graph.nodes.flatMap(({ outputs }) => outputs));
  for (const { name } of graph.inputs) main.add(name);
  const isFloat = (name: string): boolean => {
    const dtype = tensors.get(name)?.dtype ?? statedType(graph, name);
    return dtype === undefined || dtype.startsWith('float') || dtype === 'bfloat16';
  };
  return new Set([...fromData].filter((name) => main.has(name) && isFloat(name)));
}

const statedType = (graph: Graph, name: string): string | undefined =>
  graph.stated.get(name)?.[0]?.dtype ?? undefined;

/** By value: axes of stored tensors that nodes contract with it, or with another of their operands. */
function readersOf(
  { graph, tensors, parameterAxes }: Walk,
  seen: ReadonlySet<string>,
): ReadonlyMap<string, ParameterAxis[]> {
  const contractedAt = new Map(
    parameterAxes.flatMap((axis) => (axis.contracted ? [[axis.labels, axis]] : [])),
  );
  const readers = new Map<string, ParameterAxis[]>();
  for (const node of graph.nodes) {
    const contracted = node.inputs
      .filter((name) => !seen.has(name))
      .flatMap((name) => tensors.get(name)?.axes ?? [])
      .flatMap(({ factors }) =>
        factors.flatMap(({ stored }) => (stored && contractedAt.get(stored.labels)) ?? []),
      );
    if (contracted.length === 0) continue;
    for (const name of new Set(node.inputs)) {
      if (seen.has(name)) readers.set(name, [...(readers.get(name) ?? []), ...contracted]);
    }
  }
  return readers;
}

const around = ({ factors }: Axis, place: number): Pick<ObservationPoint, 'outer' | 'inner'> => ({
  outer: product(factors.slice(0, place).map(({ length }) => length)),
  inner: product(factors.slice(place + 1).map(({ length }) => length)),
});

/** For the labels of a factor, each group's positions. Axes share their labels, so that most is asked for many times. */
class Positions {
  readonly #groupOf: Int32Array;
  readonly #positionOf: Int32Array;
  readonly #known = new Map<Int32Array, ReadonlyMap<number, Int32Array>>();

  constructor(
    readonly equations: SettledEquations,
    groups: readonly Group[],
  ) {
    this.#groupOf = new Int32Array(equations.lanes).fill(-1);
    this.#positionOf = new Int32Array(equations.lanes);
    for (const [index, { lanes }] of groups.entries()) {
      for (const [position, lane] of lanes.entries()) {
        this.#groupOf[lane] = index;
        this.#positionOf[lane] = position;
      }
    }
  }

  of(labels: Int32Array): ReadonlyMap<number, Int32Array> {
    const known = this.#known.get(labels);
    if (known !== undefined) return known;
    const found = new Map<number, Int32Array>();
    for (const [index, label] of labels.entries()) {
      for (const lane of this.equations.atoms(label)) {
        const group = this.#groupOf[lane]!;
        if (group === -1) continue;
        const positions = found.get(group) ?? new Int32Array(labels.length).fill(-1);
        found.set(group, positions);
        positions[index] = this.#positionOf[lane]!;
      }
    }
    this.#known.set(labels, found);
    return found;
  }
}

function placesAmong(group: Group, all: readonly ObservationPoint[]): ObservationPoints {
  const unseen = new Set(group.lanes.keys());
  const shows = ({ lanes }: ObservationPoint): number =>
    new Set(lanes.filter((lane) => unseen.has(lane))).size;
  const best: ObservationPoint[] = [];
  const take = (place: ObservationPoint): void => {
    best.push(place);
    for (const lane of place.lanes) unseen.delete(lane);
  };
  for (const place of all) if (place.readers.length > 0) take(place);
  // Lanes that no weight reads: one value that carries all of them, or as few values as cover them. Later values are
  // preferred, as they lie behind the non-linearity.
  const rest = all.toReversed();
  while (unseen.size > 0) {
    const most = Math.max(0, ...rest.map(shows));
    const next = most === 0 ? undefined : rest.find((place) => shows(place) === most);
    if (next === undefined) break;
    take(next);
  }
  return { all, best: all.filter((place) => best.includes(place)), unseen: [...unseen] };
}
