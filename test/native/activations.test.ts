import { expect, test } from 'vitest';
import type { EspalierError } from '../../src/base/errors.js';
import { NativeActivations } from '../../src/native/activations.js';

/** [2, 3, 2]: two lanes at three indices, of which the last is no lane's. */
const data = Float32Array.of(1, 2, 0, 0, 9, 9, 3, 4, 0, 8, 9, 9);
const batch = { value: 'relu', data, outer: 2, inner: 2, lanes: Int32Array.of(0, 1, -1) };
const histogram = { bins: 4, binning: 'equal', range: 'group' } as const;

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => expect.fail('it should have been rejected'),
    (problem: EspalierError) => problem.code,
  );

test('what lanes are on data, batch by batch', async () => {
  const found = new NativeActivations(2);
  const added = [found.add(batch), found.add(batch)];
  const summary = await found.summary();
  await Promise.all(added);
  expect([...summary.count]).toEqual([8, 8]);
  expect([...summary.mean]).toEqual([2.5, 2]);
  expect([...summary.variance]).toEqual([1.25, 12]);
  expect([...summary.meanAbs]).toEqual([2.5, 2]);
  expect([...summary.meanSquare]).toEqual([7.5, 16]);
  expect([...summary.zeroRate]).toEqual([0, 0.75]);
  expect([...summary.min, ...summary.max]).toEqual([1, 0, 4, 8]);
  expect(summary.gaussian[1]).toBeCloseTo(0.5 * Math.log2(2 * Math.PI * Math.E * 12), 10);
  const share = (p: number) => -p * Math.log2(p);
  expect(summary.mass[0]).toBeCloseTo(share(10 / 18), 10);
});

test('entropies of histograms take a second pass', async () => {
  const found = new NativeActivations(2);
  await found.add(batch);
  await found.bins(histogram);
  await found.count(batch);
  // 0..2, 2..4, 4..6, 6..8: lane 0 has 1, 2, 1 of them; lane 1 has 3 and 1.
  const bits = await found.entropy();
  expect(bits[0]).toBeCloseTo(1.5, 12);
  expect(bits[1]).toBeCloseTo(0.25 * 2 + 0.75 * Math.log2(4 / 3), 12);
  expect((await found.entropy(true))[0]).toBeCloseTo(1.5 + 2 / (8 * Math.LN2), 12);
  // Each lane's own bins: quarters of 1..4.
  await found.bins({ ...histogram, range: 'lane' });
  await found.count(batch);
  expect((await found.entropy())[0]).toBeCloseTo(2, 12);
});

test('bins by quantiles', async () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => Math.exp(i / 100));
  const found = new NativeActivations(1, { quantiles: true });
  const one = { value: 'v', data: values, outer: 1000, inner: 1, lanes: Int32Array.of(0) };
  await found.add(one);
  await found.bins({ bins: 8, binning: 'quantile', range: 'group' });
  await found.count(one);
  expect((await found.entropy())[0]).toBeCloseTo(3, 4);
});

test('refusals', async () => {
  const found = new NativeActivations(2);
  const broken = { ...batch, data: data.with(3, Number.NaN) };
  const problem = await found.add(broken).catch((error: EspalierError) => error);
  expect(problem).toMatchObject({ code: 'NON_FINITE', where: { tensor: 'relu' } });
  expect(await code(found.add({ ...batch, outer: 5 }))).toBe('INTERNAL');
  expect(await code(found.count(batch))).toBe('INTERNAL');
  expect(await code(found.bins({ ...histogram, bins: 1 }))).toBe('OPTION_INVALID');
  await expect(found.add(batch, { signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
  // A value of no lane may be anything.
  await found.add({ ...batch, data: data.with(4, Number.NaN) });
});
