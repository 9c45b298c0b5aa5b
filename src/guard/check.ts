import { EspalierError, option, optionAs, type Spoken, text } from '../base/errors.js';
import { GIVE_DATA } from '../schema/advice.js';
import { GUARD_METRICS, metricNamed } from './metrics.js';
import type { Guard } from './types.js';

/** errors: OPTION_INVALID for what can be no guard, before any file is touched. */
export function checkGuards(
  guards: readonly Guard[],
  { data, labels }: { readonly data?: unknown; readonly labels?: string | undefined },
): void {
  for (const guard of guards) checkGuard(guard, labels);
  if (guards.length > 0 && data === undefined)
    throw refuse('a guard is kept on samples, and none are given', GIVE_DATA);
  const twice = guards.find(({ metric }, i) => guards.findIndex((guard) => guard.metric === metric) < i);
  if (twice !== undefined) throw refuse(`two guards on ${twice.metric}`, 'Give one.');
}

function checkGuard({ metric, atLeast, atMost }: Guard, labels: string | undefined): void {
  if (!GUARD_METRICS.includes(metric))
    throw refuse(`there is no metric "${metric}" to guard`, `Choose one of ${GUARD_METRICS.join(', ')}.`);
  const { limit, range } = metricNamed(metric);
  const sign = limit === 'atLeast' ? '>=' : '<=';
  const bound = limit === 'atLeast' ? 0.98 : 0.05;
  const example = optionAs(
    'guard',
    `[{ metric: '${metric}', ${limit}: ${bound} }]`,
    `'${metric}${sign}${bound}'`,
  );
  const [value, other] = limit === 'atLeast' ? [atLeast, atMost] : [atMost, atLeast];
  if (value === undefined || other !== undefined) {
    const better = limit === 'atLeast' ? 'higher' : 'lower';
    throw refuse(
      `${metric} is better when it is ${better}: it is guarded by ${sign}`,
      text`Give ${example}.`,
    );
  }
  const [least, most] = range;
  if (!(value >= least && value <= most))
    throw refuse(
      `${metric} lies between ${least} and ${most}, so it cannot be ${sign} ${value}`,
      text`Give ${example}.`,
    );
  if (metric === 'accuracy' && labels === undefined)
    throw refuse(
      'accuracy is told by labels, and none are named',
      text`Name the array that holds them: ${option('labels', 'NAME')}.`,
    );
}

const refuse = (what: string, todo: string | Spoken): EspalierError =>
  new EspalierError('OPTION_INVALID', what, {}, todo);
