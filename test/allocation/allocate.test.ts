import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocate, leastLoss } from '../../src/allocation/allocate.js';
import type { Budget, Curve, Task } from '../../src/allocation/curve.js';
import { random } from '../support/random.js';
import { curveFrom } from './curves.js';

/** A few groups, what each width of them loses, and what widths cost together. */
interface Problem {
  readonly curves: readonly Curve[];
  readonly cost: (widths: readonly number[]) => number;
}

type Shape = 'convex' | 'any';

/** Damage rises as lanes leave: ever faster, or as it comes. */
function curvesOf(lengths: readonly number[], seed: number, shape: Shape): Curve[] {
  const next = random(seed);
  return lengths.map((lanes, index) => {
    const steps = Array.from({ length: lanes }, () => Math.abs(next()) + 0.01);
    if (shape === 'convex') steps.sort((a, b) => a - b);
    let sum = 0;
    return curveFrom(`g${index}`, [0, ...steps.slice(0, -1).map((own) => (sum += own))]);
  });
}

/** Σ a_i w_i, and with products Σ b_i w_i w_{i+1} too, as layers that read each other cost. */
function problem(
  lengths: readonly number[],
  seed: number,
  shape: Shape,
  products: boolean,
  plain = false,
): Problem {
  const next = random(seed + 1);
  const alone = lengths.map(() => (plain ? 1 : 1 + Math.floor(4 * Math.abs(next()))));
  const pairs = lengths.map(() => 1 + Math.floor(4 * Math.abs(next())));
  return {
    curves: curvesOf(lengths, seed, shape),
    cost: (widths) =>
      widths.reduce(
        (sum, width, i) =>
          sum + alone[i]! * width + (products && i > 0 ? pairs[i]! * width * widths[i - 1]! : 0),
        0,
      ),
  };
}

const damageAt = ({ curves }: Problem, choices: readonly number[]): number =>
  choices.reduce((sum, choice, index) => sum + curves[index]!.loss[choice]!, 0);

const costAt = ({ curves, cost }: Problem, choices: readonly number[]): number =>
  cost(choices.map((choice, index) => curves[index]!.amounts[choice]!));

/** The least damage of all choices that hold the limit. */
function bruteForce(own: Problem, limit: number): number {
  let least = Number.POSITIVE_INFINITY;
  const choices = own.curves.map(() => 0);
  for (;;) {
    if (costAt(own, choices) <= limit) least = Math.min(least, damageAt(own, choices));
    let place = 0;
    while (place < choices.length && ++choices[place]! === own.curves[place]!.amounts.length)
      choices[place++] = 0;
    if (place === choices.length) return least;
  }
}

const solved = (own: Problem, limit: number): readonly number[] | undefined =>
  leastLoss(own.curves, { limit, cost: (choices) => costAt(own, choices) });

const lengths = fc.array(fc.integer({ min: 2, max: 6 }), { minLength: 2, maxLength: 4 });
const share = fc.double({ min: 0.15, max: 0.95, noNaN: true });

