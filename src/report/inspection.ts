import type { FrozenReport, Inspection, ValueReport } from '../options/types.js';
import { lengthsReport } from './lengths.js';
import { bytes, count, macs, percent, share } from './numbers.js';
import { facts, sections, table } from './table.js';
import { warningLines } from './warnings.js';

/** What is in a model, what of it can be pruned, and why the rest cannot. */
export function inspectionReport(inspection: Inspection, width?: number): string {
  const { groups } = inspection;
  return sections(
    overview(inspection),
    groups.length > 0 ? groupsTable(inspection, width) : 'Nothing in it can be pruned.',
    frozenTable(inspection.frozen, width),
    warningLines(inspection.warnings),
  );
}

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
  ]);
}

const values = (reports: readonly ValueReport[]): string =>
  reports.map(({ name, dtype, shape }) => `${name} ${dtype} [${shape.join(', ')}]`).join('; ');

function groupsTable({ groups, size }: Inspection, width?: number): string {
  const factors = groups.some((group) => group.factors.length > 0);
  const inexact = groups.some((group) => group.inexact !== undefined);
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
    groups.map((group) => [
      group.id,
      String(group.lanes),
      count(group.params),
      share(group.params, size.params),
      String(new Set(group.axes.map(({ tensor }) => tensor)).size),
      group.exact ? 'yes' : 'no',
      ...(factors ? [group.factors.join(', ')] : []),
      ...(inexact ? [group.inexact === undefined ? '' : `${group.inexact.node}: ${group.inexact.text}`] : []),
    ]),
    width,
  );
}

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
