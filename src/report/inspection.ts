import type { FrozenReport, GroupReport, Inspection, ValueReport } from '../options/types.js';
import { type Alike, foldAlike, nameOfAll, skeletonOf } from './alike.js';
import { lengthsReport } from './lengths.js';
import { bytes, count, macs, percent, share } from './numbers.js';
import { facts, sections, table } from './table.js';
import { warningLines } from './warnings.js';

/** How much of an inspection is printed. */
export interface InspectionShown {
  /** Columns of the terminal. */
  readonly width?: number | undefined;
  /** Every group by itself; by default groups that are alike but for the numbers in their names share a row. */
  readonly all?: boolean;
  /** Also what the words and columns mean. */
  readonly explained?: boolean;
}

/** What is in a model, what of it can be pruned, and why the rest cannot. */
export function inspectionReport(
  inspection: Inspection,
  { width, all = false, explained = false }: InspectionShown = {},
): string {
  const { groups, frozen } = inspection;
  return sections(
    overview(inspection),
    groups.length > 0 ? groupsTable(inspection, all, width) : 'Nothing in it can be pruned.',
    explained && groups.length > 0 ? facts(groupWords(groups)) : undefined,
    frozenTable(frozen, width),
    explained && frozen.length > 0 ? facts(FROZEN_WORDS) : undefined,
    warningLines(inspection.warnings),
  );
}

/** What stands in the table of groups, for somebody who sees it for the first time. */
const GROUP_WORDS: readonly (readonly [string, string])[] = [
  [
    'group',
    'what can only leave together: channels that a residual sum ties, neurons of a layer, heads of an attention',
  ],
  [
    'lanes',
    'how many channels, neurons or heads there are in it; one lane is one of them, with all weights that belong to it',
  ],
  [
    'parameters',
    'those that would leave with all of its lanes; neighbours share some, so the column sums up to more than there are',
  ],
  ['share', 'of all parameters of the model'],
  ['tensors', 'stored tensors that become smaller'],
  [
    'exact',
    'removing a lane gives what zeros in all of its weights would give; else a mean or a norm over lanes changes too',
  ],
  ['one axis with', 'both lie on one axis, as heads and their dims do; a policy cuts one of them'],
  ['{0-11}', 'groups that are alike but for these numbers, in one row; --all prints each'],
];

/** Those of the columns that there are. */
const groupWords = (groups: readonly GroupReport[]): readonly (readonly [string, string])[] =>
  GROUP_WORDS.filter(
    ([word]) => word !== 'one axis with' || groups.some(({ factors }) => factors.length > 0),
  );

/** The same of what is frozen. */
const FROZEN_WORDS: readonly (readonly [string, string])[] = [
  ['frozen', 'why indices of stored tensors stay whole; `espalier operators` lists what is followed'],
  ['axes', 'how many axes of stored tensors are held by it'],
  ['indices', 'how many positions on these axes'],
  ['node', 'the first node that makes it so'],
];

function overview(inspection: Inspection): string {
  const { size, shares, opsets, lengths } = inspection;
  const opset = opsets
    .map(({ domain, version }) => `${domain === '' ? 'ai.onnx' : domain} ${version}`)
    .join(', ');
  const assumed = lengthsReport(lengths);
  const inexact = shares.inexact > 0 ? ` (${percent(shares.exact)} exactly)` : '';
  return facts([
    ['model', inspection.file],
    ['made by', inspection.producer === '' ? '-' : inspection.producer],
    ['format', `IR ${inspection.irVersion}, opset ${opset}, ${inspection.nodes} nodes`],
    ['size', `${count(size.params)} parameters, ${macs(size.macs)}, ${bytes(size.bytes)}`],
    ...(assumed === undefined ? [] : [['assumed', assumed] as const]),
    ['inputs', values(inspection.inputs)],
    ['outputs', values(inspection.outputs)],
    ['prunable', `${percent(shares.prunable)} of the parameters${inexact}, frozen ${percent(shares.frozen)}`],
    ...gain(inspection),
  ]);
}

