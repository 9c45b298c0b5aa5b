import { expect, test } from 'vitest';
import { type Addon, addon } from '../../src/platform/index.js';

/** Calls on one object of the addon itself, without the queues that `src/native` keeps. */
const CALLS = 24;
const THREADS = [1, 2];

const values = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin((i + 1) * (seed + 1)));

const job = (threads: number): Addon.Job => new (addon().Job)(threads);

/** Starts all of the calls at once, or each when the one before it is done. */
async function carriedOut<T>(calls: readonly (() => Promise<T>)[], atOnce: boolean): Promise<T[]> {
  if (atOnce) return Promise.all(calls.map((call) => call()));
  const results: T[] = [];
  for (const call of calls) results.push(await call());
  return results;
}

const each = <T>(make: (index: number) => T): T[] => Array.from({ length: CALLS }, (_, index) => make(index));

test('calls on moments that are made at once are carried out in their order', async () => {
  const [inputs, outputs, rows] = [96, 8, 1500];
  const run = async (atOnce: boolean, threads: number): Promise<unknown> => {
    const moments = new (addon().Moments)(inputs, outputs);
    const other = new (addon().Moments)(inputs, outputs);
    const keep = Uint32Array.from({ length: inputs }, (_, i) => i);
    const calls = each((index) => async (): Promise<unknown> => {
      const [x, y] = [values(rows * inputs, index), values(rows * outputs, index + 7)];
      const into = index % 3 === 0 ? other : moments;
      if (index % 8 === 7) return moments.merge(index % 16 === 7 ? other : moments, job(threads));
      if (index % 8 === 6) return moments.ridge(keep, 0.01, true, undefined, job(threads));
      if (index % 8 === 5) return other.summary(job(threads));
      return into.add(x, y, undefined, job(threads));
    });
    const results = await carriedOut(calls, atOnce);
    return [results, await moments.covariances(job(threads)), await other.covariances(job(threads))];
  };
  const expected = await run(false, 1);
  for (const threads of THREADS) expect(await run(true, threads)).toEqual(expected);
});

test('calls on moments in groups that are made at once are carried out in their order', async () => {
  const [groups, channels, outputs, length] = [8, 32, 48, 300];
  const patches = {
    batch: 2,
    channels: groups * channels,
    lengths: [length],
    kernel: [3],
    strides: [1],
    dilations: [1],
    pads: [1, 1],
  };
  const run = async (atOnce: boolean, threads: number): Promise<unknown> => {
    const inputs = 3 * channels;
    const moments = new (addon().GroupedMoments)(groups, inputs, outputs);
    const near = new Float64Array(groups * outputs * inputs);
    const damping = new Float64Array(groups).fill(0.01);
    const calls = each((index) => async (): Promise<unknown> => {
      // Solving shares out much while it owns the moments: that locked up.
      if (index % 2 === 1) return moments.ridge(near, damping, true, job(threads));
      if (index % 8 === 6) return moments.merge(moments, job(threads));
      const x = values(2 * groups * channels * length, index);
      return moments.add(x, values(2 * groups * outputs * length, index + 7), patches, job(threads));
    });
    return [await carriedOut(calls, atOnce), await moments.means(job(threads))];
  };
  const expected = await run(false, 1);
  for (const threads of THREADS) expect(await run(true, threads)).toEqual(expected);
});

test('calls on statistics of activations that are made at once are carried out in their order', async () => {
  const [lanes, inner] = [64, 4000];
  const shape = { value: 'v', outer: 1, inner };
  const order = Int32Array.from({ length: lanes }, (_, i) => i);
  const bins = { bins: 64, binning: 'equal', range: 'group' } as const;
  const run = async (atOnce: boolean, threads: number): Promise<unknown> => {
    const activations = new (addon().Activations)(lanes, 128);
    const batches = each((index) => values(lanes * inner, index));
    const passes = [
      ...batches.map((batch) => () => activations.add(batch, order, shape, job(threads))),
      () => activations.summary(job(threads)),
      () => activations.bins(bins, job(threads)),
      ...batches.map((batch) => () => activations.count(batch, order, shape, job(threads))),
      () => activations.entropy(true, job(threads)),
    ];
    return carriedOut<unknown>(passes, atOnce);
  };
  const expected = await run(false, 1);
  for (const threads of THREADS) expect(await run(true, threads)).toEqual(expected);
});