describe('against all choices there are', () => {
  test('separable costs and convex damage: the best', () => {
    fc.assert(
      fc.property(lengths, fc.nat(1_000_000), share, (sizes, seed, part) => {
        const own = problem(sizes, seed, 'convex', false, true);
        const limit =
          part *
          costAt(
            own,
            sizes.map(() => 0),
          );
        const found = solved(own, limit);
        const least = bruteForce(own, limit);
        if (found === undefined) {
          expect(least).toBe(Number.POSITIVE_INFINITY);
          return;
        }
        expect(costAt(own, found)).toBeLessThanOrEqual(limit);
        expect(damageAt(own, found)).toBeCloseTo(least, 9);
      }),
      { numRuns: 300 },
    );
  });

  test.each<[Shape, boolean]>([
    ['convex', false],
    ['convex', true],
    ['any', false],
    ['any', true],
  ])('damage %s, products %s: the limit holds, and on the whole little is lost', (shape, products) => {
    const ratios: number[] = [];
    fc.assert(
      fc.property(lengths, fc.nat(1_000_000), share, (sizes, seed, part) => {
        const own = problem(sizes, seed, shape, products);
        const whole = sizes.map(() => 0);
        const limit = part * costAt(own, whole);
        const found = solved(own, limit);
        const least = bruteForce(own, limit);
        if (found === undefined) {
          expect(least).toBe(Number.POSITIVE_INFINITY);
          return;
        }
        expect(costAt(own, found)).toBeLessThanOrEqual(limit);
        // Nothing could be given back for nothing.
        for (const index of found.keys()) {
          if (found[index] === 0) continue;
          const more = found.with(index, found[index]! - 1);
          expect(costAt(own, more)).toBeGreaterThan(limit);
        }
        if (least > 0) ratios.push(damageAt(own, found) / least);
      }),
      { numRuns: 300 },
    );
    ratios.sort((a, b) => a - b);
    // A single choice of a tiny group can be a large share of all there is.
    expect(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length).toBeLessThan(1.06);
    expect(ratios[Math.floor(0.9 * ratios.length)]).toBeLessThan(1.2);
  });

  test.each([false, true])('wide groups are within a few hundredths, products %s', (products) => {
    const ratios: number[] = [];
    for (let seed = 0; seed < 12; seed++) {
      const sizes = [20, 24, 16];
      const own = problem(sizes, seed, 'convex', products);
      const whole = costAt(own, [0, 0, 0]);
      for (const part of [0.3, 0.5, 0.8]) {
        const found = solved(own, part * whole)!;
        expect(costAt(own, found)).toBeLessThanOrEqual(part * whole);
        ratios.push(damageAt(own, found) / bruteForce(own, part * whole));
      }
    }
    // A product of widths is not convex: a few stop beside the best.
    expect(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length).toBeLessThan(1.03);
    expect(Math.max(...ratios)).toBeLessThan(1.15);
  });
});

test('all stays where the limit is no limit, and what cannot be is said', () => {
  const own = problem([4, 3], 1, 'any', true);
  const whole = costAt(own, [0, 0]);
  expect(solved(own, whole)).toEqual([0, 0]);
  const smallest = own.curves.map(({ amounts }) => amounts.length - 1);
  const least = costAt(own, smallest);
  expect(solved(own, least)).toEqual(smallest);
  expect(solved(own, least - 1e-9)).toBeUndefined();
});

describe('the policy', () => {
  const curves = [curveFrom('a', [0, 1, 2, 3, 4, 5]), curveFrom('b', [0, 1, 2, 3])];
  const cost = (choices: readonly number[]): number =>
    curves.reduce((product, { amounts }, index) => product * amounts[choices[index]!]!, 1);
  const task = (limit: number, more: Partial<Task> = {}): Task => ({
    curves,
    budget: { name: 'macs', limit, cost },
    ...more,
  });

  test('units whose choices lose little give more', () => {
    const scaled = (a: number, b: number): Curve[] => [
      curveFrom(
        'a',
        [0, 1, 2, 3, 4, 5].map((loss) => a * loss),
      ),
      curveFrom(
        'b',
        [0, 1, 2, 3].map((loss) => b * loss),
      ),
    ];
    expect(allocate.allocate(task(12, { curves: scaled(1, 1e-3) }))).toEqual([0, 2]);
    expect(allocate.allocate(task(12, { curves: scaled(1e-3, 1) }))).toEqual([3, 0]);
  });

  test('costs of amounts are asked for where they are known', () => {
    let asked = 0;
    const costOfAmounts = (choices: readonly number[]): number => {
      asked += 1;
      return cost(choices);
    };
    const never = (): number => expect.fail('the exact cost is not needed');
    const budget: Budget = { name: 'macs', limit: 12, cost: never, costOfAmounts };
    expect(allocate.allocate(task(12, { budget }))).toEqual(allocate.allocate(task(12)));
    expect(asked).toBeGreaterThan(0);
  });

  test('needs a budget, and says which is the smallest', () => {
    const { budget: _, ...without } = task(1);
    expect(() => allocate.allocate(without)).toThrow(/needs a budget/);
    expect(() => allocate.allocate(task(0.5))).toThrow(/smallest possible model has 4\.2 %/);
    expect(allocate.allocate(task(1))).toEqual([5, 3]);
  });

  test('losses that are all zero are no reason to stop', () => {
    const zeros = [curveFrom('a', Array(6).fill(0)), curveFrom('b', Array(4).fill(0))];
    const chosen = allocate.allocate(task(12, { curves: zeros }));
    expect(cost(chosen)).toBeLessThanOrEqual(12);
  });
});