const values = (reports: readonly ValueReport[]): string =>
  reports.map(({ name, dtype, shape }) => `${name} ${dtype} [${shape.join(', ')}]`).join('; ');

/** What can be gained, and how to begin. */
function gain({ halved, size, file }: Inspection): [string, string][] {
  if (halved === undefined) return [];
  const left = `${share(halved.params, size.params)} of ${count(size.params)} parameters`;
  const work = size.macs > 0 ? ` and ${share(halved.macs, size.macs)} of ${macs(size.macs)}` : '';
  return [
    ['to gain', `with half of all channels, neurons and heads gone about ${left}${work} are left`],
    ['start with', `espalier prune ${file} -o small.onnx --macs 0.5 --data SAMPLES`],
  ];
}

function groupsTable({ groups, size }: Inspection, all: boolean, width?: number): string {
  const factors = groups.some((group) => group.factors.length > 0);
  const inexact = groups.some((group) => group.inexact !== undefined);
  const rows = all ? groups.map((group) => ({ name: group.id, all: [group] as const })) : folded(groups);
  return table(
    [
      { head: 'group', wraps: true },
      { head: 'lanes', right: true },
      { head: 'parameters', right: true },
      { head: 'share', right: true },
      { head: 'tensors', right: true },
      { head: 'exact' },
      ...(factors ? [{ head: 'one axis with', wraps: true }] : []),
      ...(inexact ? [{ head: 'not exact because', wraps: true }] : []),
    ],
    rows.map(({ name, all: [group, ...others] }) => {
      const times = others.length + 1;
      const params = group.params * times;
      return [
        name,
        times === 1 ? String(group.lanes) : `${times} x ${group.lanes}`,
        count(params),
        share(params, size.params),
        String(tensorsOf(group) * times),
        group.exact ? 'yes' : 'no',
        ...(factors ? [factorsOf([group, ...others])] : []),
        ...(inexact
          ? [group.inexact === undefined ? '' : `${group.inexact.node}: ${group.inexact.text}`]
          : []),
      ];
    }),
    width,
  );
}

const factorsOf = (alike: readonly GroupReport[]): string =>
  alike[0]!.factors.map((_, place) => nameOfAll(alike.map(({ factors }) => factors[place]!))).join(', ');

const tensorsOf = (group: GroupReport): number => new Set(group.axes.map(({ tensor }) => tensor)).size;

const folded = (groups: readonly GroupReport[]): readonly Alike<GroupReport>[] =>
  foldAlike(
    groups,
    ({ id }) => id,
    (group) => [
      ...[String(group.lanes), String(group.params), String(tensorsOf(group)), String(group.exact)],
      ...group.factors.map(skeletonOf),
      ...(group.inexact === undefined ? [] : [skeletonOf(group.inexact.node), group.inexact.text]),
    ],
  );

/** Axes with the same reason together, the reason that freezes most first. */
function frozenTable(frozen: readonly FrozenReport[], width?: number): string | undefined {
  if (frozen.length === 0) return undefined;
  const reasons = new Map<
    string,
    { why: string; text: string; nodes: Set<string>; axes: number; indices: number }
  >();
  for (const axis of frozen)
    for (const { why, node, text } of axis.reasons) {
      const key = `${why}\n${text}`;
      const reason = reasons.get(key) ?? { why, text, nodes: new Set<string>(), axes: 0, indices: 0 };
      reason.nodes.add(node);
      reason.axes++;
      reason.indices += axis.indices;
      reasons.set(key, reason);
    }
  const rows = [...reasons.values()]
    .sort((a, b) => b.axes - a.axes || b.indices - a.indices)
    .map(({ why, text, nodes, axes, indices }) => {
      const [first = '', ...rest] = nodes;
      return [
        why,
        String(axes),
        count(indices),
        rest.length > 0 ? `${first} and ${rest.length} more` : first,
        text,
      ];
    });
  return table(
    [
      { head: 'frozen' },
      { head: 'axes', right: true },
      { head: 'indices', right: true },
      { head: 'node' },
      { head: 'because', wraps: true },
    ],
    rows,
    width,
  );
}
