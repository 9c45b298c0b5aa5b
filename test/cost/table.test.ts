import { expect, test } from 'vitest';
import type { MeasurableNode } from '../../src/cost/latency/layers.js';
import { gridOf, interpolated } from '../../src/cost/latency/table.js';

const layer = {} as MeasurableNode;

test('a grid of a narrow width, of a wide one in blocks, and of one lane', () => {
  expect([gridOf(6), gridOf(64), gridOf(100), gridOf(1), gridOf(2)]).toEqual([
    [2, 3, 5, 6],
    [16, 32, 48, 64],
    [24, 48, 72, 100],
    [1],
    [1, 2],
  ]);
});

test('between points it is linear in each width, and what is bilinear comes out exact', () => {
  const grid = [
    [8, 16, 32],
    [4, 8],
  ];
  const cost = (a: number, b: number) => 1 + 0.1 * a + 0.2 * b + 0.01 * a * b;
  const ms = grid[0]!.flatMap((a) => grid[1]!.map((b) => cost(a, b)));
  for (const [a, b] of [
    [8, 4],
    [32, 8],
    [20, 5],
    [12, 7],
    [4, 2],
  ] as const)
    expect(interpolated({ layer, grid, ms }, [a, b])).toBeCloseTo(cost(a, b), 12);
  expect(interpolated({ layer, grid: [[8, 16]], ms: [1, 10] }, [1])).toBe(0);
  expect(interpolated({ layer, grid: [[8]], ms: [3] }, [5])).toBe(3);
  expect(interpolated({ layer, grid: [], ms: [3] }, [])).toBe(3);
});
