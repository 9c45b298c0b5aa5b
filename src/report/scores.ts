import type { GroupScore } from '../api/types.js';
import { decimal } from './numbers.js';
import { table } from './table.js';

/** What the lanes of each group are worth: the least, the middle, the most, and which would leave first. */
export function scoresReport(scores: readonly GroupScore[], width?: number): string {
  return table(
    [
      { head: 'group', wraps: true },
      { head: 'lanes', right: true },
      { head: 'least', right: true },
      { head: 'median', right: true },
      { head: 'most', right: true },
      { head: 'first to leave' },
    ],
    scores.map(({ id, lanes, scores: values }) => {
      const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]! || a - b);
      const at = (place: number) =>
        decimal(values[order[Math.floor(place * (order.length - 1))]!] ?? null, 4);
      return [id, String(lanes), at(0), at(0.5), at(1), order.slice(0, 5).join(', ')];
    }),
    width,
  );
}
