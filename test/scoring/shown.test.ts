import { expect, test } from 'vitest';
import type { Group } from '../../src/coupling/groups.js';
import type { CalibrationStatistics, ChannelSummary } from '../../src/scoring/criterion.js';
import { overPlaces } from '../../src/scoring/shown.js';

const group = (id: string, count: number): Group => ({
  id,
  lanes: Array.from({ length: count }, (_, lane) => lane),
  axes: [],
  exact: true,
  factors: new Map(),
});

/** A place that shows these numbers; undefined: the lane is not there. */
function shows(...values: (number | undefined)[]): ChannelSummary {
  const numbers = Float64Array.from(values, (value) => value ?? 0);
  const count = Float64Array.from(values, (value) => (value === undefined ? 0 : 10));
  return { place: {}, summary: { mean: numbers, count } } as unknown as ChannelSummary;
}

const calibration = {
  rankOf: () => 2,
  statistics: async (requests: readonly { readonly lanes: number }[]) =>
    requests.map(({ lanes }) => Float64Array.from({ length: lanes }, (_, lane) => lane ** 2)),
} as unknown as CalibrationStatistics;

const scores = async (...shown: (readonly ChannelSummary[])[]): Promise<number[][]> => {
  const groups = shown.map((own, index) => group(`g${index}`, own[0]?.summary.count.length ?? 4));
  const found = await overPlaces(groups, shown, calibration, ({ summary }) => summary.mean);
  return found.map((own) => [...own]);
};

test('a lane at several places is the mean of what they say', async () => {
  expect(await scores([shows(1, 4), shows(3, undefined)])).toEqual([[2, 4]]);
});

test('a lane that no place shows is as the others of its group', async () => {
  expect(await scores([shows(1, undefined, 5)])).toEqual([[1, 3, 5]]);
});

test('a group that no place shows is ranked by the norms of its weights', async () => {
  expect(await scores([shows(7, 8)], [], [shows(undefined, undefined)])).toEqual([
    [7, 8],
    [0, 1, 2, 3],
    [0, 1],
  ]);
});
