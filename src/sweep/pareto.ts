import type { Sweep, SweepPoint } from '../options/sweepTypes.js';

/** What a point is judged by, higher is better: accuracy where it is known, else fidelity. */
export const worthOf = ({ accuracy, fidelity }: SweepPoint): number | undefined => accuracy ?? fidelity;

/** Points that no other one beats: none is at most as large and at least as good, and better in one of them. Smallest first. */
export function paretoFront(
  { points }: Pick<Sweep, 'points'>,
  costOf: (point: SweepPoint) => number | undefined = ({ size }) => size?.macs,
): readonly SweepPoint[] {
  const known = points.flatMap((point) => {
    const [cost, worth] = [costOf(point), worthOf(point)];
    return cost === undefined || worth === undefined ? [] : [{ point, cost, worth }];
  });
  const sorted = known.sort((a, b) => a.cost - b.cost || b.worth - a.worth);
  let best = Number.NEGATIVE_INFINITY;
  return sorted.flatMap(({ point, worth }) => {
    if (worth <= best) return [];
    best = worth;
    return [point];
  });
}
