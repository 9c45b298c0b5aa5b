import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { datasetFor } from '../../src/data/samples.js';
import cases from './fixtures/expected.json' with { type: 'json' };

const fixtures = join(import.meta.dirname, 'fixtures');

/** Every so many-th value of what the reference gives is in the fixtures. */
const STRIDE = 31;

/** By how much a model's values differ, at most, where a byte of the image differs by one. */
function stepOf(preprocess: unknown): number {
  if (typeof preprocess === 'string') return { '-1..1': 2, imagenet: 1 / 0.224 }[preprocess] ?? 1;
  const stated = preprocess as { scale?: number; image_std?: number[]; rescale_factor?: number };
  const { scale = 1 / 255, image_std: std = [1], rescale_factor: factor = scale } = stated;
  return (255 * factor) / Math.min(...std);
}

/** Resampled by other libraries than Pillow, or decoded by another version of theirs: they differ by a step of a byte. */
const NOT_TO_THE_BIT = /^(yolo|jpeg)/;

describe('what a model sees is what the reference of its family gives', () => {
  test.each(cases.map((one) => [one.name, one] as const))('%s', async (name, one) => {
    const dataset = await datasetFor(join(fixtures, one.image), {
      inputs: [{ name: 'x', dtype: 'float32', shape: one.shape }],
      preprocess: one.preprocess as never,
    });
    const array = dataset.arrays.get('x')!;
    expect(array.dims).toEqual(one.shape);
    const found = (await array.read(0, 1)) as Float32Array;
    const chosen = found.filter((_, i) => i % STRIDE === 0);
    expect(chosen).toHaveLength(one.values.length);
    const off = Array.from(chosen, (value, i) => Math.abs(value - one.values[i]!));
    const bytes = (255 * Math.max(...off)) / stepOf(one.preprocess);
    // Where bytes are the same, values differ by their own rounding alone: float32, and the five digits of the fixtures.
    expect(bytes).toBeLessThan(NOT_TO_THE_BIT.test(name) ? 1.05 : 0.02);
  });
});
