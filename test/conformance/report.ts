import type { Outcome } from './check.js';
import { NO_ARRAY, NO_TENSOR } from './check.js';
import { EXCEPTIONS } from './exceptions.js';
import { VIEWS, type View } from './shapes.js';

/** docs/conformance.md: what depends on this project alone, and what depends on onnxruntime and the machine as well. */
export interface Report {
  readonly ours: string;
  readonly runtime: string;
}

const VIEW_SAYS: Readonly<Record<View, string>> = {
  stated: 'lengths as the file states them, content unknown',
  open: 'lengths open, short vectors known',
  stored: 'stored tensors: every axis has lanes',
};

export function report(outcomes: readonly Outcome[]): Report {
  return {
    ours: [...inferenceOf(outcomes), ...exceptions()].join('\n'),
    runtime: answers(outcomes).join('\n'),
  };
}

function inferenceOf(outcomes: readonly Outcome[]): string[] {
  const rows = VIEWS.map((view) => {
    const found = outcomes.flatMap(({ views }) => views?.[view] ?? []);
    const sum = (count: (of: (typeof found)[number]) => number): string =>
      `${found.reduce((total, of) => total + count(of), 0)}`;
    const open = (of: (typeof found)[number]): number => of.outputs - of.whole;
    return [
      VIEW_SAYS[view],
      sum(({ outputs }) => outputs),
      sum(({ whole }) => whole),
      sum((of) => (of.withoutRule.length > 0 ? open(of) : 0)),
      sum((of) => (of.withoutRule.length > 0 ? 0 : open(of))),
      sum(({ wrong }) => wrong.length),
    ];
  });
  const without = new Map<string, number>();
  for (const { views } of outcomes)
    for (const op of new Set(views?.stated.withoutRule)) without.set(op, (without.get(op) ?? 0) + 1);
  const operators = [...without].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return [
    '## Shapes',
    '',
    `${outcomes.length} tests. But for the exceptions, each opens, and is saved unpruned as the original's bytes with metadata behind.`,
    '',
    ...table(
      ['inputs are taken for', 'outputs', 'whole shape inferred', 'no rule', 'not inferred', 'wrong'],
      rows,
    ),
    '',
    wrapped(
      `- Operators without a rule at the opset of a test, and the number of such tests: ${
        operators.map(([op, count]) => `${op} ${count}`).join(', ') || 'none'
      }.`,
    ),
    wrapped(
      '- Not inferred: data decides the shape, or the operator is known not to be followed, or a number of heads or groups is an open length.',
    ),
    '',
  ];
}

function exceptions(): string[] {
  const rows = Object.entries(EXCEPTIONS).map(([name, reason]) => [`\`${name}\``, reason]);
  return ['## Exceptions', '', ...(rows.length === 0 ? ['None.'] : table(['test', 'reason'], rows)), ''];
}

function answers(outcomes: readonly Outcome[]): string[] {
  const reasons = new Map<string, { count: number; readonly what: Set<string> }>();
  for (const { name, notRun } of outcomes) {
    if (notRun === undefined) continue;
    const [reason, what] = reasonOf(name, notRun);
    const known = reasons.get(reason) ?? { count: 0, what: new Set() };
    reasons.set(reason, known);
    known.count++;
    if (what !== undefined) known.what.add(what);
  }
  const times = outcomes.reduce((sum, { pruned }) => sum + pruned, 0);
  const which = outcomes.filter(({ pruned }) => pruned > 0).length;
  const ran = outcomes.filter(({ notRun }) => notRun === undefined).length;
  return [
    '## Answers',
    '',
    `onnxruntime-node runs ${ran} of ${outcomes.length}: what was opened and saved gives the same bits as the original.`,
    '',
    ...PRUNED,
    `${times} prunings of ${which} tests do.`,
    '',
    'What onnxruntime-node does not run:',
    '',
    ...[...reasons].map(([reason, { count, what }]) =>
      wrapped(`- ${count}: ${what.size === 0 ? reason : `${reason} ${[...what].sort().join(', ')}`}`),
    ),
    '',
  ];
}

const PRUNED = [
  'So that there is something to prune, inputs are then stored in the model, and its outputs weighed and summed. A random part',
  'of the exact lanes is removed; what is left must answer as the whole does with zeros in their place.',
];

/** Text in lines of at most 120 characters; those after the first are indented. */
function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line.length + word.length >= 120) lines.push(`  ${word}`);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}

/** Why onnxruntime does not run a test, and what of: an element type, an operator. */
function reasonOf(name: string, notRun: string): readonly [reason: string, what?: string] {
  if (notRun === NO_TENSOR) return [NO_TENSOR];
  if (notRun.startsWith(NO_ARRAY)) return [`${NO_ARRAY}`, notRun.slice(NO_ARRAY.length + 1)];
  const [, kernel] = /Could not find an implementation for (\w+\(\d+\))/.exec(notRun) ?? [];
  if (kernel !== undefined) return ['it has no kernel of', kernel];
  const [, operator] = /([\w.]+:\w+)\(-1\) is not a registered/.exec(notRun) ?? [];
  if (operator !== undefined) return ['it does not know', operator];
  return ['it refuses', name.replace(/^node\//, '')];
}

/** A Markdown table, columns aligned. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}
