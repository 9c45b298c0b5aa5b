import type { GroupScore } from '../options/types.js';
import { decimal } from './numbers.js';
import { table } from './table.js';

/**
 * What the lanes of each group are worth: the least, the middle, the most, and which would leave first; where the scores are made
 * of parts, the middle of each.
 */
export function scoresReport(scores: readonly GroupScore[], width?: number): string {
  const parts = [...new Set(scores.flatMap(({ parts = {} }) => Object.keys(parts)))];
  return table(
    [
      { head: 'group', wraps: true },
      { head: 'lanes', right: true },
      { head: 'least', right: true },
      { head: 'median', right: true },
      { head: 'most', right: true },
      ...parts.map((head) => ({ head, right: true })),
      { head: 'first to leave' },
    ],
    scores.map((group) => {
      const { id, lanes, scores: values } = group;
      const order = leaving(values);
      const at = (place: number) =>
        decimal(values[order[Math.floor(place * (order.length - 1))]!] ?? null, 4);
      const middles = parts.map((part) => decimal(median(group.parts?.[part]), 4));
      return [id, String(lanes), at(0), at(0.5), at(1), ...middles, order.slice(0, 5).join(', ')];
    }),
    width,
  );
}

/** Every lane of one group, the first to leave first: its score, and what that is made of. */
export function lanesReport({ scores, parts = {} }: GroupScore, width?: number): string {
  const named = Object.entries(parts);
  return table(
    [
      { head: 'lane', right: true },
      { head: 'score', right: true },
      ...named.map(([head]) => ({ head, right: true })),
    ],
    leaving(scores).map((lane) => [
      String(lane),
      decimal(scores[lane]!, 4),
      ...named.map(([, values]) => decimal(values[lane] ?? null, 4)),
    ]),
    width,
  );
}

const leaving = (values: Float64Array): number[] =>
  Array.from(values.keys()).sort((a, b) => values[a]! - values[b]! || a - b);

function median(values: Float64Array | undefined): number | null {
  if (values === undefined) return null;
  return values.toSorted()[Math.floor((values.length - 1) / 2)] ?? null;
}
