import { EspalierError, option, text } from '../base/errors.js';
import type { Group } from '../coupling/groups.js';
import { impossible } from './global.js';
import type { Policy, Rounding, Task } from './policy.js';
import { ascending } from './policy.js';

/**
 * Widths of least predicted damage under a budget. With data the damage is measured: what consumers lose of their variance when lanes
 * leave, times what the model's answers lose for it. Without, the square of the share of the scores that has left stands for it.
 */
export const allocate: Policy = {
  name: 'allocate',
  summary: 'chooses the widths of least predicted damage under a budget: a knapsack over all groups',
  takes: 'budget',
  weighs: true,
  allocate: (task) => {
    const { budget, groups, rounding } = task;
    if (budget === undefined)
      throw new EspalierError(
        'OPTION_INVALID',
        'the policy allocate needs a budget',
        {},
        text`Give ${option('macs')}, ${option('params')}, ${option('bytes')} or ${option('latency')}.`,
      );
    const orders = new Map(groups.map((group) => [group, ascending(task.scores.get(group)!)]));
    const curves = groups.map((group) => curveOf(group, damageOf(task, group, orders.get(group)!), rounding));
    const widths = new Map<Group, number>();
    const kept = (): ReadonlyMap<Group, readonly number[]> =>
      new Map(
        [...widths].map(([group, stay]) => {
          const order = orders.get(group)!;
          return [group, order.slice(order.length - stay).sort((a, b) => a - b)];
        }),
      );
    const cost = (): number => budget.costOf?.(widths) ?? budget.cost(kept());
    const chosen = allocateWidths(curves, {
      limit: budget.limit,
      set: (group, stay) => void widths.set(group, stay),
      cost,
    });
    if (chosen === undefined) {
      for (const { group, widths: own } of curves) widths.set(group, own.at(-1)!);
      throw impossible(budget.name, budget.limit, budget.cost(kept()), budget.cost(new Map()));
    }
    for (const [index, choice] of chosen.entries())
      widths.set(curves[index]!.group, curves[index]!.widths[choice]!);
    return kept();
  },
};

/** What is lost once so many + 1 lanes of an order have left. */
function damageOf({ damage, scores }: Task, group: Group, order: readonly number[]): ArrayLike<number> {
  const known = damage?.get(group);
  if (known !== undefined) return known;
  return presumed(scores.get(group)!, order);
}

/** What stands for a damage that is not known: the square of the share of the scores that has left. */
export function presumed(scores: Float64Array, order: ArrayLike<number>): Float64Array {
  const all = scores.reduce((sum, value) => sum + value, 0);
  let left = 0;
  return Float64Array.from(order, (lane, place) => {
    left += scores[lane]!;
    return (all > 0 ? left / all : (place + 1) / order.length) ** 2;
  });
}

/** What a group may be cut to, and what that is predicted to cost the model's answers. */
export interface Curve {
  readonly group: Group;
  /** Lanes that may stay, from all of them down. */
  readonly widths: readonly number[];
  /** By width: >= 0, and 0 for all lanes. */
  readonly damage: readonly number[];
}

/** What is left, by widths: a polynomial of degree two in each of them. */
export interface Costing {
  readonly limit: number;
  set(group: Group, lanes: number): void;
  cost(): number;
}

/** The curve of a group whose first `k` lanes in order leave at a damage of `damage[k - 1]`. */
export function curveOf(group: Group, damage: ArrayLike<number>, { step }: Rounding): Curve {
  const lanes = group.lanes.length;
  const block = step(lanes);
  const widths = [lanes];
  for (let stay = Math.floor((lanes - 1) / block) * block; stay >= block; stay -= block) widths.push(stay);
  return {
    group,
    widths,
    damage: widths.map((stay) => (stay === lanes ? 0 : damage[lanes - stay - 1]!)),
  };
}

const BISECTIONS = 40;
const SWEEPS = 8;

/**
 * The widths of least predicted damage whose cost holds a limit: a knapsack with one choice for each group.
 *
 * A price on cost makes the choices independent but for the products of widths in it: each group in turn takes the width
 * of least damage plus price, until none changes. Bisection finds the price at which the limit holds, and what room is left is
 * given to the groups that gain most by it.
 *
 * returns: for each curve the index of its width; undefined where even the smallest widths cost too much
 * source: Lagrangian relaxation, Everett 1963; multiple choices, Sinha, Zoltners 1979
 */
export function allocateWidths(curves: readonly Curve[], costing: Costing): number[] | undefined {
  const chosen = curves.map(() => 0);
  const set = (index: number, choice: number): void =>
    costing.set(curves[index]!.group, curves[index]!.widths[choice]!);
  const use = (choices: readonly number[]): number => {
    for (const [index, choice] of choices.entries()) set(index, choice);
    return costing.cost();
  };
  const whole = use(chosen);
  if (whole <= costing.limit) return chosen;
  const smallest = curves.map(({ widths }) => widths.length - 1);
  if (use(smallest) > costing.limit) return undefined;

  const settle = (price: number, from: readonly number[]): number[] => {
    const choices = [...from];
    use(choices);
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      let changed = false;
      for (const index of curves.keys()) {
        const best = cheapest(curves[index]!, costsOf(curves[index]!, costing), price);
        set(index, best);
        if (best !== choices[index]) changed = true;
        choices[index] = best;
      }
      if (!changed) break;
    }
    return choices;
  };

  let [low, high] = [0, 1 / whole];
  let found = smallest;
  let last: readonly number[] = chosen;
  for (let step = 0; step < BISECTIONS; step++) {
    const price = low === 0 && found === smallest ? high : (low + high) / 2;
    last = settle(price, last);
    if (use(last) <= costing.limit) {
      found = [...last];
      high = price;
    } else {
      low = price;
      if (found === smallest) high = 2 * price;
    }
  }
  return improved(curves, found, use, costing.limit);
}

/** The cost at each width of a curve, all others as they are: exact for what is quadratic in it. */
function costsOf({ group, widths }: Curve, costing: Costing): number[] {
  const last = widths.length - 1;
  const places = [...new Set([0, last >> 1, last])];
  const points = places.map((place) => {
    costing.set(group, widths[place]!);
    return [widths[place]!, costing.cost()] as const;
  });
  return widths.map((x) =>
    points.reduce((sum, [xi, yi], i) => {
      const factor = points.reduce(
        (product, [xj], j) => (i === j ? product : (product * (x - xj)) / (xi - xj)),
        1,
      );
      return sum + yi * factor;
    }, 0),
  );
}

function cheapest({ damage }: Curve, costs: readonly number[], price: number): number {
  let best = 0;
  for (const index of damage.keys())
    if (damage[index]! + price * costs[index]! < damage[best]! + price * costs[best]!) best = index;
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
  const damageOf = (index: number, choice: number): number => curves[index]!.damage[choice]!;
  for (;;) {
    const before = use(choices);
    let best: { readonly index: number; readonly gain: number } | undefined;
    for (const index of curves.keys()) {
      if (choices[index] === 0) continue;
      choices[index]! -= 1;
      const cost = use(choices);
      const gain =
        (damageOf(index, choices[index]! + 1) - damageOf(index, choices[index]!)) /
        Math.max(cost - before, Number.MIN_VALUE);
      choices[index]! += 1;
      if (cost <= limit && (best === undefined || gain > best.gain)) best = { index, gain };
    }
    if (best === undefined) return choices;
    choices[best.index]! -= 1;
  }
}
