import type { CostModel } from '../cost/model.js';
import type { PlanOptions } from '../options/types.js';
import type { Plan } from '../plan/plan.js';
import { criterionNamed, defaultCriterion } from '../scoring/criteria.js';
import { lengthTexts } from './lengths.js';
/** How a plan was made, for people, and what `apply` needs to do the same. */
export function madeWith(
  options: PlanOptions,
  policy: string,
  reconstruct: boolean,
  costs: CostModel,
): Plan['made'] {
  const { ratio, macs, params, bytes, latency, exact, roundTo, keep, free } = options;
  const texts = lengthTexts(costs.lengths);
  const lengths = texts.length > 0 ? texts : undefined;
  const given = { ratio, macs, params, bytes, latency, exact, roundTo, keep, free, lengths };
  return {
    criterion: criterionNamed(options.criterion ?? defaultCriterion(options.data !== undefined)).name,
    ...options.criterionOptions,
    policy,
    seed: options.seed ?? 0,
    ...(reconstruct && { reconstruct }),
    ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Plan['made']),
  };
}
