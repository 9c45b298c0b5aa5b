import { columnsFrom, type Rows } from '../calibration/rows.js';
import { EspalierError } from '../errors.js';
import type { Analysis } from '../lanes/analysis.js';
import type { Group } from '../lanes/groups.js';
import { findPlaces, type GroupPlaces } from '../lanes/places.js';
import type { NativeModel } from '../native/index.js';
import type { LaneGains, PairEstimator } from '../native/tree.js';
import { laneGains, laneGainsOfLabels, pruningTree } from '../native/tree.js';
import { near } from './near.js';
import type { Reader, Watch } from './sampling.js';
import { classOutput, readersOf, rowsWithin, sampleRows, watchLanes, watchWithClass } from './sampling.js';
import { checkTreeOptions, estimatorOf } from './treeOptions.js';
import type { TreeGains, TreeOptions, TreePairs, TreeReport, TreeSample } from './treeTypes.js';

/** Rows that are drawn unless more or fewer are asked for. */
const ROWS = 4096;
/** All pairs are given of so many lanes unless the caller says otherwise: 32,640 numbers. */
const FEW_LANES = 256;
/**
 * The pruning tree of one group, or what its lanes say of their consumers' lanes or of the model's own class.
 *
 * errors: OPTION_INVALID for options, a group that there is not, or one that no value shows; NON_FINITE, and those of data and runtime.
 */
export async function growTree(
  native: NativeModel,
  analysis: Analysis,
  options: TreeOptions,
): Promise<TreeReport> {
  checkTreeOptions(options);
  const group = groupNamed(analysis, options.group);
  const places = findPlaces(analysis).get(group)!;
  const task: Task = { native, analysis, group, places, options, estimator: estimatorOf(options) };
  if (options.variant === 'consumers') return ofConsumers(task);
  return options.variant === 'output' ? ofOutput(task) : ofPairs(task);
}

interface Task {
  readonly native: NativeModel;
  readonly analysis: Analysis;
  readonly group: Group;
  readonly places: GroupPlaces;
  readonly options: TreeOptions;
  readonly estimator: PairEstimator;
}

function groupNamed({ groups, graph }: Analysis, id: string): Group {
  const found = groups.find((group) => group.id === id);
  if (found !== undefined) return found;
  const names = groups.map((group) => group.id);
  throw new EspalierError(
    'OPTION_INVALID',
    `there is no group "${id}"`,
    { file: graph.file },
    names.length === 0
      ? 'Nothing in the model can be pruned: espalier inspect says why.'
      : `Did you mean ${near(id, names, 5).join(', ')}? espalier inspect lists all ${names.length}.`,
  );
}

async function ofPairs(task: Task): Promise<TreePairs> {
  const { group, places, options } = task;
  const lanes = group.lanes.length;
  const watch = watchLanes(group, places, rowsWithin(options.rows ?? ROWS, lanes), options.seed ?? 0);
  const { rows, sample } = await sampled(task, [watch]);
  const { values } = rows[0]!;
  const pairs = options.pairs ?? lanes <= FEW_LANES;
  const tree = await pruningTree({ lanes, values }, task.estimator, { ...options, pairs });
  return {
    ...sample,
    variant: 'pairs',
    pairCount: (lanes * (lanes - 1)) / 2,
    depth: tree.levels.length,
    ...tree,
  };
}

