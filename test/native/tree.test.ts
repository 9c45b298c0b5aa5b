import { expect, test } from 'vitest';
import { EspalierError } from '../../src/base/errors.js';
import { laneGains, laneGainsOfLabels, pruningTree } from '../../src/native/pruningTree.js';

const histogram = {
  kind: 'histogram',
  bins: 16,
  binning: 'equal',
  range: 'group',
  millerMadow: false,
} as const;

/** Four lanes of 16 rows: two bits, a copy of the first, and a constant. All is known in whole bits. */
const rows = 16;
const lanes = 4;
const values = Float32Array.from({ length: rows * lanes }, (_, i) => {
  const row = Math.floor(i / lanes);
  return [row & 1, (row >> 1) & 1, row & 1, 1][i % lanes]!;
});

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('it should have been rejected'),
    (problem: unknown) => problem,
  );

test('a tree whose bits are known', async () => {
  const tree = await pruningTree({ lanes, values }, histogram, { pairs: true });
  expect([...tree.entropies]).toEqual([1, 1, 1, 0]);
  // (0,1) (0,2) (0,3) (1,2) (1,3) (2,3)
  expect([...tree.pairs!]).toEqual([0, 1, 0, 0, 0, 0]);
  expect(tree.levels).toHaveLength(2);
  expect(tree.levels[0]!.parents).toEqual([
    {
      ...{ kept: 0, deleted: 2, mutual: 1, entropy: 1, cost: 0 },
      conditional: { kept: 0, deleted: 0 },
      gain: { kept: 1, deleted: 1 },
      ratio: { kept: 1, deleted: 1 },
    },
    {
      ...{ kept: 1, deleted: 3, mutual: 0, entropy: 1, cost: 0 },
      conditional: { kept: 0, deleted: 1 },
      gain: { kept: 1, deleted: 0 },
      ratio: { kept: 1, deleted: 0 },
    },
  ]);
  expect(tree.levels[1]!.parents).toMatchObject([{ kept: 0, deleted: 1, entropy: 2, cost: 1 }]);
  expect(tree.order).toEqual([2, 3, 1, 0]);
});

test('an odd lane moves up alone; one lane is a tree, and none', async () => {
  const three = await pruningTree(
    { lanes: 3, values: values.filter((_, i) => i % lanes < 3) },
    { kind: 'gaussian', bins: 64 },
  );
  expect(three.levels.map(({ alone }) => alone)).toEqual([1, undefined]);
  expect(three.pairs).toBeUndefined();
  expect(three.levels[0]!.parents).toMatchObject([{ kept: 0, deleted: 2 }]);
  const one = await pruningTree({ lanes: 1, values: Float32Array.of(1, 2) }, histogram);
  expect(one).toMatchObject({ levels: [], order: [0] });
  expect(await pruningTree({ lanes: 0, values: new Float32Array() }, histogram)).toMatchObject({ order: [] });
});

test('what lanes say of others and of labels', async () => {
  const targets = {
    lanes: 2,
    values: Float32Array.from({ length: 2 * rows }, (_, i) => (i >> (1 + (i & 1))) & 1),
  };
  const gains = await laneGains({ lanes, values }, targets, histogram);
  // The targets are the two bits: each lane says all of one and nothing of the other, the constant nothing of both.
  expect([...gains.ratios]).toEqual([0.5, 0.5, 0.5, 0]);
  expect([...gains.gains]).toEqual([0.5, 0.5, 0.5, 0]);
  expect([...gains.targets]).toEqual([0, 1, 0, 0]);
  expect([...gains.most]).toEqual([1, 1, 1, 0]);
  const labels = Uint32Array.from({ length: rows }, (_, row) => 1000 * (row & 3));
  const named = await laneGainsOfLabels({ lanes, values }, labels, histogram);
  expect([...named.ratios]).toEqual([0.5, 0.5, 0.5, 0]);
  expect([...named.entropies]).toEqual([1, 1, 1, 0]);
});

test('the same bits on any number of threads', async () => {
  const many = { lanes: 50, values: Float32Array.from({ length: 50 * 300 }, (_, i) => Math.sin(i * i)) };
  const on = (threads: number) =>
    pruningTree(many, { ...histogram, millerMadow: true }, { threads, pairs: true });
  expect(await on(1)).toEqual(await on(3));
});

test('refused and aborted', async () => {
  const broken = Float32Array.from(values);
  broken[9] = Number.NaN;
  for (const [samples, bins, code] of [
    [broken, 16, 'NON_FINITE'],
    [values, 65, 'OPTION_INVALID'],
    [new Float32Array(), 16, 'OPTION_INVALID'],
  ] as const) {
    const problem = await failure(pruningTree({ lanes, values: samples }, { ...histogram, bins }));
    expect(problem).toBeInstanceOf(EspalierError);
    expect(problem).toMatchObject({ code });
  }
  expect(String(await failure(pruningTree({ lanes, values: broken }, histogram)))).toMatch(
    /lane 1 .*sample 2/,
  );
  const stop = new AbortController();
  const wide = { lanes: 3000, values: new Float32Array(3000 * 400) };
  const stopped = failure(pruningTree(wide, histogram, { signal: stop.signal }));
  stop.abort(new Error('enough'));
  expect(await stopped).toMatchObject({ message: 'enough' });
});
