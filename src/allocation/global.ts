import { command, EspalierError, option, text } from '../base/errors.js';
import type { Group } from '../coupling/groups.js';
import type { Budget, Policy, Task } from './policy.js';
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
  summary:
    'removes the lanes worth least anywhere until a budget (multiply-adds, parameters, bytes or latency) holds',
  takes: 'budget',
  allocate: (task) => {
    const { budget } = task;
    if (budget === undefined) {
      throw new EspalierError(
        'OPTION_INVALID',
        'the policy global needs a budget',
        {},
        text`Give ${option('macs')}, ${option('params')}, ${option('bytes')} or ${option('latency')}.`,
      );
    }
    const orders = new Map(task.groups.map((group) => [group, ascending(task.scores.get(group)!)]));
    const units = unitsOf(task, orders).sort((a, b) => a.worth - b.worth);
    const keptOf = (stay: ReadonlyMap<Group, number>): ReadonlyMap<Group, readonly number[]> =>
      new Map([...stay].map(([group, left]) => [group, topLanes(orders.get(group)!, left)]));
    const cost = (stay: ReadonlyMap<Group, number>): number => budget.cost(keptOf(stay));
    const stayAfter = (count: number): Map<Group, number> =>
      new Map(units.slice(0, count).map((unit) => [unit.group, unit.stay]));

    const smallest = cost(stayAfter(units.length));
    if (smallest > budget.limit) throw impossible(budget.name, budget.limit, smallest, cost(new Map()));
    let enough = units.length;
    let few = -1;
    while (enough - few > 1) {
      const middle = Math.floor((enough + few) / 2);
      if (cost(stayAfter(middle)) <= budget.limit) enough = middle;
      else few = middle;
    }
    return keptOf(withGivenBack(units.slice(0, enough), (stay) => cost(stay) <= budget.limit));
  },
};

const topLanes = (ascendingOrder: readonly number[], count: number): readonly number[] =>
  ascendingOrder.slice(ascendingOrder.length - count).sort((a, b) => a - b);

/**
 * The unit that made the budget hold may have been a large one: what fits in again comes back, the most worthy first.
 * One pass over the groups, each offered the unit that it lost last.
 */
function withGivenBack(
  gone: readonly Unit[],
  holds: (stay: ReadonlyMap<Group, number>) => boolean,
): ReadonlyMap<Group, number> {
  const lost = new Map<Group, Unit[]>();
  for (const unit of gone) lost.set(unit.group, [...(lost.get(unit.group) ?? []), unit]);
  const stay = new Map([...lost].map(([group, own]) => [group, own.at(-1)!.stay]));
  for (const [group, own] of [...lost].sort(([, a], [, b]) => b.at(-1)!.worth - a.at(-1)!.worth)) {
    const before = own.at(-2)?.stay ?? group.lanes.length;
    const offer = new Map(stay).set(group, before);
    if (holds(offer)) stay.set(group, before);
  }
  return stay;
}

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

export function impossible(
  name: Budget['name'],
  limit: number,
  smallest: number,
  original: number,
): EspalierError {
  const percent = (value: number): string => `${((100 * value) / original).toFixed(1)} %`;
  const amount = (value: number): string => (name === 'bytes' ? `${Math.ceil(value)} bytes` : percent(value));
  return new EspalierError(
    'BUDGET_IMPOSSIBLE',
    text`${option(name)} asks for at most ${amount(limit)} of the original, but the smallest possible model has ${amount(smallest)}`,
    {},
    text`Ask for more, or free more lanes: ${option('roundTo', 1)}, fewer ${option('keep')}, no ${option('exact')}. ${command.inspect} shows what is frozen and why.`,
  );
}
