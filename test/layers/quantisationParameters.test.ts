import { expect, test } from 'vitest';
import {
  dequantise,
  type QuantisationParameters,
  qmaxOf,
  quantise,
  wider,
} from '../../src/layers/quantisationParameters.js';

const grid = (own: Partial<QuantisationParameters>): QuantisationParameters => ({
  ...{ scale: Float32Array.of(0.5), zero: Float32Array.of(0), axis: 0, type: 'int8', qmax: 127 },
  ...own,
});
const numbers = (...values: readonly number[]): Float32Array => Float32Array.from(values);

test('to the nearest, ties to even, no further than the grid goes', () => {
  const values = numbers(0.25, 0.75, -0.25, -0.75, 0.3, 100, -100);
  expect([...quantise(values, [7], grid({}))]).toEqual([0, 2, 0, -2, 1, 127, -127]);
  expect([...quantise(numbers(100, -100), [2], grid({ qmax: 64 }))]).toEqual([64, -64]);
  const unsigned = grid({ type: 'uint8', zero: numbers(100), qmax: 155 });
  expect([...quantise(numbers(100, -100, 1), [3], unsigned)]).toEqual([255, 0, 102]);
  expect([...quantise(numbers(1, 0), [2], grid({ scale: numbers(0) }))]).toEqual([127, 0]);
  const bias = grid({ type: 'int32', qmax: Number.POSITIVE_INFINITY });
  expect([...quantise(numbers(-3e9, 1e5), [2], bias)]).toEqual([-(2 ** 31), 2e5]);
});

test('scales and zero points along an axis', () => {
  const own = grid({ scale: numbers(0.5, 2), zero: numbers(0, 10), axis: 1 });
  const integers = numbers(1, 11, 2, 12, 3, 13, -1, 9);
  // [2 2 2]: the scales take turns every second number.
  expect([...dequantise(integers, [2, 2, 2], own)]).toEqual([0.5, 5.5, -16, 4, 1.5, 6.5, -22, -2]);
  expect([...quantise(dequantise(integers, [2, 2, 2], own), [2, 2, 2], own)]).toEqual([...integers]);
});

test('scales grow where numbers do not fit, and only there', () => {
  const own = grid({ scale: numbers(0.1, 0.1, 0.1) });
  const found = wider(numbers(12.74, -1, -25.4, 0, 0.01, 0), [3, 2], own);
  expect([...found]).toEqual([...numbers(0.1, 0.2, 0.1)]);
  // Below a zero point at the end of the range there is nothing.
  const above = grid({ type: 'uint8', scale: numbers(0.1), qmax: 255 });
  expect([...wider(numbers(-100, 51), [2], above)]).toEqual([...numbers(0.2)]);
});

test('what the original leaves of the range is left', () => {
  expect(qmaxOf(numbers(-64, 3, 63), [3], grid({}))).toBe(64);
  expect(qmaxOf(numbers(20, 255), [2], grid({ type: 'uint8', zero: numbers(120) }))).toBe(135);
  expect(qmaxOf(numbers(0, 0), [2], grid({}))).toBe(127);
});
