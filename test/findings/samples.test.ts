import { describe, expect, test } from 'vitest';
import { sampleInput } from '../../src/findings/sampleInput.js';
import type { ShownImage } from '../../src/findings/types.js';
import { datasetOf, openModel, report } from '../../src/index.js';
import { detector, mapped, samplesOf } from '../support/answers.js';

const pixelsOf = ({ pixels }: ShownImage): number[] => Array.from(atob(pixels), (sign) => sign.charCodeAt(0));
const floats = (dims: readonly number[], at: (index: number) => number) => ({
  type: 'float32' as const,
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, index) => at(index)),
});

describe('what a sample is shown as', () => {
  test.each([
    ['channels first', [2, 3, 8, 10], 3, [10, 8]],
    ['channels last', [2, 8, 10, 3], 3, [10, 8]],
    ['one channel', [2, 1, 8, 10], 1, [10, 8]],
    ['no axis of channels', [2, 8, 10], 1, [10, 8]],
  ] as const)('an image, %s', (_, dims, channels, size) => {
    const image = sampleInput({ x: floats(dims, (index) => index) }, 1, 2) as ShownImage;
    expect(image).toMatchObject({ form: 'image', channels, size });
    const half = dims.reduce<number>((a, b) => a * b, 1) / 2;
    expect(image.from).toEqual([half, 2 * half - 1]);
    const pixels = pixelsOf(image);
    expect(pixels).toHaveLength(size[0] * size[1] * channels);
    expect([Math.min(...pixels), Math.max(...pixels)]).toEqual([0, 255]);
  });

  test('a large image is made smaller by means', () => {
    // Left half black, right half white: what lies on the border is neither.
    const image = sampleInput(
      { x: floats([1, 1, 200, 200], (index) => Number(index % 200 >= 100)) },
      0,
      1,
    ) as ShownImage;
    expect(image).toMatchObject({ width: 96, height: 96, size: [200, 200] });
    const row = pixelsOf(image).slice(0, 96);
    expect(row.slice(0, 47)).toEqual(Array(47).fill(0));
    expect(row.slice(49)).toEqual(Array(47).fill(255));
  });

  test('numbers that are no image, of which some are shown', () => {
    const given = sampleInput({ x: floats([2, 4000], (index) => index) }, 1, 2)!;
    expect(given).toMatchObject({ form: 'values', name: 'x', dims: [4000] });
    expect(given.form === 'values' && given.values.length).toBe(200);
    expect(given.form === 'values' && given.values[0]).toBe(4000);
  });

  test('an image that holds what is no number is shown as numbers', () => {
    const given = sampleInput(
      { x: floats([1, 1, 8, 8], (index) => (index === 3 ? Number.NaN : index)) },
      0,
      1,
    );
    expect(given!.form).toBe('values');
  });

  test('texts, and an image before other inputs', () => {
    const texts = { type: 'string' as const, data: ['one', 'two'], dims: [2] };
    expect(sampleInput({ t: texts }, 1, 2)).toEqual({ form: 'texts', name: 't', texts: ['two'] });
    expect(sampleInput({ t: texts, x: floats([2, 1, 8, 8], Number) }, 0, 2)!.form).toBe('image');
  });
});

async function samplesIn(model: Uint8Array, x: Parameters<typeof datasetOf>[0]['x']) {
  const data = datasetOf({ x: x! });
  using opened = await openModel(model);
  const outcome = await opened.prune({ ratio: 0.5, roundTo: 1, criterion: 'random' });
  const { data: told } = await report(model, await outcome.toBytes(), { outcome, data, runs: 0 });
  return told.samples!;
}

describe('what either model says of a sample', () => {
  test('boxes, by their corners', async () => {
    const { kind, output, shown } = await samplesIn(detector(), samplesOf([24, 3, 8, 8]));
    expect({ kind, output }).toEqual({ kind: 'boxes', output: 'boxes' });
    const boxes = shown.flatMap(({ answers }) => answers.flatMap((own) => own.boxes ?? []));
    expect(boxes.length).toBeGreaterThan(0);
    for (const [left, top, right, bottom] of boxes) {
      expect(left!).toBeLessThanOrEqual(right!);
      expect(top!).toBeLessThanOrEqual(bottom!);
    }
  });

  test('classes by the names that the model gives', async () => {
    const { kind, shown } = await samplesIn(mapped(['cat', 'dog', 'owl']), samplesOf([24, 6]));
    expect(kind).toBe('classes');
    for (const { answers } of shown)
      for (const { classes } of answers) expect(typeof classes![0]!.class).toBe('string');
  });
});
