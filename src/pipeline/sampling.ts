import type { Analysis } from '../coupling/analysis.js';
import type { Group } from '../coupling/groups.js';
import type { ObservationPoint, ObservationPoints } from '../coupling/observationPoints.js';
import { findObservationPoints, viewOf } from '../coupling/observationPoints.js';
import { largest } from '../runtime/classes.js';
import { isFloat, numbersOf } from '../runtime/dtypes.js';
import type { Tensor } from '../runtime/runtime.js';
import type { SampledRows } from '../scoring/criterion.js';
import type { Block, Columns } from '../statistics/rows.js';
import { columnsOf, RowSampler } from '../statistics/rows.js';
import type { SharedRuns } from './sharedRuns.js';

/** Where some columns of sampled rows come from. */
export interface LaneColumns {
  readonly place: Pick<ObservationPoint, 'value' | 'axis' | 'lanes' | 'outer' | 'inner'>;
  readonly columns: Columns;
}

/** The class that an output names at each of its positions: one column. */
export interface ClassColumn {
  readonly value: string;
  readonly column: number;
}

/** What rows are sampled of. Each source has all columns, side by side in some values, at the same positions. */
export interface Watch {
  readonly sampler: RowSampler;
  readonly sources: readonly (readonly (LaneColumns | ClassColumn)[])[];
}

/** Numbers that are held of all rows together: 256 MB. */
const MOST_NUMBERS = 1 << 26;
/** Fewer rows say nothing. */
const LEAST_ROWS = 256;

/** The number of rows that is wanted, or that fits into memory with this number of columns. */
export const rowsWithin = (wanted: number, columns: number): number =>
  Math.min(wanted, Math.max(LEAST_ROWS, Math.floor(MOST_NUMBERS / Math.max(1, columns))));

/** The most output lanes of a layer that are taken into account; of more, as many at equal distances. */
const MOST_TARGETS = 1024;

/**
 * The values that show a group's lanes together, side by side in each: every one that consumers read and that has all lanes, as
 * each shows them as they are somewhere; else the last that has all; else as many as it takes.
 */
export function sourcesOf(
  { lanes }: Group,
  { all, best, unseen }: ObservationPoints,
): readonly (readonly ObservationPoint[])[] {
  const seen = lanes.length - unseen.length;
  if (seen === 0) return [];
  const distinct = (place: ObservationPoint): Set<number> => new Set(place.lanes.filter((lane) => lane >= 0));
  const whole = (place: ObservationPoint): boolean => distinct(place).size === seen;
  const read = best.filter(whole);
  if (read.length > 0) return read.map((place) => [place]);
  const last = all.findLast(whole);
  if (last !== undefined) return [[last]];
  const covered = new Set<number>();
  const parts = best.filter((place) => {
    const before = covered.size;
    for (const lane of distinct(place)) covered.add(lane);
    return covered.size > before;
  });
  return [parts];
}

/** A group's lanes at the values that show them. */
export const watchLanes = (group: Group, places: ObservationPoints, rows: number, seed: number): Watch => ({
  sampler: new RowSampler(group.lanes.length, rows, seed),
  sources: sourcesOf(group, places).map(laneColumnsOf),
});

/** Columns of lanes that are in a value before this one are left to that one. */
function laneColumnsOf(places: readonly ObservationPoint[]): LaneColumns[] {
  const taken = new Set<number>();
  return places.map((place) => {
    const own = place.lanes.map((lane) => (taken.has(lane) ? -1 : lane));
    for (const lane of own) taken.add(lane);
    return { place, columns: columnsOf(own) };
  });
}

/** A node that reads a group's lanes, and how its rows are made: the group's lanes first, then those that it makes. */
export interface LaneReader {
  readonly node: string;
  readonly value: string;
  /** The output lane of each target. */
  readonly targets: readonly number[];
  watch(rows: number, seed: number): Watch;
}

/** The nodes that multiply a group's lanes by a stored weight and sum over them, and whose output is a value. */
export function laneReadersOf(
  { linearMaps, tensors }: Analysis,
  group: Group,
  { all }: ObservationPoints,
): LaneReader[] {
  const lanes = group.lanes.length;
  return linearMaps.flatMap(({ node, data, axis, output, groups, reals }) => {
    if (reals !== undefined) return [];
    // In a grouped convolution an output sums over the lanes of its own group alone, so that other lanes say nothing of it.
    if (groups !== undefined) return [];
    const place = all.find((candidate) => candidate.value === data && candidate.axis === axis);
    const length = output && tensors.get(output.value)?.axes?.[output.axis]?.length;
    if (place === undefined || output === undefined || typeof length !== 'number') return [];
    const count = Math.min(length, MOST_TARGETS);
    const targets = Array.from({ length: count }, (_, i) => Math.floor((i * length) / count));
    const made = new Int32Array(length).fill(-1);
    for (const [column, target] of targets.entries()) made[target] = column;
    const sources = [
      [
        { place, columns: columnsOf(place.lanes) },
        {
          place: { value: output.value, axis: output.axis, lanes: made, outer: 1, inner: 1 },
          columns: columnsOf(made, lanes),
        },
      ],
    ];
    const watch = (rows: number, seed: number): Watch => ({
      sampler: new RowSampler(lanes + count, rows, seed),
      sources,
    });
    return [{ node: node.name, value: output.value, targets, watch }];
  });
}