async function ofConsumers(task: Task): Promise<TreeGains> {
  const { analysis, group, places, options } = task;
  const lanes = group.lanes.length;
  const readers = readersOf(analysis, group, places);
  if (readers.length === 0)
    throw new EspalierError(
      'OPTION_INVALID',
      `no layer that reads the group "${group.id}" has an output that a runtime can show`,
      { file: analysis.graph.file },
      'Choose the variant pairs.',
    );
  const columns = readers.reduce((sum, { targets }) => sum + lanes + targets.length, 0);
  const most = rowsWithin(options.rows ?? ROWS, columns);
  const watches = readers.map((reader) => reader.watch(most, options.seed ?? 0));
  const { rows, sample } = await sampled(task, watches);
  const found: LaneGains[] = [];
  for (const [index, { targets }] of readers.entries()) {
    const width = lanes + targets.length;
    const own = columnsFrom(rows[index]!, width, 0, lanes);
    const made = columnsFrom(rows[index]!, width, lanes, width);
    found.push(
      await laneGains(
        { lanes, values: own },
        { lanes: targets.length, values: made },
        task.estimator as Histogram,
        options,
      ),
    );
  }
  return { ...sample, variant: 'consumers', ...together(readers, found, lanes) };
}

type Histogram = PairEstimator & { readonly kind: 'histogram' };

async function ofOutput(task: Task): Promise<TreeGains> {
  const { analysis, group, places, options } = task;
  const output = classOutput(analysis);
  if (output === undefined)
    throw new EspalierError(
      'OPTION_INVALID',
      'the model has no output that tells classes apart',
      { file: analysis.graph.file },
      'Choose the variant pairs or consumers.',
    );
  const lanes = group.lanes.length;
  const most = rowsWithin(options.rows ?? ROWS, lanes + 1);
  const watch = watchWithClass(group, places, output, most, options.seed ?? 0);
  const { rows, sample } = await sampled(task, [watch]);
  const values = columnsFrom(rows[0]!, lanes + 1, 0, lanes);
  const labels = Uint32Array.from(columnsFrom(rows[0]!, lanes + 1, lanes, lanes + 1));
  const gains = await laneGainsOfLabels({ lanes, values }, labels, task.estimator as Histogram, options);
  const reader = { node: '', value: output, targets: [0] };
  return { ...sample, variant: 'output', ...together([reader], [gains], lanes) };
}

/** Means over all targets of all readers; by ratio ascending, then by position. */
function together(
  readers: readonly Pick<Reader, 'node' | 'value' | 'targets'>[],
  found: readonly LaneGains[],
  lanes: number,
): Pick<TreeGains, 'entropies' | 'gains' | 'ratios' | 'best' | 'order' | 'readers'> {
  const all = readers.reduce((sum, { targets }) => sum + targets.length, 0);
  const mean = (of: (gains: LaneGains) => Float64Array, by: (reader: number) => number): Float64Array =>
    Float64Array.from({ length: lanes }, (_, lane) =>
      found.reduce((sum, gains, reader) => sum + of(gains)[lane]! * by(reader), 0),
    );
  const share = (reader: number): number => readers[reader]!.targets.length / all;
  const ratios = mean((gains) => gains.ratios, share);
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
    gains: mean((gains) => gains.gains, share),
    ratios,
    best,
    order: Array.from(ratios.keys()).sort((a, b) => ratios[a]! - ratios[b]! || a - b),
  };
}

/** Runs the model, and says what was seen of it. */
async function sampled(
  { native, analysis, group, places, options, estimator }: Task,
  watches: readonly Watch[],
): Promise<{ readonly rows: readonly Rows[]; readonly sample: TreeSample }> {
  const samples = watches.every(({ sources }) => sources.length > 0)
    ? await sampleRows(native, watches, options)
    : 0;
  const rows = watches.map(({ sampler }) => sampler.take());
  if (rows.some((own) => own.rows === 0))
    throw new EspalierError(
      'OPTION_INVALID',
      `the lanes of the group "${group.id}" lie in no value that a runtime can show`,
      { file: analysis.graph.file },
      'Choose another group: espalier inspect lists them.',
    );
  const values = watches.flatMap(({ sources }) =>
    sources.flatMap((source) => source.flatMap((part) => ('place' in part ? part.place.value : []))),
  );
  return {
    rows,
    sample: {
      group: group.id,
      lanes: group.lanes.length,
      estimator,
      samples,
      rows: rows[0]!.rows,
      values: [...new Set(values)],
      unseen: places.unseen,
    },
  };
}
