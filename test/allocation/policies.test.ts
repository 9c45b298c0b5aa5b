import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Budget, Curve } from '../../src/allocation/curve.js';
import { global } from '../../src/allocation/global.js';
import { uniform } from '../../src/allocation/uniform.js';
import { curveFrom } from './curves.js';

const curvesOf = (lengths: readonly number[]): Curve[] =>
  lengths.map((parts, i) =>
    curveFrom(
      `g${i}`,
      Array.from({ length: parts }, (_, choice) => choice),
      Array.from({ length: parts - 1 }, (_, step) => ((step * 7 + i * 3) % 11) + 1),
    ),
  );

const sizes = fc.array(fc.integer({ min: 2, max: 200 }), { minLength: 1, maxLength: 6 });

describe('uniform', () => {
  test('asks each unit for the choice nearest to the share that stays', () => {
    const asked: number[] = [];
    const curves = curvesOf([4, 8]).map((curve, index) => ({
      ...curve,
      nearest: (share: number) => {
        asked.push(share);
        return index + 1;
      },
    }));
    expect(uniform.allocate({ curves, ratio: 0.25 })).toEqual([1, 2]);
    expect(asked).toEqual([0.75, 0.75]);
    expect(() => uniform.allocate({ curves })).toThrow(/needs a ratio/);
  });
});

describe('global', () => {
  const budgetOf = (share: number, curves: readonly Curve[]): Budget => {
    const cost: Budget['cost'] = (choices) =>
      curves.reduce((sum, { amounts }, i) => sum + amounts[choices[i]!]! * (i + 1), 0);
    return { name: 'params', limit: share * cost(curves.map(() => 0)), cost };
  };

  test('never exceeds the budget, and giving back one step of any unit that was cut last would', () => {
    fc.assert(
      fc.property(sizes, fc.double({ min: 0.3, max: 1, noNaN: true }), (lengths, share) => {
        const curves = curvesOf(lengths);
        const budget = budgetOf(share, curves);
        fc.pre(budget.cost(lengths.map((parts) => parts - 1)) <= budget.limit);
        const chosen = global.allocate({ curves, budget });
        expect(budget.cost(chosen)).toBeLessThanOrEqual(budget.limit);
        for (const [index, choice] of chosen.entries()) expect(choice).toBeLessThan(lengths[index]!);
        // One part more in the most expensive unit is the least that one step can be off.
        expect(budget.limit - budget.cost(chosen)).toBeLessThan(curves.length);
      }),
    );
  });

  test('a step is taken after those before it, however little it is worth', () => {
    const curves = [curveFrom('a', [0, 1, 2], [5, 1]), curveFrom('b', [0, 1, 2], [2, 3])];
    const budget: Budget = {
      name: 'params',
      limit: 4,
      cost: (choices) => curves.reduce((sum, { amounts }, i) => sum + amounts[choices[i]!]!, 0),
    };
    expect(global.allocate({ curves, budget })).toEqual([0, 2]);
  });

  test('says the smallest that is possible', () => {
    const curves = curvesOf([4, 4]);
    expect(() => global.allocate({ curves, budget: budgetOf(0.1, curves) })).toThrow(
      /smallest possible model has 25\.0 %/,
    );
  });
});
