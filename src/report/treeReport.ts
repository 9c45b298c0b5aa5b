import type { TreeGains, TreeLevel, TreePairs, TreeParent, TreeReport } from '../options/types.js';
import { count, decimal } from './numbers.js';
import { facts, sections, table } from './table.js';

/** How a pruning tree is printed: the terminal's width in characters, and whether long lists are shortened. */
export interface TreeReportOptions {
  readonly width?: number | undefined;
  /** Prints everything, however many lanes there are. */
  readonly all?: boolean;
}

/** The most lanes of which the whole tree is drawn. */
const FEW = 32;
/** Of larger groups: the pairs that are shown of each level, and the lanes at either end of an order. */
const PAIRS = 6;
const ENDS = 16;

/** The pruning tree for people; of a large group the beginning of each level, and how much was left out. */
export function treeReport(report: TreeReport, { width, all = false }: TreeReportOptions = {}): string {
  const whole = all || report.lanes <= FEW;
  return sections(
    overview(report),
    ...(report.variant === 'pairs'
      ? [levels(report, whole, width), report.lanes <= FEW ? drawing(report) : undefined]
      : [gains(report, whole, width)]),
    order(report, whole),
  );
}

const bits = (value: number): string => decimal(value, 3);

function overview(report: TreeReport): string {
  const { estimator, values, entropies, lanes } = report;
  const shown = values.length > 3 ? [...values.slice(0, 3), `${values.length - 3} more`] : values;
  const sorted = entropies.toSorted();
  return facts([
    [
      'group',
      report.variant === 'pairs'
        ? `${report.group}: ${lanes} lanes, ${report.pairCount} pairs, ${report.depth} levels`
        : `${report.group}: ${lanes} lanes`,
    ],
    ['seen at', `${shown.join(', ')}; ${report.rows} rows of ${report.samples} samples`],
    [
      'estimator',
      estimator.kind === 'gaussian'
        ? `Gaussian, in ${estimator.bins} steps of the range`
        : `joint histograms, ${estimator.bins} bins of ${estimator.binning === 'equal' ? 'equal width' : 'equally many values'}, ${
            estimator.range === 'group' ? 'the same for all lanes' : 'for each lane its own'
          }${estimator.millerMadow ? ', corrected by Miller and Madow' : ''}`,
    ],
    [
      'I(y)',
      `${bits(sorted[0] ?? 0)} to ${bits(sorted.at(-1) ?? 0)} bits, median ${bits(sorted[sorted.length >> 1] ?? 0)}`,
    ],
    ...(report.variant === 'pairs' ? [] : readers(report)),
    ...(report.unseen.length > 0
      ? [['unseen', `${report.unseen.length} lanes lie in no value, and count as constant`] as const]
      : []),
  ]);
}

function readers({ variant, readers: all }: TreeGains): (readonly [string, string])[] {
  if (variant === 'output') return [['judged by', `the class that ${all[0]!.value} names`]];
  return all.map(({ node, targets }, index) => [
    index === 0 ? 'judged by' : '',
    `${targets} output lanes of ${node}`,
  ]);
}

/** Each level's pairs, the one that shares most first. */
function levels({ levels: all }: TreePairs, whole: boolean, width?: number): string | undefined {
  if (all.length === 0) return undefined;
  const rows = all.flatMap(({ parents, alone }, index) => {
    const shown = whole ? parents : parents.slice(0, PAIRS);
    const level = String(index + 1);
    const left = parents.length - shown.length;
    return [
      ...shown.map((parent) => [level, ...pairRow(parent)]),
      ...(left > 0 ? [[level, `… ${left} more`]] : []),
      ...(alone === undefined ? [] : [[level, `${alone} alone`]]),
    ];
  });
  const right = true;
  return table(
    [
      { head: 'level', right },
      { head: 'kept', right },
      { head: 'deleted', right },
      { head: 'shared', right },
      { head: 'I(x)', right },
      { head: 'gains', right },
      { head: 'gain ratios', right },
      { head: 'cost', right },
    ],
    rows.map((row) => [...row, ...Array<string>(8 - row.length).fill('')]),
    width,
  );
}

const pairRow = ({ kept, deleted, mutual, entropy, gain, ratio, cost }: TreeParent): string[] => [
  String(kept),
  String(deleted),
  bits(mutual),
  bits(entropy),
  `${bits(gain.kept)} > ${bits(gain.deleted)}`,
  `${bits(ratio.kept)} > ${bits(ratio.deleted)}`,
  bits(cost),
];

/** From the root down: what is kept stands above what is deleted. */
function drawing({ levels: all, order: lanes }: TreePairs): string | undefined {
  const root = lanes.at(-1);
  if (all.length === 0 || root === undefined) return undefined;
  const lines = [`${root} stays`];
  const grow = (lane: number, level: number, prefix: string): void => {
    const parent = parentOf(all, lane, level);
    if (parent === undefined) return;
    const { deleted, at } = parent;
    lines.push(`${prefix}├─ ${lane} kept`);
    grow(lane, at - 1, `${prefix}│  `);
    lines.push(`${prefix}└─ ${deleted} deleted, costs ${bits(parent.cost)} bits`);
    grow(deleted, at - 1, `${prefix}   `);
  };
  grow(root, all.length, '');
  return lines.join('\n');
}

/** The topmost pair at or below a level (counted from 1) that a lane was kept in. */
function parentOf(
  all: readonly TreeLevel[],
  lane: number,
  level: number,
): { readonly deleted: number; readonly cost: number; readonly at: number } | undefined {
  for (let at = level; at >= 1; at--) {
    const found = all[at - 1]!.parents.find(({ kept }) => kept === lane);
    if (found !== undefined) return { deleted: found.deleted, cost: found.cost, at };
  }
  return undefined;
}

function gains(report: TreeGains, whole: boolean, width?: number): string {
  const { order: lanes, entropies, gains: all, ratios, best, readers: by, variant } = report;
  const row = (lane: number): string[] => [
    String(lane),
    bits(entropies[lane]!),
    bits(all[lane]!),
    bits(ratios[lane]!),
    ...(variant === 'output'
      ? []
      : [`${best[lane]!.target} of ${by[best[lane]!.reader]!.node}`, bits(best[lane]!.ratio)]),
  ];
  const left = lanes.length - 2 * ENDS;
  const empty = Array<string>(variant === 'output' ? 3 : 5).fill('');
  const rows =
    whole || left <= 0
      ? lanes.map(row)
      : [...lanes.slice(0, ENDS).map(row), [`… ${count(left)}`, ...empty], ...lanes.slice(-ENDS).map(row)];
  const right = true;
  return table(
    [
      { head: 'lane', right },
      { head: 'I(y)', right },
      { head: 'gain', right },
      { head: 'gain ratio', right },
      ...(variant === 'output' ? [] : [{ head: 'says most of' }, { head: 'ratio', right }]),
    ],
    rows,
    width,
  );
}

function order({ order: lanes, variant }: TreeReport, whole: boolean): string {
  const by = variant === 'pairs' ? 'level, then cost' : 'gain ratio';
  const left = lanes.length - 2 * ENDS;
  const text =
    whole || left <= 0
      ? lanes.join(' ')
      : `${lanes.slice(0, ENDS).join(' ')} … ${left} more … ${lanes.slice(-ENDS).join(' ')}`;
  return `leave in this order (${by}): ${text}`;
}
