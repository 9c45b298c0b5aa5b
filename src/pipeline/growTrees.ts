import { command, EspalierError, option, text } from '../base/errors.js';
import type { Analysis } from '../coupling/analysis.js';
import type { Group } from '../coupling/groups.js';
import { findObservationPoints, type ObservationPoints } from '../coupling/observationPoints.js';
import type { NativeModel } from '../native/index.js';
import type { LaneGains, PairEstimator } from '../native/pruningTree.js';
import { laneGains, laneGainsOfLabels, pruningTree } from '../native/pruningTree.js';
import { checkTree } from '../options/checks.js';
import { estimatorOf, FEW_LANES } from '../options/growing.js';
import type { OpenedTreeOptions } from '../options/opened.js';
import type { TreeGains, TreePairs, TreeReport, TreeSample } from '../options/treeTypes.js';
import { near } from '../schema/near.js';
import { estimationOptions } from '../scoring/estimation.js';
import { columnsFrom, type LaneRows } from '../statistics/rows.js';
import type { LaneReader, Watch } from './sampling.js';
import {
  classOutput,
  laneReadersOf,
  rowsWithin,
  sampleRows,
  sourcesOf,
  watchLanes,
  watchWithClass,
} from './sampling.js';
import { SharedRuns } from './sharedRuns.js';

/**
 * The pruning tree of one group, or what its lanes say of their consumers' lanes or of the model's own class.
 *
 * errors: OPTION_INVALID for options, a group that there is not, or one that no value shows; NON_FINITE, and those of data and runtime.
 */
export async function growTree(
  native: NativeModel,
  analysis: Analysis,
  options: OpenedTreeOptions,
): Promise<TreeReport> {
  checkTree(options);
  const group = groupNamed(analysis, options.group);
  const task = taskOf(analysis, group, findObservationPoints(analysis).get(group)!, options);
  if (task instanceof EspalierError) throw task;
  const [report] = await carriedOut(new SharedRuns(native, options, undefined), [task], options);
  if (report === undefined) throw unseen(analysis, group);
  return report;
}

/** Those of many groups, from one run over the samples. Undefined: no value shows a group, or what its lanes are judged by. */
export async function growTrees(
  runs: SharedRuns,
  analysis: Analysis,
  groups: readonly Group[],
  options: Omit<OpenedTreeOptions, 'group'>,
): Promise<readonly (TreeReport | undefined)[]> {
  checkTree(options);
  const places = findObservationPoints(analysis);
  const tasks = groups.map((group) => taskOf(analysis, group, places.get(group)!, options));
  const possible = tasks.filter((task): task is TreeTask => !(task instanceof EspalierError));
  const [refused] = tasks;
  if (possible.length === 0 && (options.variant ?? 'pairs') !== 'pairs' && refused instanceof EspalierError)
    throw refused;
  const reports = new Map(
    (await carriedOut(runs, possible, options)).map((report, i) => [possible[i], report]),
  );
  return tasks.map((task) => (task instanceof EspalierError ? undefined : reports.get(task)));
}

/** What one group needs, and what is made of it. */
interface TreeTask {
  readonly group: Group;
  readonly places: ObservationPoints;
  /** Of all rows together. */
  readonly columns: number;
  watches(rows: number): readonly Watch[];
  report(rows: readonly LaneRows[], sample: TreeSample, options: TaskOptions): Promise<TreeReport>;
}

type TaskOptions = Omit<OpenedTreeOptions, 'group'>;
type HistogramEstimator = PairEstimator & { readonly kind: 'histogram' };

function taskOf(
  analysis: Analysis,
  group: Group,
  places: ObservationPoints,
  options: TaskOptions,
): TreeTask | EspalierError {
  const { variant = 'pairs', seed = 0 } = options;
  if (sourcesOf(group, places).length === 0) return unseen(analysis, group);
  if (variant === 'consumers') return consumersTask(analysis, group, places, seed);
  if (variant === 'output') return outputTask(analysis, group, places, seed);
  const lanes = group.lanes.length;
  return {
    group,
    places,
    columns: lanes,
    watches: (rows) => [watchLanes(group, places, rows, seed)],
    report: ([rows], sample, own) => ofPairs(rows!, sample, own),
  };
}

async function ofPairs({ values }: LaneRows, sample: TreeSample, options: TaskOptions): Promise<TreePairs> {
  const { lanes, estimator } = sample;
  const pairs = options.pairs ?? lanes <= FEW_LANES;
  const tree = await pruningTree({ lanes, values }, estimator, { ...options, pairs });
  return {
    ...sample,
    variant: 'pairs',
    pairCount: (lanes * (lanes - 1)) / 2,
    depth: tree.levels.length,
    ...tree,
  };
}

function consumersTask(
  analysis: Analysis,
  group: Group,
  places: ObservationPoints,
  seed: number,
): TreeTask | EspalierError {
  const lanes = group.lanes.length;
  const readers = laneReadersOf(analysis, group, places);
  if (readers.length === 0)
    return new EspalierError(
      'OPTION_INVALID',
      `no layer that reads the group "${group.id}" has an output that a runtime can show`,
      { file: analysis.graph.file },
      text`Choose ${option('variant', 'pairs')}.`,
    );
  return {
    group,
    places,
    columns: readers.reduce((sum, { targets }) => sum + lanes + targets.length, 0),
    watches: (rows) => readers.map((reader) => reader.watch(rows, seed)),
    report: async (rows, sample, options) => {
      const found: LaneGains[] = [];
      for (const [index, { targets }] of readers.entries()) {
        const width = lanes + targets.length;
        const own = { lanes, values: columnsFrom(rows[index]!, width, 0, lanes) };
        const made = { lanes: targets.length, values: columnsFrom(rows[index]!, width, lanes, width) };
        found.push(await laneGains(own, made, sample.estimator as HistogramEstimator, options));
      }
      return { ...sample, variant: 'consumers', ...together(readers, found, lanes) };
    },
  };
}

