import { expect, test } from 'vitest';
import type { Block } from '../../src/statistics/rows.js';
import { columnsFrom, columnsOf, RowSampler } from '../../src/statistics/rows.js';

/** [samples, 2, 3] of the numbers 0, 1, 2, …: two lanes at three positions. */
const block = (samples: number, from = 0, lanes = Int32Array.of(0, 1)): Block => ({
  value: 'x',
  data: Float32Array.from({ length: samples * 6 }, (_, i) => from * 6 + i),
  outer: samples,
  inner: 3,
  columns: columnsOf(lanes),
  lengths: [3],
});

test('where there is room all positions are rows, sample by sample', () => {
  const sampler = new RowSampler(2, 100);
  sampler.add(0, 2, [block(2)]);
  const { rows, values } = sampler.take();
  expect(rows).toBe(6);
  expect([...values]).toEqual([0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]);
  expect([...columnsFrom({ rows, values }, 2, 1, 2)]).toEqual([3, 4, 5, 9, 10, 11]);
});

test('of more than fit the same are drawn however samples are batched', () => {
  const drawn = (sizes: readonly number[], seed = 0): number[] => {
    const sampler = new RowSampler(2, 40, seed);
    let from = 0;
    for (const size of sizes) {
      sampler.add(from, size, [block(size, from)]);
      from += size;
    }
    return [...sampler.take().values];
  };
  const whole = drawn([200]);
  expect(whole).toHaveLength(80);
  expect(drawn([1, 9, 90, 100])).toEqual(whole);
  expect(drawn([200], 1)).not.toEqual(whole);
  // From everywhere: the mean of the numbers drawn is about that of all.
  const mean = whole.reduce((a, b) => a + b) / 80;
  expect(Math.abs(mean - 600)).toBeLessThan(180);
});

test('a lane that lies twice on the axis gives two rows for each position', () => {
  const sampler = new RowSampler(2, 100);
  const flat = {
    ...block(1),
    data: Float32Array.of(0, 1, 2, 3),
    inner: 1,
    columns: columnsOf(Int32Array.of(0, 0, 1, 1)),
  };
  sampler.add(0, 1, [{ ...flat, lengths: [2] }]);
  expect([...sampler.take().values]).toEqual([0, 2, 1, 3]);
});

test('blocks fill columns of the same rows; fewer positions are those at the same share', () => {
  const image = (size: number, column: number): Block => ({
    value: 'image',
    data: Float32Array.from({ length: size * size }, (_, i) => i),
    outer: 1,
    inner: size * size,
    columns: columnsOf(Int32Array.of(0), column),
    lengths: [size, size],
  });
  const sampler = new RowSampler(3, 100);
  const one = { ...image(1, 2), data: Float32Array.of(7) };
  sampler.add(0, 1, [image(2, 1), image(4, 0), one]);
  const { rows, values } = sampler.take();
  expect(rows).toBe(16);
  // Row 1, column 2 of 4 x 4 is row 0, column 1 of 2 x 2.
  expect([...values.subarray(3 * 6, 3 * 7)]).toEqual([6, 1, 7]);
  expect([...values.subarray(3 * 13, 3 * 14)]).toEqual([13, 2, 7]);
});

test('what is not finite is named', () => {
  const broken = block(2);
  broken.data[9] = Number.POSITIVE_INFINITY;
  const sampler = new RowSampler(2, 100);
  expect(() => sampler.add(4, 2, [broken])).toThrow(/lane 1 is Infinity in sample 5[\s\S]*"x"/);
});
