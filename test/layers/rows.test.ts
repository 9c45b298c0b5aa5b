import { expect, test } from 'vitest';
import type { Layer, WeightUse } from '../../src/layers/layers.js';
import { channelsFirst, rowsOf, sampledRows, valuesAt } from '../../src/layers/rows.js';

const layer = {
  weight: { dims: [4, 3, 2, 2] },
  layout: { outputs: [0], input: 1, taps: [2, 3], fixed: [] },
  channels: 3,
  taps: 4,
  groups: 1,
} as unknown as Layer;
const window = { strides: [1, 2], dilations: [1, 1], pads: [1, 0, 0, 1] };
const first = { axis: 1, window } as unknown as WeightUse;
const last = { axis: 3, window } as unknown as WeightUse;

/** [2 3 4 5] by an index of each element, and the same with channels last. */
const x = Float32Array.from({ length: 120 }, (_, i) => i);
const turned = new Float32Array(120);
for (let n = 0; n < 2; n++)
  for (let c = 0; c < 3; c++)
    for (let p = 0; p < 20; p++) turned[(n * 20 + p) * 3 + c] = x[(n * 3 + c) * 20 + p]!;

test.each([1, 3, 7])('convolutions see the same with channels last, each %i-th position', (every) => {
  expect(rowsOf(layer, last, turned, [2, 4, 5, 3], every)).toEqual(
    rowsOf(layer, first, x, [2, 3, 4, 5], every),
  );
  expect(sampledRows(layer, last, turned, [2, 4, 5, 3], every)).toEqual(
    sampledRows(layer, first, x, [2, 3, 4, 5], every),
  );
  expect(valuesAt(layer, last, { data: turned, dims: [2, 4, 5, 3], axis: 3 }, every)).toEqual(
    valuesAt(layer, first, { data: x, dims: [2, 3, 4, 5], axis: 1 }, every),
  );
});

test('what is no convolution, or has its channels first, stays as it lies', () => {
  const values = { data: x, dims: [2, 3, 4, 5], axis: 1 };
  expect(channelsFirst(first, values)).toBe(values);
  const rows = { data: turned, dims: [2, 4, 5, 3], axis: 3 };
  expect(channelsFirst({ axis: 3 } as unknown as WeightUse, rows)).toBe(rows);
});
