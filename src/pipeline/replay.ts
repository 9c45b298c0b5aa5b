import { command, EspalierError, text } from '../base/errors.js';
import { type Decisions, replayed } from '../compression/sections.js';
import type { Analysis } from '../coupling/analysis.js';
import { isOwnDomain } from '../ops/registry.js';
import type { Plan } from '../plan/plan.js';

/**
 * What a plan says of the very model that it was made for.
 *
 * errors: PLAN_STALE, PLAN_MALFORMED. Where an operator of a custom domain has no rule, that is why: the plan was made where one was
 * registered, by which other lanes may leave.
 */
export function replay(analysis: Analysis, plan: Plan): Decisions {
  try {
    return replayed(analysis, plan);
  } catch (error) {
    const operator = withoutRule(analysis);
    if (!(error instanceof EspalierError) || operator === undefined) throw error;
    throw new EspalierError(
      error.code,
      error.what,
      error.where,
      text`The operator ${operator} has no rule here, and may have had one where the plan was made: register it with ${command.register}. Else make the plan again: ${command.plan}`,
      { cause: error },
    );
  }
}

/** The first operator of a custom domain that no rule is known of, as `domain:op`. */
function withoutRule({ frozenNodes }: Analysis): string | undefined {
  for (const [{ domain, op }, { why }] of frozenNodes)
    if (why === 'no-rule' && !isOwnDomain(domain)) return `${domain}:${op}`;
  return undefined;
}
