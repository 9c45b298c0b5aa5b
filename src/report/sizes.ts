import type { Size } from '../options/types.js';
import type { Verification } from '../verify/types.js';
import { bytes, count, macs, share } from './numbers.js';
import { table } from './table.js';
import { runRows } from './verification.js';

/** What a model cost, and what is left; where both were run, how accurate and how fast they are too. */
export function sizesReport(before: Size, after: Size, verification?: Verification): string {
  const row = (what: string, text: (value: number) => string, pick: (size: Size) => number) => [
    what,
    text(pick(before)),
    text(pick(after)),
    share(pick(after), pick(before)),
  ];
  return table(
    [
      { head: '' },
      { head: 'before', right: true },
      { head: 'after', right: true },
      { head: 'left', right: true },
    ],
    [
      row('parameters', count, ({ params }) => params),
      row('multiply-adds', macs, (size) => size.macs),
      row('file', bytes, (size) => size.bytes),
      ...(verification === undefined ? [] : runRows(verification)),
    ],
  );
}