/** A group's lanes, and in one more column the class that an output names. */
export const watchWithClass = (
  group: Group,
  places: ObservationPoints,
  output: string,
  rows: number,
  seed: number,
): Watch => ({
  sampler: new RowSampler(group.lanes.length + 1, rows, seed),
  sources: sourcesOf(group, places).map((own) => [
    ...laneColumnsOf(own),
    { value: output, column: group.lanes.length },
  ]),
});

/** An output that may tell classes apart: floats [samples, ..., k], or images [samples, k, height, width]. */
export function classOutput({ graph, tensors }: Analysis): string | undefined {
  return graph.outputs.find(({ name, dtype, shape }) => {
    const dims = tensors.get(name)?.axes?.map(({ length }) => length) ?? shape ?? [];
    const width = dims[classAxis(dims.length)];
    return (
      (dtype === null || dtype === undefined || dtype.startsWith('float')) && dims.length >= 2 && width !== 1
    );
  })?.name;
}

const classAxis = (rank: number): number => (rank === 4 ? 1 : rank - 1);

/**
 * Draws rows of all samples, from one run. What the runtime gives in another shape than the graph says, or as integers, is left out: its
 * rows are missing.
 *
 * returns: how many samples there were.
 * errors: OPTION_INVALID without data, NON_FINITE with the value, and those of data and runtime.
 */
export const sampleRows = (runs: SharedRuns, watches: readonly Watch[]): Promise<number> =>
  runs.observe({
    values: watches.flatMap(({ sources }) => sources.flat().map(shownValue)),
    take: async (batch) => {
      const names = new Set(watches.flatMap(({ sources }) => sources.flat().map(shownValue)));
      const floats = new Map([...names].map((name) => [name, floatsOf(batch.tensors[name]!)]));
      for (const { sampler, sources } of watches) {
        for (const [index, source] of sources.entries()) {
          const blocks = source.map((part) => {
            const data = floats.get(shownValue(part));
            const { dims } = batch.tensors[shownValue(part)]!;
            if (data === undefined) return undefined;
            return 'place' in part
              ? shownBlock(part, data, dims, batch.samples)
              : classBlock(part, data, dims, batch.samples);
          });
          if (blocks.every((block) => block !== undefined))
            sampler.add(batch.from, batch.samples, blocks as Block[], index);
        }
      }
    },
  });

/** What the lanes of groups are at sampled positions, from one run; undefined for a group that no value shows. */
export async function rowsOf(
  runs: SharedRuns,
  analysis: Analysis,
  groups: readonly Group[],
  most: number,
  seed = 0,
): Promise<readonly (SampledRows | undefined)[]> {
  const places = findObservationPoints(analysis);
  const seen = groups.filter((group) => sourcesOf(group, places.get(group)!).length > 0);
  const rows = rowsWithin(
    most,
    seen.reduce((sum, { lanes }) => sum + lanes.length, 0),
  );
  const watches = new Map(seen.map((group) => [group, watchLanes(group, places.get(group)!, rows, seed)]));
  await sampleRows(runs, [...watches.values()]);
  return groups.map((group) => {
    const sampled = watches.get(group)?.sampler.take();
    return sampled === undefined || sampled.rows === 0 ? undefined : sampled;
  });
}

const shownValue = (part: LaneColumns | ClassColumn): string =>
  'place' in part ? part.place.value : part.value;

const floatsOf = (tensor: Tensor): Float32Array | undefined => {
  if (tensor.data instanceof Float32Array) return tensor.data;
  return isFloat(tensor.type) ? Float32Array.from(numbersOf(tensor)) : undefined;
};

function shownBlock(
  { place, columns }: LaneColumns,
  data: Float32Array,
  dims: readonly number[],
  samples: number,
): Block | undefined {
  const view = viewOf({ ...place, readers: [] }, dims);
  if (view === undefined) return undefined;
  const { value, axis, lanes, inner } = place;
  const behind = typeof inner === 'number' ? inner : 1;
  const own = dims[axis]! / lanes.length / behind;
  const lengths = [...dims.slice(0, axis), own, behind, ...dims.slice(axis + 1), columns.times];
  const positions = axis > 0 && dims[0] === samples ? lengths.slice(1) : lengths;
  return { value, data, outer: view.outer, inner: view.inner, columns, lengths: positions };
}

const ONE = Int32Array.of(0);

function classBlock(
  { value, column }: ClassColumn,
  data: Float32Array,
  dims: readonly number[],
  samples: number,
): Block | undefined {
  const axis = classAxis(dims.length);
  const width = dims[axis];
  if (dims.length < 2 || width === undefined || width < 2) return undefined;
  const inner = dims.slice(axis + 1).reduce((all, length) => all * length, 1);
  const outer = data.length / width / inner;
  const classes = new Float32Array(outer * inner);
  const scores = new Float32Array(width);
  for (let position = 0; position < classes.length; position++) {
    const start = Math.floor(position / inner) * width * inner + (position % inner);
    for (let k = 0; k < width; k++) scores[k] = data[start + k * inner]!;
    classes[position] = largest(scores, 0, width);
  }
  const lengths = dims.toSpliced(axis, 1);
  return {
    value,
    data: classes,
    outer: classes.length,
    inner: 1,
    columns: columnsOf(ONE, column),
    lengths: dims[0] === samples ? lengths.slice(1) : lengths,
  };
}
