import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocate, allocateWidths, type Curve, curveOf, presumed } from '../../src/allocation/allocate.js';
import { type Budget, roundingTo, type Task } from '../../src/allocation/policy.js';
import type { Group } from '../../src/coupling/groups.js';
import { random } from '../support/random.js';

const group = (id: string, lanes: number): Group => ({
  id,
  lanes: Array.from({ length: lanes }, (_, lane) => lane),
  slots: [],
  exact: true,
  factors: new Map(),
});

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
    return curveOf(
      group(`g${index}`, lanes),
      Float64Array.from(steps, (own) => (sum += own)),
      roundingTo(1),
    );
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
  choices.reduce((sum, choice, index) => sum + curves[index]!.damage[choice]!, 0);

const costAt = ({ curves, cost }: Problem, choices: readonly number[]): number =>
  cost(choices.map((choice, index) => curves[index]!.widths[choice]!));

/** The least damage of all choices that hold the limit. */
function bruteForce(own: Problem, limit: number): number {
  let least = Number.POSITIVE_INFINITY;
  const choices = own.curves.map(() => 0);
  for (;;) {
    if (costAt(own, choices) <= limit) least = Math.min(least, damageAt(own, choices));
    let place = 0;
    while (place < choices.length && ++choices[place]! === own.curves[place]!.widths.length)
      choices[place++] = 0;
    if (place === choices.length) return least;
  }
}

function solved(own: Problem, limit: number): number[] | undefined {
  const widths = new Map(own.curves.map((curve) => [curve.group, curve.widths[0]!]));
  return allocateWidths(own.curves, {
    limit,
    set: (which, lanes) => void widths.set(which, lanes),
    cost: () => own.cost(own.curves.map((curve) => widths.get(curve.group)!)),
  });
}

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
  const smallest = own.curves.map(({ widths }) => widths.length - 1);
  const least = costAt(own, smallest);
  expect(solved(own, least)).toEqual(smallest);
  expect(solved(own, least - 1e-9)).toBeUndefined();
});

test('a curve has the widths that rounding allows, and what each loses', () => {
  const damage = Float64Array.from({ length: 20 }, (_, i) => i + 1);
  const own = group('a', 20);
  expect(curveOf(own, damage, roundingTo(8))).toEqual({
    group: own,
    widths: [20, 16, 8],
    damage: [0, 4, 12],
  });
  expect(curveOf(own, damage, roundingTo(32)).widths).toEqual([20]);
  expect(curveOf(own, damage, roundingTo(1)).widths).toHaveLength(20);
});

describe('the policy', () => {
  const groups = [group('a', 6), group('b', 4)];
  const scores = new Map([
    [groups[0]!, Float64Array.of(5, 1, 4, 2, 6, 3)],
    [groups[1]!, Float64Array.of(4, 1, 2, 3)],
  ]);
  const lengthOf = (kept: ReadonlyMap<Group, readonly unknown[]>, own: Group): number =>
    kept.get(own)?.length ?? own.lanes.length;
  const budgetOf = (limit: number): Budget => ({
    name: 'macs',
    limit,
    cost: (kept) => groups.reduce((product, own) => product * lengthOf(kept, own), 1),
  });
  const task = (limit: number, more: Partial<Task> = {}): Task => ({
    groups,
    scores,
    rounding: roundingTo(1),
    budget: budgetOf(limit),
    ...more,
  });

  test('lanes of the lowest scores leave, in order', () => {
    const kept = allocate.allocate(task(12));
    const ranked = [
      [4, 0, 2, 5, 3, 1],
      [0, 3, 2, 1],
    ];
    for (const [index, own] of groups.entries()) {
      const positions = kept.get(own) ?? own.lanes;
      const best = ranked[index]!.slice(0, positions.length);
      expect(positions).toEqual(best.sort((a, b) => a - b));
    }
    expect(budgetOf(12).cost(kept)).toBeLessThanOrEqual(12);
  });

  test('what is measured goes before what the scores say', () => {
    // Lanes of b cost next to nothing, those of a a lot, and the other way round.
    const damage = (a: number, b: number) =>
      new Map([
        [groups[0]!, Float64Array.from({ length: 6 }, (_, i) => a * (i + 1))],
        [groups[1]!, Float64Array.from({ length: 4 }, (_, i) => b * (i + 1))],
      ]);
    const cheap = allocate.allocate(task(12, { damage: damage(1, 1e-3) }));
    expect(groups.map((own) => lengthOf(cheap, own))).toEqual([6, 2]);
    const dear = allocate.allocate(task(12, { damage: damage(1e-3, 1) }));
    expect(groups.map((own) => lengthOf(dear, own))).toEqual([3, 4]);
  });

  test('costs of widths are asked for where they are known', () => {
    let asked = 0;
    const costOf = (widths: ReadonlyMap<Group, number>): number => {
      asked += 1;
      return groups.reduce((product, own) => product * (widths.get(own) ?? own.lanes.length), 1);
    };
    const kept = allocate.allocate(task(12, { budget: { ...budgetOf(12), costOf } }));
    expect(asked).toBeGreaterThan(0);
    expect(kept).toEqual(allocate.allocate(task(12)));
  });

  test('needs a budget, and says which is the smallest', () => {
    const { budget: _, ...without } = task(1);
    expect(() => allocate.allocate(without)).toThrow(/needs a budget/);
    expect(() => allocate.allocate(task(0.5))).toThrow(/smallest possible model has 4\.2 %/);
    expect(groups.map((own) => lengthOf(allocate.allocate(task(1)), own))).toEqual([1, 1]);
  });

  test('scores that are all zero are no reason to stop', () => {
    const zeros = new Map(groups.map((own) => [own, new Float64Array(own.lanes.length)]));
    const kept = allocate.allocate(task(12, { scores: zeros }));
    expect(budgetOf(12).cost(kept)).toBeLessThanOrEqual(12);
  });
});

test('what stands for a damage that is not known is the square of the share of the scores that has left', () => {
  expect([...presumed(Float64Array.of(1, 6, 1), [0, 2, 1])]).toEqual([1 / 64, 1 / 16, 1]);
  expect([...presumed(new Float64Array(2), [1, 0])]).toEqual([1 / 4, 1]);
});
