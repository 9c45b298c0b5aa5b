import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { roundedCount, roundingTo } from '../../src/allocation/rounding.js';
import { ascending, curveOf, priorLoss } from '../../src/compression/prune/curves.js';
import { oneFactorEach } from '../../src/compression/prune/factors.js';
import type { Group } from '../../src/coupling/groups.js';

const group = (id: string, lanes: number, factors: Group['factors'] = new Map()): Group => ({
  id,
  lanes: Array.from({ length: lanes }, (_, lane) => lane),
  axes: [],
  exact: true,
  factors,
});

describe('rounding', () => {
  test('wide groups keep multiples of 8, narrow ones any number, none nothing', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4096 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (lanes, ratio) => {
          const kept = roundedCount(lanes, lanes * (1 - ratio), roundingTo());
          expect(kept).toBeGreaterThan(0);
          expect(kept).toBeLessThanOrEqual(lanes);
          if (lanes >= 32 && kept < lanes) expect(kept % 8).toBe(0);
          expect(Math.abs(kept - lanes * (1 - ratio))).toBeLessThanOrEqual(lanes >= 32 ? 8 : 1);
        },
      ),
    );
  });

  test('halves are rounded down', () => {
    expect(roundedCount(40, 20, roundingTo())).toBe(16);
    expect(roundedCount(3, 1.5, roundingTo())).toBe(1);
    expect(roundedCount(24, 12, roundingTo())).toBe(12);
    expect(roundedCount(10, 5, roundingTo(16))).toBe(10);
    expect(roundedCount(33, 16.5, roundingTo(1))).toBe(16);
  });
});

describe('the curve of a group', () => {
  const own = group('a', 20);
  const scores = Float64Array.from({ length: 20 }, (_, lane) => ((lane * 7) % 20) + 1);

  test('has the widths that rounding allows, and what each loses', () => {
    const loss = Float64Array.from({ length: 20 }, (_, i) => i + 1);
    const curve = curveOf(own, scores, roundingTo(8), loss);
    expect(curve.amounts).toEqual([20, 16, 8]);
    expect(curve.loss).toEqual([0, 4, 12]);
    expect(curveOf(own, scores, roundingTo(32)).amounts).toEqual([20]);
    expect(curveOf(own, scores, roundingTo(1)).amounts).toHaveLength(20);
  });

  test('each choice keeps the lanes worth most, and its steps are worth what leaves, relative to the mean', () => {
    const six = curveOf(group('b', 6), Float64Array.of(5, 1, 4, 1, 3, 2), roundingTo());
    expect(six.kept(3)).toEqual([0, 2, 4]);
    expect(six.kept(0)).toEqual([0, 1, 2, 3, 4, 5]);
    const mean = 16 / 6;
    expect(Array.from(six.worth, (worth) => worth * mean)).toEqual([1, 1, 2, 3, 4]);
    expect(curveOf(group('c', 3), new Float64Array(3), roundingTo()).worth).toEqual([1, 1]);
  });

  test('the nearest choice to a share is that of rounding', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (lanes, share) => {
          const curve = curveOf(group('d', lanes), new Float64Array(lanes), roundingTo());
          expect(curve.amounts[curve.nearest(share)]).toBe(roundedCount(lanes, lanes * share, roundingTo()));
        },
      ),
    );
  });

  test('without a measured loss it is the square of the share of the scores that has left', () => {
    expect([...priorLoss(Float64Array.of(1, 6, 1), [0, 2, 1])]).toEqual([1 / 64, 1 / 16, 1]);
    expect([...priorLoss(new Float64Array(2), [1, 0])]).toEqual([1 / 4, 1]);
  });

  test('of equal lanes the first leaves first', () => {
    expect(ascending(Float64Array.of(2, 1, 1, 3))).toEqual([1, 2, 0, 3]);
  });
});

describe('products', () => {
  const product = (outer: number, inner: number): Group[] => [
    group('outer', outer, new Map([[1, 'inner']])),
    group('inner', inner, new Map([[0, 'outer']])),
  ];

  test('the outer factor is cut, or the inner one where there are fewer than four of the outer', () => {
    const many = product(12, 64);
    expect(oneFactorEach(many, many).map((own) => own.id)).toEqual(['outer']);
    const few = product(2, 64);
    expect(oneFactorEach(few, few).map((own) => own.id)).toEqual(['inner']);
  });

  test('what may not be cut stands in nobody’s way', () => {
    const groups = product(12, 64);
    expect(oneFactorEach(groups, [groups[1]!]).map((own) => own.id)).toEqual(['inner']);
  });
});
