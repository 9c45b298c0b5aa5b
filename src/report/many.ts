import type { Size } from '../options/types.js';
import type { Verification } from '../verify/types.js';
import { bytes, count, decimal, macs, percent, share } from './numbers.js';
import { facts, sections, table } from './table.js';
import { worstFidelity } from './verification.js';
import { warningLines } from './warnings.js';

/** What came of one of several models: how it was pruned, or why it was not. */
export interface ManyOutcome {
  readonly file: string;
  readonly seconds: number;
  readonly outcome?: {
    readonly output: string | null;
    readonly before: Size;
    readonly after: Size;
    readonly warnings: readonly { readonly code: string; readonly text: string }[];
    readonly verification?: Verification;
  };
  readonly error?: { readonly code: string; readonly what: string; readonly todo: string };
}

/** A line for each model, what failed and why, and the sum of it. */
export function manyReport(outcomes: readonly ManyOutcome[], width?: number): string {
  const done = outcomes.flatMap(({ outcome }) => outcome ?? []);
  return sections(
    outcomesTable(outcomes, width),
    warningLines(
      outcomes.flatMap(({ file, outcome }) =>
        (outcome?.warnings ?? []).map(({ code, text }) => ({ code, text: `${file}: ${text}` })),
      ),
    ),
    warningLines(
      outcomes.flatMap(({ file, error }) =>
        error === undefined
          ? []
          : [{ code: error.code, text: `${file}: ${error.what}. ${error.todo}`.trim() }],
      ),
      'failed',
    ),
    facts([
      ['models', `${done.length} of ${outcomes.length} pruned`],
      ['files', total(done, ({ bytes }) => bytes)],
    ]),
  );
}

function total(
  done: readonly { readonly before: Size; readonly after: Size }[],
  pick: (size: Size) => number,
): string {
  const before = done.reduce((sum, own) => sum + pick(own.before), 0);
  const after = done.reduce((sum, own) => sum + pick(own.after), 0);
  return `${bytes(before)} before, ${bytes(after)} after (${share(after, before)})`;
}

function outcomesTable(outcomes: readonly ManyOutcome[], width?: number): string {
  const judged = outcomes.some(({ outcome }) => outcome?.verification !== undefined);
  const accurate = outcomes.some(({ outcome }) => outcome?.verification?.accuracy !== undefined);
  return table(
    [
      { head: 'model', wraps: true },
      { head: 'parameters', right: true },
      { head: 'left', right: true },
      { head: 'multiply-adds', right: true },
      { head: 'left', right: true },
      { head: 'file', right: true },
      { head: 'left', right: true },
      ...(judged ? [{ head: 'fidelity', right: true }] : []),
      ...(accurate ? [{ head: 'accuracy', right: true }] : []),
      { head: 's', right: true },
      { head: 'written', wraps: true },
    ],
    outcomes.map(({ file, seconds, outcome, error }) => {
      const cells = (text: (value: number) => string, pick: (size: Size) => number): string[] =>
        outcome === undefined
          ? ['-', '-']
          : [text(pick(outcome.after)), share(pick(outcome.after), pick(outcome.before))];
      const { accuracy } = outcome?.verification ?? {};
      return [
        file,
        ...cells(count, ({ params }) => params),
        ...cells(macs, (size) => size.macs),
        ...cells(bytes, (size) => size.bytes),
        ...(judged ? [decimal(worstFidelity(outcome?.verification), 4)] : []),
        ...(accurate
          ? [accuracy === undefined ? '-' : `${percent(accuracy.original)} -> ${percent(accuracy.pruned)}`]
          : []),
        seconds.toFixed(1),
        error === undefined ? (outcome?.output ?? '-') : error.code,
      ];
    }),
    width,
  );
}
