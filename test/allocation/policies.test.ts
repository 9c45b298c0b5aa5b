import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { global } from '../../src/allocation/global.js';
import type { Budget } from '../../src/allocation/policy.js';
import { oneFactorEach, roundedCount, roundingTo } from '../../src/allocation/policy.js';
import { uniform } from '../../src/allocation/uniform.js';
import type { Group } from '../../src/coupling/groups.js';

const group = (id: string, lanes: number, factors: Group['factors'] = new Map()): Group => ({
  id,
  lanes: Array.from({ length: lanes }, (_, lane) => lane),
  slots: [],
  exact: true,
  factors,
});

const scored = (groups: readonly Group[]): Map<Group, Float64Array> =>
  new Map(
    groups.map((own, i) => [own, Float64Array.from(own.lanes, (lane) => ((lane * 7 + i * 3) % 11) + 1)]),
  );

const sizes = fc.array(fc.integer({ min: 2, max: 200 }), { minLength: 1, maxLength: 6 });

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

describe('uniform', () => {
  test('keeps the lanes worth most, in order', () => {
    const own = group('a', 6);
    const kept = uniform.allocate({
      groups: [own],
      scores: new Map([[own, Float64Array.of(5, 1, 4, 1, 3, 2)]]),
      rounding: roundingTo(),
      ratio: 0.5,
    });
    expect(kept.get(own)).toEqual([0, 2, 4]);
  });
});

describe('global', () => {
  const budgetOf = (share: number, groups: readonly Group[]): Budget => {
    const cost: Budget['cost'] = (kept) =>
      groups.reduce((sum, own, i) => sum + (kept.get(own)?.length ?? own.lanes.length) * (i + 1), 0);
    return { name: 'params', limit: share * cost(new Map()), cost };
  };

  test('never exceeds the budget, and giving back one unit of any group that was cut last would', () => {
    fc.assert(
      fc.property(sizes, fc.double({ min: 0.3, max: 1, noNaN: true }), (lengths, share) => {
        const groups = lengths.map((lanes, i) => group(`g${i}`, lanes));
        const budget = budgetOf(share, groups);
        const smallest = budget.cost(new Map(groups.map((own) => [own, [0]])));
        fc.pre(smallest <= budget.limit);
        const rounding = roundingTo(1);
        const kept = global.allocate({ groups, scores: scored(groups), rounding, budget });
        expect(budget.cost(kept)).toBeLessThanOrEqual(budget.limit);
        for (const positions of kept.values()) expect(positions.length).toBeGreaterThan(0);
        // One lane more in the most expensive group is the least that one unit can be off.
        expect(budget.limit - budget.cost(kept)).toBeLessThan(Math.max(...groups.map((_, i) => i + 1)));
      }),
    );
  });

  test('says the smallest that is possible', () => {
    const groups = [group('a', 4), group('b', 4)];
    const budget = budgetOf(0.1, groups);
    expect(() =>
      global.allocate({ groups, scores: scored(groups), rounding: roundingTo(1), budget }),
    ).toThrow(/smallest possible model has 25\.0 %/);
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
