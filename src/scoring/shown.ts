import type { Group } from '../coupling/groups.js';
import type { CalibrationStatistics, ChannelSummary } from './criterion.js';
import { producers } from './criterion.js';

/**
 * A number for each lane of each group out of what the values that show it say: their mean.
 *
 * - a lane that no value shows, where others of its group are shown: the mean of those
 * - a group that no value shows (in a loop's body, integers only): the Euclidean norms of the weights that make its lanes. They
 *   are on another scale; policies compare groups by worth relative to a group's mean, so that they are comparable all the same
 */
export async function overPlaces(
  groups: readonly Group[],
  shown: readonly (readonly ChannelSummary[])[],
  calibration: CalibrationStatistics,
  of: (shown: ChannelSummary) => Float64Array,
): Promise<readonly Float64Array[]> {
  const found = groups.map((group, index) => meanOver(group, shown[index]!, of));
  const unseen = groups.filter((_, index) => found[index] === undefined);
  if (unseen.length === 0) return found.map((scores) => scores!);
  const norms = new Map((await norm(unseen, calibration)).map((scores, index) => [unseen[index]!, scores]));
  return found.map((scores, index) => scores ?? norms.get(groups[index]!)!);
}

/** √Σw² of the weights that make each lane. */
export async function norm(
  groups: readonly Group[],
  calibration: CalibrationStatistics,
): Promise<readonly Float64Array[]> {
  const squares = await calibration.statistics(
    groups.map((group) => producers(group, calibration.rankOf)),
    { kind: 'square-sum' },
  );
  return squares.map((values) => values.map(Math.sqrt));
}

function meanOver(
  { lanes }: Group,
  shown: readonly ChannelSummary[],
  of: (shown: ChannelSummary) => Float64Array,
): Float64Array | undefined {
  const sums = new Float64Array(lanes.length);
  const counts = new Float64Array(lanes.length);
  for (const own of shown) {
    const values = of(own);
    for (const [lane, value] of values.entries()) {
      if (own.summary.count[lane] === 0) continue;
      sums[lane]! += value;
      counts[lane]! += 1;
    }
  }
  const seen = counts.filter((count) => count > 0).length;
  if (seen === 0) return undefined;
  const means = sums.map((sum, lane) => sum / Math.max(1, counts[lane]!));
  const whole = means.reduce((sum, value) => sum + value, 0) / seen;
  return means.map((mean, lane) => (counts[lane] === 0 ? whole : mean));
}
