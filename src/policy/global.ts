import { EspalierError } from '../errors.js';
import type { Group } from '../lanes/groups.js';
import type { Policy, Task } from './policy.js';
import { ascending } from './policy.js';

/** Lanes of one group that leave together, so that what is left is a multiple of the group's step. */
interface Unit {
  readonly group: Group;
  /** How many lanes of the group stay once this unit has left. */
  readonly stay: number;
  /** Mean score of its lanes, as a share of its group's mean: comparable between groups. */
  readonly worth: number;
}

/**
 * Lanes of all groups in one order, by their worth relative to their group's mean; the cheapest leave until the budget
 * holds. Reached to within one unit, which is one lane where nothing is rounded, and never exceeded.
 */
export const global: Policy = {
  name: 'global',
  summary: 'removes the lanes worth least anywhere until a budget (--macs, --params, --bytes) holds',
  allocate: (task) => {
    const { budget } = task;
    if (budget === undefined) {
      throw new EspalierError(
        'OPTION_INVALID',
        'the policy global needs a budget',
        {},
        'Give --macs, --params or --bytes.',
      );
    }
    const orders = new Map(task.groups.map((group) => [group, ascending(task.scores.get(group)!)]));
    const units = unitsOf(task, orders).sort((a, b) => a.worth - b.worth);
    const keptAfter = (count: number): ReadonlyMap<Group, readonly number[]> => {
      const stay = new Map<Group, number>();
      for (const unit of units.slice(0, count)) stay.set(unit.group, unit.stay);
      return new Map(
        [...stay].map(([group, left]) => [
          group,
          orders
            .get(group)!
            .slice(group.lanes.length - left)
            .sort((a, b) => a - b),
        ]),
      );
    };
    const holds = (count: number): boolean => budget.cost(keptAfter(count)) <= budget.limit;
    if (!holds(units.length))
      throw impossible(
        budget.name,
        budget.limit,
        budget.cost(keptAfter(units.length)),
        budget.cost(new Map()),
      );
    let enough = units.length;
    let few = -1;
    while (enough - few > 1) {
      const middle = Math.floor((enough + few) / 2);
      if (holds(middle)) enough = middle;
      else few = middle;
    }
    return keptAfter(enough);
  },
};

function unitsOf({ groups, scores, rounding }: Task, orders: ReadonlyMap<Group, readonly number[]>): Unit[] {
  return groups.flatMap((group) => {
    const values = scores.get(group)!;
    const order = orders.get(group)!;
    const lanes = order.length;
    const step = rounding.step(lanes);
    const mean = values.reduce((sum, value) => sum + value, 0) / lanes;
    const units: Unit[] = [];
    let gone = 0;
    for (let stay = Math.floor((lanes - 1) / step) * step; stay >= step; stay -= step) {
      const leaving = order.slice(gone, lanes - stay);
      gone = lanes - stay;
      const worth = leaving.reduce((sum, lane) => sum + values[lane]!, 0) / leaving.length;
      units.push({ group, stay, worth: mean > 0 ? worth / mean : 1 });
    }
    return units;
  });
}

function impossible(
  name: 'macs' | 'params' | 'bytes',
  limit: number,
  smallest: number,
  original: number,
): EspalierError {
  const percent = (value: number): string => `${((100 * value) / original).toFixed(1)} %`;
  const amount = (value: number): string => (name === 'bytes' ? `${Math.ceil(value)} bytes` : percent(value));
  return new EspalierError(
    'BUDGET_IMPOSSIBLE',
    `--${name} asks for at most ${amount(limit)} of the original, but the smallest possible model has ${amount(smallest)}`,
    {},
    `Ask for more, or free more lanes: --round-to 1, fewer --keep, no --exact. espalier inspect shows what is frozen and why.`,
  );
}
