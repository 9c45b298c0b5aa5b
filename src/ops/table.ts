import type { Rule } from '../coupling/rule.js';

/** One operator at a range of opsets, and its rule. */
export interface OperatorRow {
  readonly domain: string;
  readonly op: string;
  /** First and last opset version of its domain. */
  readonly opsets: readonly [number, number];
  readonly rule: Rule;
}

/** Several operators of one rule, separated by blanks, at a range of opsets. */
export type Entry = readonly [domain: string, ops: string, opsets: `${number}..${number | ''}`, rule: Rule];

/** One row for each operator of each entry. */
export function table(entries: readonly Entry[]): readonly OperatorRow[] {
  return entries.flatMap(([domain, ops, opsets, rule]) => {
    const [first, last] = opsets.split('..') as [string, string];
    return ops.split(' ').map(
      (op): OperatorRow => ({
        domain,
        op,
        opsets: [Number(first), last === '' ? Number.POSITIVE_INFINITY : Number(last)],
        rule,
      }),
    );
  });
}
