import { expect, test } from 'vitest';
import type { EspalierError } from '../../src/base/errors.js';
import { NativeMoments } from '../../src/native/moments.js';

/** x and y = 2 x0 - x1 + 1, four samples of two inputs whose covariance is the identity. */
const x = Float32Array.of(1, 1, 1, -1, -1, 1, -1, -1);
const y = Float32Array.of(2, 4, -2, 0);
const all = Uint32Array.of(0, 1);
const singles = [Uint32Array.of(0), Uint32Array.of(1)];

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => expect.fail('it should have been rejected'),
    (problem: EspalierError) => problem.code,
  );

test('batches are added in the order of the calls, and refitted', async () => {
  const moments = new NativeMoments(2, 1);
  const halves = [moments.add(x.subarray(0, 4), y.subarray(0, 2)), moments.add(x.subarray(4), y.subarray(2))];
  const refit = await moments.ridge(all, 0);
  await Promise.all(halves);
  expect([...refit.weights].map((w) => w.toFixed(9))).toEqual(['2.000000000', '-1.000000000']);
  expect(refit.bias[0]).toBeCloseTo(1, 12);
  expect(refit.damping).toBe(0);
  expect((await moments.errors(all, refit))[0]).toBeCloseTo(0, 12);
  const near = await moments.ridge(all, 1e9, { near: Float64Array.of(7, -3) });
  expect([...near.weights].map((w) => w.toFixed(6))).toEqual(['7.000000', '-3.000000']);
  const kept = Uint32Array.of(0);
  expect((await moments.errors(kept, await moments.ridge(kept, 0)))[0]).toBeCloseTo(1, 12);

  expect(await moments.summary()).toEqual({
    count: 4,
    inputMeans: Float64Array.of(0, 0),
    inputVariances: Float64Array.of(1, 1),
    outputMeans: Float64Array.of(1),
    outputVariances: Float64Array.of(5),
  });
  const { inputs, cross } = await moments.covariances();
  expect([...inputs]).toEqual([1, 0, 0, 1]);
  expect([...cross]).toEqual([2, -1]);
});

test('what was added elsewhere can be merged', async () => {
  const [first, second] = [new NativeMoments(2, 1), new NativeMoments(2, 1)];
  const added = [first.add(x.subarray(0, 4), y.subarray(0, 2)), second.add(x.subarray(4), y.subarray(2))];
  await first.merge(second);
  await Promise.all(added);
  expect((await first.summary()).count).toBe(4);
  expect([...(await first.covariances()).inputs]).toEqual([1, 0, 0, 1]);
});

test('lanes leave in the order of what they cost all consumers', async () => {
  const moments = new NativeMoments(2, 1);
  await moments.add(x, y);
  const consumer = { moments, blocks: singles };
  const order = await NativeMoments.order([consumer], 0);
  expect([...order.blocks]).toEqual([1, 0]);
  expect(order.prices[0]).toBeCloseTo(1, 12);
  expect(order.prices[1]).toBeCloseTo(4, 12);
  const crossed = { moments, blocks: singles.toReversed(), weight: 2 };
  const both = await NativeMoments.order([consumer, crossed], 0, { stay: 1 });
  expect([...both.blocks]).toEqual([0]);
  expect(both.prices[0]).toBeCloseTo(4 + 2 * 1, 12);
  expect(both.damping).toHaveLength(2);
});

test('independent inputs share nothing', async () => {
  const moments = new NativeMoments(2, 1);
  await moments.add(x, y);
  const { entropy, conditional, redundancy } = await moments.information(singles, 0);
  const bits = 0.5 * Math.log2(2 * Math.PI * Math.E);
  for (const lane of [0, 1]) {
    expect(entropy[lane]).toBeCloseTo(bits, 12);
    expect(conditional[lane]).toBeCloseTo(bits, 12);
    expect(redundancy[lane]).toBeCloseTo(0, 12);
  }
});

test('patches are rows, made on the way', async () => {
  const patches = {
    batch: 1,
    channels: 1,
    lengths: [3],
    kernel: [2],
    strides: [1],
    dilations: [1],
    pads: [1, 0],
  };
  const [direct, rows] = [new NativeMoments(2, 1), new NativeMoments(2, 1)];
  await direct.add(Float32Array.of(5, 7, -2), Float32Array.of(1, 2, 4), { patches });
  await rows.add(Float32Array.of(0, 5, 5, 7, 7, -2), Float32Array.of(1, 2, 4));
  expect(await direct.covariances()).toEqual(await rows.covariances());
  expect((await direct.summary()).count).toBe(3);
});

test('errors have codes, and a call that failed does not stop the next', async () => {
  const moments = new NativeMoments(2, 1);
  expect(await code(moments.ridge(all, 0))).toBe('OPTION_INVALID');
  expect(await code(moments.add(Float32Array.of(1, Number.NaN), Float32Array.of(1)))).toBe('NON_FINITE');
  expect(await code(moments.add(Float32Array.of(1), Float32Array.of(1)))).toBe('INTERNAL');
  expect((await moments.summary()).count).toBe(0);
  await moments.add(x, y);
  expect(await code(moments.ridge(all, -1))).toBe('OPTION_INVALID');
  expect(await code(moments.ridge(Uint32Array.of(2), 0))).toBe('INTERNAL');
  expect(await code(moments.merge(new NativeMoments(3, 1)))).toBe('INTERNAL');
  expect(() => new NativeMoments(1e6, 1)).toThrow(/OPTION_INVALID/);
});

test('a call that was aborted rejects with the reason, and the same numbers come on any threads', async () => {
  const wide = 600;
  const values = Float32Array.from({ length: wide * 300 }, (_, i) => Math.sin(i * i));
  const blocks = Array.from({ length: wide }, (_, i) => Uint32Array.of(i));
  const moments = new NativeMoments(wide, 2);
  await moments.add(values, values.subarray(0, 600));
  const orders = await Promise.all(
    [1, 2].map((threads) => NativeMoments.order([{ moments, blocks }], 1e-3, { threads })),
  );
  expect(orders[0]).toEqual(orders[1]);
  const reason = new Error('enough');
  const aborted = NativeMoments.order([{ moments, blocks }], 1e-3, { signal: AbortSignal.abort(reason) });
  await expect(aborted).rejects.toBe(reason);
  const controller = new AbortController();
  const stopped = NativeMoments.order([{ moments, blocks }], 1e-3, { signal: controller.signal });
  setTimeout(() => controller.abort(reason));
  await expect(stopped).rejects.toBe(reason);
});
