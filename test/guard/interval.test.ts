import { expect, test } from 'vitest';
import { bootstrap, wilson } from '../../src/guard/interval.js';

// Newcombe, Statistics in Medicine 17, 1998, table I, method 3.
test.each([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])('Wilson: %d of %d', (count, of, low, high) => {
  const [a, b] = wilson(count / of, of);
  expect(a).toBeCloseTo(low, 4);
  expect(b).toBeCloseTo(high, 4);
  // The other answer's share has the mirrored interval.
  const [c, d] = wilson(1 - count / of, of);
  expect(c).toBeCloseTo(1 - b, 12);
  expect(d).toBeCloseTo(1 - a, 12);
});

test('bootstrap: about 1.96 standard errors for many values, the same for the same seed', () => {
  const values = Array.from({ length: 400 }, (_, i) => Math.sin(i * i));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const error = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / values.length;
  const [low, high] = bootstrap(values, 7);
  expect((mean - low) / error).toBeGreaterThan(1.6);
  expect((mean - low) / error).toBeLessThan(2.4);
  expect((high - mean) / error).toBeGreaterThan(1.6);
  expect((high - mean) / error).toBeLessThan(2.4);
  expect(bootstrap(values, 7)).toEqual([low, high]);
  expect(bootstrap([3], 0)).toEqual([3, 3]);
});
