import { policyNamed } from '../allocation/policies.js';
import { option, optionAs, type Spoken, text } from '../base/errors.js';
import { checkGuards } from '../guard/check.js';
import { GIVE_DATA } from '../schema/advice.js';
import { checked, invalid } from '../schema/check.js';
import { checkNeeds, criterionNamed, defaultCriterion } from '../scoring/criteria.js';
import { estimationOptions, MOST_BINS } from '../scoring/estimation.js';
import { defaultsOf, optionsFor } from '../scoring/options.js';
import { treeOptions } from './growing.js';
import type {
  PlanOptions,
  ReportOptions,
  ScoreOptions,
  SweepOptions,
  TreeOptions,
  VerifyOptions,
} from './interfaces.js';
import { planOptions } from './planning.js';
import { policyFor } from './policyFor.js';
import { reportOptions } from './reporting.js';
import { scoreOptions } from './scoring.js';
import { sweepOptions } from './sweeping.js';
import { verifyOptions } from './verifying.js';

/**
 * Checks each option of a score by itself, and whether they go together. errors: OPTION_INVALID, before any file is touched.
 */
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

/** Checks each option of a plan by itself, and whether they go together. errors: OPTION_INVALID, before any file is touched. */
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

/** Checks each option of a tree by itself, and whether they go together. errors: OPTION_INVALID, before any file is touched. */
export function checkTreeOptions(given: unknown): TreeOptions {
  const options = checked(treeOptions, given);
  checkTree(options);
  return options;
}

/** Checks whether options of a tree go together. errors: OPTION_INVALID */
export function checkTree(given: Omit<TreeOptions, 'group'>): void {
  const { estimator, variant } = { ...defaultsOf(estimationOptions), ...given };
  const { bins, data } = given;
  if (bins !== undefined && bins > MOST_BINS && estimator === 'histogram')
    throw invalid(
      text`${option('bins')} must be a whole number from 2 to ${MOST_BINS} for ${estimator}, not ${bins}`,
      'Leave it out.',
    );
  if (variant !== 'pairs' && estimator !== 'histogram')
    throw invalid(
      `the variant ${variant} is estimated by histograms only`,
      text`Leave ${option('estimator')} out, or choose ${option('variant', 'pairs')}.`,
    );
  if (data === undefined)
    throw invalid('the tree is made of activations, and there are no calibration data', GIVE_DATA);
}

/**
 * Checks each option of a comparison by itself, and whether they go together. errors: OPTION_INVALID, before any file is
 * opened.
 */
export function checkVerifyOptions(given: unknown): VerifyOptions {
  const options = checked(verifyOptions, given);
  if (options.labels !== undefined && options.data === undefined)
    throw invalid('labels need data that hold them', GIVE_DATA);
  return options;
}

/** Checks each option of a report by itself, and whether they go together. errors: OPTION_INVALID, before any file is opened. */
export function checkReportOptions(given: unknown): ReportOptions {
  const options = checked(reportOptions, given);
  if (options.labels !== undefined && options.data === undefined)
    throw invalid('labels need data that hold them', GIVE_DATA);
  return options;
}

/** Checks each option of a sweep by itself, and whether they go together. errors: OPTION_INVALID, before any file is opened. */
export function checkSweepOptions(given: unknown): SweepOptions {
  const options = checked(sweepOptions, given);
  const { data, macs, params, ratio, criterion: criteria, policy: policies } = options;
  if (data === undefined)
    throw invalid('a sweep looks at activations, and there are no calibration data', GIVE_DATA);
  if (macs === undefined && params === undefined && ratio === undefined)
    throw invalid(
      'nothing says how much to remove',
      text`Give ${optionAs('macs', '[0.5, 0.3]', '0.5,0.3')}, or params or ratio.`,
    );
  for (const criterion of criteria ?? [undefined])
    for (const policy of policies ?? [undefined])
      for (const amount of [macs && { macs: 0.5 }, params && { params: 0.5 }, ratio && { ratio: 0.5 }])
        if (amount)
          checkPlanOptions({
            data,
            ...(criterion !== undefined && { criterion }),
            ...amount,
            ...(policy !== undefined && { policy }),
          });
  return options;
}
