import { policyNamed } from '../allocation/policies.js';
import { option, optionAs, type Spoken, text } from '../base/errors.js';
import { checkGuards } from '../guard/check.js';
import { checked, invalid } from '../schema/check.js';
import { checkNeeds, criterionNamed, defaultCriterion } from '../scoring/criteria.js';
import { optionsFor } from '../scoring/options.js';
import type { PlanOptions, ScoreOptions } from './interfaces.js';
import { planOptions } from './planning.js';
import { policyFor } from './policyFor.js';
import { scoreOptions } from './scoring.js';

/** Each option by itself, and what it says beside the others. errors: OPTION_INVALID, before any file is touched. */
export function checkScoreOptions(given: unknown): ScoreOptions {
  const options = checked(scoreOptions, given);
  checkCriterion(options);
  return options;
}

function checkCriterion(options: ScoreOptions): void {
  const hasData = options.data !== undefined;
  const criterion = criterionNamed(options.criterion ?? defaultCriterion(hasData));
  checkNeeds(criterion, optionsFor(criterion, options.criterionOptions), hasData);
}

const BUDGETS = ['macs', 'params', 'bytes', 'latency'] as const;

const anyBudget: Spoken = text`${option('macs')}, ${option('params')}, ${option('bytes')} or ${option('latency')}`;

/** The same of options that plan. errors: OPTION_INVALID, before any file is touched. */
export function checkPlanOptions(given: unknown): PlanOptions {
  const options = checked(planOptions, given);
  checkCriterion(options);
  checkGuards(options.guard ?? [], options);
  const budgets = BUDGETS.filter((name) => options[name] !== undefined);
  const { ratio, policy } = options;
  if (budgets.length > 1)
    throw invalid(
      text`two budgets at once: ${option(budgets[0]!)} and ${option(budgets[1]!)}`,
      text`Give one of ${anyBudget}.`,
    );
  if (ratio !== undefined && budgets.length > 0)
    throw invalid(
      text`a ratio and a budget (${option(budgets[0]!)}) at once`,
      text`Give ${option('ratio')}, or one of ${anyBudget}.`,
    );
  const { name: chosen, takes } = policyNamed(policy ?? policyFor(options));
  if (ratio === undefined && budgets.length === 0)
    throw invalid(
      'nothing says how much to remove',
      text`Give ${option('ratio', 0.5)}, or a budget: ${option('macs', 0.5)}, ${option('params', 0.5)}, ${option('latency', 0.5)} or ${optionAs('bytes', '2_000_000', '2MB')}.`,
    );
  if (takes === 'ratio' && ratio === undefined)
    throw invalid(
      `the policy ${chosen} needs a ratio`,
      text`Give ${option('ratio')}, or choose ${option('policy', 'global')} for a budget.`,
    );
  if (takes === 'budget' && ratio !== undefined)
    throw invalid(
      `the policy ${chosen} needs a budget, not a ratio`,
      text`Give ${anyBudget}, or choose ${option('policy', 'uniform')}.`,
    );
  return options;
}