function outputTask(
  analysis: Analysis,
  group: Group,
  places: ObservationPoints,
  seed: number,
): TreeTask | EspalierError {
  const lanes = group.lanes.length;
  const output = classOutput(analysis);
  if (output === undefined)
    return new EspalierError(
      'OPTION_INVALID',
      'the model has no output that tells classes apart',
      { file: analysis.graph.file },
      text`Choose ${option('variant', 'pairs')} or ${option('variant', 'consumers')}.`,
    );
  return {
    group,
    places,
    columns: lanes + 1,
    watches: (rows) => [watchWithClass(group, places, output, rows, seed)],
    report: async ([rows], sample, options) => {
      const values = columnsFrom(rows!, lanes + 1, 0, lanes);
      const labels = Uint32Array.from(columnsFrom(rows!, lanes + 1, lanes, lanes + 1));
      const estimator = sample.estimator as HistogramEstimator;
      const gains = await laneGainsOfLabels({ lanes, values }, labels, estimator, options);
      const reader = { node: '', value: output, targets: [0] };
      return { ...sample, variant: 'output', ...together([reader], [gains], lanes) };
    },
  };
}

/** Means over all targets of all readers; by ratio ascending, then by position. */
function together(
  readers: readonly Pick<LaneReader, 'node' | 'value' | 'targets'>[],
  found: readonly LaneGains[],
  lanes: number,
): Pick<TreeGains, 'entropies' | 'gains' | 'ratios' | 'best' | 'order' | 'readers'> {
  const all = readers.reduce((sum, { targets }) => sum + targets.length, 0);
  const mean = (of: (gains: LaneGains) => Float64Array, share: (reader: number) => number): Float64Array =>
    Float64Array.from({ length: lanes }, (_, lane) =>
      found.reduce((sum, gains, reader) => sum + of(gains)[lane]! * share(reader), 0),
    );
  const byTargets = (reader: number): number => readers[reader]!.targets.length / all;
  const ratios = mean((gains) => gains.ratios, byTargets);
  const best = Array.from({ length: lanes }, (_, lane) => {
    const reader = found.reduce((a, gains, b) => (gains.most[lane]! > found[a]!.most[lane]! ? b : a), 0);
    const { most, targets } = found[reader]!;
    return { reader, target: readers[reader]!.targets[targets[lane]!]!, ratio: most[lane]! };
  });
  return {
    readers: readers.map(({ node, value, targets }) => ({ node, value, targets: targets.length })),
    entropies: mean(
      (gains) => gains.entropies,
      () => 1 / readers.length,
    ),
    gains: mean((gains) => gains.gains, byTargets),
    ratios,
    best,
    order: Array.from(ratios.keys()).sort((a, b) => ratios[a]! - ratios[b]! || a - b),
  };
}

/** Runs the model once, and makes of each task's rows its report; none where the runtime showed no rows. */
async function carriedOut(
  runs: SharedRuns,
  tasks: readonly TreeTask[],
  options: TaskOptions,
): Promise<readonly (TreeReport | undefined)[]> {
  const columns = tasks.reduce((sum, task) => sum + task.columns, 0);
  const most = rowsWithin(options.rows ?? estimationOptions.rows.default, columns);
  const watched = tasks.map((task) => ({ task, watches: task.watches(most) }));
  const samples = await sampleRows(
    runs,
    watched.flatMap(({ watches }) => watches),
  );
  const estimator = estimatorOf(options);
  const reports: (TreeReport | undefined)[] = [];
  for (const { task, watches } of watched) {
    const rows = watches.map(({ sampler }) => sampler.take());
    const { group, places } = task;
    const sample: TreeSample = {
      group: group.id,
      lanes: group.lanes.length,
      estimator,
      samples,
      rows: rows[0]!.rows,
      values: valuesOf(watches),
      unseen: places.unseen,
    };
    const shown = rows.every((own) => own.rows > 0);
    reports.push(shown ? await task.report(rows, sample, options) : undefined);
  }
  return reports;
}

const valuesOf = (watches: readonly Watch[]): string[] => [
  ...new Set(
    watches.flatMap(({ sources }) =>
      sources.flatMap((source) => source.flatMap((part) => ('place' in part ? part.place.value : []))),
    ),
  ),
];

function groupNamed({ groups, graph }: Analysis, id: string): Group {
  const found = groups.find((group) => group.id === id);
  if (found !== undefined) return found;
  const names = groups.map((group) => group.id);
  throw new EspalierError(
    'OPTION_INVALID',
    `there is no group "${id}"`,
    { file: graph.file },
    names.length === 0
      ? text`Nothing in the model can be pruned: ${command.inspect} says why.`
      : text`Did you mean ${near(id, names, 5).join(', ')}? ${command.inspect} lists all ${names.length}.`,
  );
}

const unseen = ({ graph }: Analysis, { id }: Group): EspalierError =>
  new EspalierError(
    'OPTION_INVALID',
    `the lanes of the group "${id}" lie in no value that a runtime can show`,
    { file: graph.file },
    text`Choose another group: ${command.inspect} lists them.`,
  );
