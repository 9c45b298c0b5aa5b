import type { Curve } from '../../allocation/curve.js';
import { type Rounding, roundedCount } from '../../allocation/rounding.js';
import type { Group } from '../../coupling/groups.js';

/** A group's widths as choices, and the lanes that each of them keeps. */
export interface GroupCurve extends Curve {
  readonly group: Group;
  /** The positions in the group that a choice keeps, ascending. */
  kept(choice: number): readonly number[];
}

/**
 * The widths that a group may be cut to: lanes leave by their scores, the lowest first.
 *
 * @param scores [lanes]; higher stays longer
 * @param loss [lanes]: what the model's answers lose once the first k + 1 lanes of that order have left; by default `priorLoss`
 */
export function curveOf(
  group: Group,
  scores: Float64Array,
  rounding: Rounding,
  loss?: ArrayLike<number>,
): GroupCurve {
  const lanes = group.lanes.length;
  const order = ascending(scores);
  const amounts = widthsOf(lanes, rounding);
  const lost = loss ?? priorLoss(scores, order);
  const mean = scores.reduce((sum, value) => sum + value, 0) / lanes;
  const worthOf = (from: number, to: number): number => {
    const leaving = order.slice(lanes - from, lanes - to);
    const worth = leaving.reduce((sum, lane) => sum + scores[lane]!, 0) / leaving.length;
    return mean > 0 ? worth / mean : 1;
  };
  return {
    unit: group.id,
    group,
    amounts,
    isLossMeasured: loss !== undefined,
    loss: amounts.map((stay) => (stay === lanes ? 0 : lost[lanes - stay - 1]!)),
    worth: amounts.slice(1).map((stay, index) => worthOf(amounts[index]!, stay)),
    nearest: (share) => amounts.indexOf(roundedCount(lanes, lanes * share, rounding)),
    kept: (choice) => order.slice(lanes - amounts[choice]!).sort((a, b) => a - b),
  };
}

/** All lanes, and every smaller multiple of the group's step, descending. */
function widthsOf(lanes: number, { step }: Rounding): number[] {
  const block = step(lanes);
  const widths = [lanes];
  for (let stay = Math.floor((lanes - 1) / block) * block; stay >= block; stay -= block) widths.push(stay);
  return widths;
}

/** What stands for a loss that is not measured: the square of the share of the scores that has left. */
export function priorLoss(scores: Float64Array, order: ArrayLike<number>): Float64Array {
  const all = scores.reduce((sum, value) => sum + value, 0);
  let left = 0;
  return Float64Array.from(order, (lane, place) => {
    left += scores[lane]!;
    return (all > 0 ? left / all : (place + 1) / order.length) ** 2;
  });
}

/** Lane positions from the one worth least to the one worth most; equal ones by position. */
export const ascending = (scores: Float64Array): number[] =>
  Array.from(scores, (_, lane) => lane).sort((a, b) => scores[a]! - scores[b]! || a - b);
