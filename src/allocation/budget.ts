import { command, EspalierError, option, text } from '../base/errors.js';
import type { Budget, Curve, Task } from './curve.js';

/** errors: OPTION_INVALID where a policy has no budget to spend */
export function budgetFor(policy: string, { budget }: Task): Budget {
  if (budget !== undefined) return budget;
  throw new EspalierError(
    'OPTION_INVALID',
    `the policy ${policy} needs a budget`,
    {},
    text`Give ${option('macs')}, ${option('params')}, ${option('bytes')} or ${option('latency')}.`,
  );
}

/** The last choice of each curve: the least that can be left. */
export const leastOf = (curves: readonly Curve[]): number[] =>
  curves.map(({ amounts }) => amounts.length - 1);

/** That not even the least that can be left holds a budget. */
export function impossible(budget: Budget, curves: readonly Curve[]): EspalierError {
  const { name, limit } = budget;
  const original = budget.cost(curves.map(() => 0));
  const smallest = budget.cost(leastOf(curves));
  const percent = (value: number): string => `${((100 * value) / original).toFixed(1)} %`;
  const amount = (value: number): string => (name === 'bytes' ? `${Math.ceil(value)} bytes` : percent(value));
  return new EspalierError(
    'BUDGET_IMPOSSIBLE',
    text`${option(name)} asks for at most ${amount(limit)} of the original, but the smallest possible model has ${amount(smallest)}`,
    {},
    text`Ask for more, or free more lanes: ${option('roundTo', 1)}, fewer ${option('keep')}, no ${option('exact')}. ${command.inspect} shows what is frozen and why.`,
  );
}
