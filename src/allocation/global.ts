import { budgetFor, impossible } from './budget.js';
import type { Curve, Policy } from './curve.js';

/** One step of a curve: what leaves together, so that what is left is a choice of the unit. */
interface Step {
  readonly curve: number;
  /** The choice that it comes to. */
  readonly choice: number;
  /** Relative to its unit's mean: comparable between units. */
  readonly worth: number;
}

/**
 * The steps of all units in one order, by their worth relative to their unit's mean; the cheapest are taken until the budget
 * holds. Reached to within one step, which is one lane where nothing is rounded, and never exceeded.
 */
export const global: Policy = {
  name: 'global',
  summary:
    'removes the lanes worth least anywhere until a budget (multiply-adds, parameters, bytes or latency) holds',
  takes: 'budget',
  allocate: (task) => {
    const { curves } = task;
    const budget = budgetFor('global', task);
    const steps = curves.flatMap(stepsOf).sort((a, b) => a.worth - b.worth);
    const choicesAfter = (count: number): number[] => {
      const choices = curves.map(() => 0);
      for (const { curve, choice } of steps.slice(0, count)) choices[curve] = choice;
      return choices;
    };
    const costAfter = (count: number): number => budget.cost(choicesAfter(count));
    if (costAfter(steps.length) > budget.limit) throw impossible(budget, curves);
    let enough = steps.length;
    let few = -1;
    while (enough - few > 1) {
      const middle = Math.floor((enough + few) / 2);
      if (costAfter(middle) <= budget.limit) enough = middle;
      else few = middle;
    }
    const taken = steps.slice(0, enough);
    return withGivenBack(taken, choicesAfter(enough), (choices) => budget.cost(choices) <= budget.limit);
  },
};

/**
 * The step that made the budget hold may have been a large one: what fits in again comes back, the most worthy first.
 * One pass over the units, each offered the step that it took last.
 */
function withGivenBack(
  taken: readonly Step[],
  choices: readonly number[],
  holds: (choices: readonly number[]) => boolean,
): number[] {
  const last = new Map<number, Step>();
  for (const step of taken) last.set(step.curve, step);
  const before = new Map<number, number>();
  for (const { curve, choice } of taken)
    if (choice !== choices[curve]) before.set(curve, Math.max(choice, before.get(curve) ?? 0));
  const found = [...choices];
  for (const [curve] of [...last].sort(([, a], [, b]) => b.worth - a.worth)) {
    const offer = found.with(curve, before.get(curve) ?? 0);
    if (holds(offer)) found[curve] = offer[curve]!;
  }
  return found;
}

/** A step is taken after those before it, whatever it is worth. */
function stepsOf({ worth }: Curve, curve: number): Step[] {
  let most = 0;
  return Array.from(worth, (own, index) => {
    most = Math.max(most, own);
    return { curve, choice: index + 1, worth: most };
  });
}
