import type { Verification } from '../verify/types.js';
import { bytes, decimal, milliseconds, percent } from './numbers.js';
import { facts, sections, table } from './table.js';
import { worstFidelity } from './verification.js';
import { warningLines } from './warnings.js';

/** One of several models that were compared with the same original, or why it could not be. */
export interface ComparedModel {
  readonly file: string;
  readonly verification?: Verification;
  readonly failed?: { readonly code: string; readonly text: string };
}

/** A line for each model: how large it is, how fast, and how alike it answers. */
export function comparisonReport(original: string, models: readonly ComparedModel[], width?: number): string {
  const done = models.flatMap(({ verification }) => verification ?? []);
  const [first] = done;
  const judged = first?.accuracy !== undefined;
  const timed = first?.latency !== undefined;
  const source = first?.data.random ? 'random numbers, which say little about accuracy' : first?.data.source;
  return sections(
    table(
      [
        { head: 'model', wraps: true },
        { head: 'file', right: true },
        { head: 'left', right: true },
        ...(timed
          ? [
              { head: 'latency', right: true },
              { head: 'left', right: true },
            ]
          : []),
        { head: 'fidelity', right: true },
        ...(judged ? [{ head: 'accuracy', right: true }] : []),
        { head: '' },
      ],
      [
        ...(first === undefined
          ? []
          : [
              [
                original,
                ...[bytes(first.bytes.original), percent(1)],
                ...(timed ? [milliseconds(first.latency!.originalMs), percent(1)] : []),
                decimal(1, 4),
                ...(judged ? [percent(first.accuracy!.original)] : []),
                '',
              ],
            ]),
        ...models.map(({ file, verification: own, failed }) => [
          file,
          ...(own ? [bytes(own.bytes.pruned), percent(own.bytes.ratio)] : ['-', '-']),
          ...(timed
            ? own?.latency
              ? [milliseconds(own.latency.prunedMs), percent(own.latency.ratio)]
              : ['-', '-']
            : []),
          decimal(worstFidelity(own), 4),
          ...(judged ? [percent(own?.accuracy?.pruned ?? null)] : []),
          failed?.code ?? (own?.ok === false ? 'is no replacement' : ''),
        ]),
      ],
      width,
    ),
    source === undefined ? undefined : facts([['data', `${first!.data.samples} samples: ${source}`]]),
    warningLines(
      models.flatMap(({ file, verification }) =>
        (verification?.faults ?? []).map(({ code, text }) => ({ code, text: `${file}: ${text}` })),
      ),
      'fault',
    ),
    warningLines(
      models.flatMap(({ file, failed }) =>
        failed === undefined ? [] : [{ code: failed.code, text: `${file}: ${failed.text}` }],
      ),
      'failed',
    ),
  );
}
