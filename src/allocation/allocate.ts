import { budgetFor, impossible, leastOf } from './budget.js';
import type { Budget, Curve, Policy } from './curve.js';

/**
 * Choices of least predicted loss under a budget. With data the loss is measured: what consumers lose of their variance when lanes
 * leave, times what the model's answers lose for it. Without, what units presume of themselves stands for it.
 */
export const allocate: Policy = {
  name: 'allocate',
  summary: 'chooses the widths of least predicted damage under a budget: a knapsack over all groups',
  takes: 'budget',
  needsLoss: true,
  allocate: (task) => {
    const { curves } = task;
    const budget = budgetFor('allocate', task);
    const chosen = leastLoss(curves, budget);
    if (chosen === undefined) throw impossible(budget, curves);
    return chosen;
  },
};

const BISECTIONS = 40;
const SWEEPS = 8;

/**
 * The choices of least predicted loss whose cost holds a limit: a knapsack with one choice for each unit.
 *
 * A price on cost makes the choices independent but for the products of amounts in it: each unit in turn takes the choice
 * of least loss plus price, until none changes. Bisection finds the price at which the limit holds, and what room is left is
 * given to the units that gain most by it.
 *
 * returns: a choice for each curve; undefined where even the last choices cost too much
 * source: Lagrangian relaxation, Everett 1963; multiple choices, Sinha, Zoltners 1979
 */
export function leastLoss(
  curves: readonly Curve[],
  budget: Pick<Budget, 'limit' | 'cost' | 'costOfAmounts'>,
): readonly number[] | undefined {
  const { limit } = budget;
  const use = (choices: readonly number[]): number => budget.costOfAmounts?.(choices) ?? budget.cost(choices);
  const untouched = curves.map(() => 0);
  const whole = use(untouched);
  if (whole <= limit) return untouched;
  const smallest = leastOf(curves);
  if (use(smallest) > limit) return undefined;

  const settle = (price: number, from: readonly number[]): number[] => {
    const choices = [...from];
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      let changed = false;
      for (const [index, curve] of curves.entries()) {
        const best = cheapest(curve, costsOf(index, curve, choices, use), price);
        if (best !== choices[index]) changed = true;
        choices[index] = best;
      }
      if (!changed) break;
    }
    return choices;
  };

  let [low, high] = [0, 1 / whole];
  let found = smallest;
  let last: readonly number[] = untouched;
  for (let step = 0; step < BISECTIONS; step++) {
    const price = low === 0 && found === smallest ? high : (low + high) / 2;
    last = settle(price, last);
    if (use(last) <= limit) {
      found = [...last];
      high = price;
    } else {
      low = price;
      if (found === smallest) high = 2 * price;
    }
  }
  return improved(curves, found, use, limit);
}

/** The cost at each choice of a curve, all others as they are: exact for what is quadratic in its amounts. */
function costsOf(
  index: number,
  { amounts }: Curve,
  choices: readonly number[],
  use: (choices: readonly number[]) => number,
): number[] {
  const last = amounts.length - 1;
  const own = [...choices];
  const points = [...new Set([0, last >> 1, last])].map((place) => {
    own[index] = place;
    return [amounts[place]!, use(own)] as const;
  });
  return amounts.map((x) =>
    points.reduce((sum, [xi, yi], i) => {
      const factor = points.reduce(
        (product, [xj], j) => (i === j ? product : (product * (x - xj)) / (xi - xj)),
        1,
      );
      return sum + yi * factor;
    }, 0),
  );
}

function cheapest({ amounts, loss }: Curve, costs: readonly number[], price: number): number {
  let best = 0;
  for (const index of amounts.keys())
    if (loss[index]! + price * costs[index]! < loss[best]! + price * costs[best]!) best = index;
  return best;
}

/** Gives back what fits in, always where it helps most for what it takes. */
function improved(
  curves: readonly Curve[],
  from: readonly number[],
  use: (choices: readonly number[]) => number,
  limit: number,
): number[] {
  const choices = [...from];
  const lossOf = (index: number, choice: number): number => curves[index]!.loss[choice]!;
  for (;;) {
    const before = use(choices);
    let best: { readonly index: number; readonly gain: number } | undefined;
    for (const index of curves.keys()) {
      if (choices[index] === 0) continue;
      choices[index]! -= 1;
      const cost = use(choices);
      const gain =
        (lossOf(index, choices[index]! + 1) - lossOf(index, choices[index]!)) /
        Math.max(cost - before, Number.MIN_VALUE);
      choices[index]! += 1;
      if (cost <= limit && (best === undefined || gain > best.gain)) best = { index, gain };
    }
    if (best === undefined) return choices;
    choices[best.index]! -= 1;
  }
}
