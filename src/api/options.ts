import { EspalierError } from '../errors.js';
import { checkGuards } from '../guard/check.js';
import { checkNeeds, criterionNamed, defaultCriterion, optionsFor } from '../importance/criteria.js';
import { policyNamed } from '../policy/policies.js';
import type { PlanOptions, ScoreOptions, ShapeOptions } from './types.js';

const refuse = (what: string, todo: string): EspalierError =>
  new EspalierError('OPTION_INVALID', what, {}, todo);

/** errors: OPTION_INVALID, before any file is touched. */
export function checkScoreOptions(options: ScoreOptions): void {
  const { seed, threads, samples } = options;
  const criterion = criterionNamed(options.criterion ?? defaultCriterion(options.data !== undefined));
  checkNeeds(criterion, optionsFor(criterion, options.criterionOptions), options.data !== undefined);
  if (samples !== undefined && !(Number.isSafeInteger(samples) && samples >= 1))
    throw refuse(`samples must be a whole number from 1 on, not ${samples}`, 'Leave it out to use all.');
  if (seed !== undefined && !Number.isSafeInteger(seed))
    throw refuse(`seed must be a whole number, not ${seed}`, 'Give --seed 0, or any other whole number.');
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 1024)) {
    throw refuse(
      `threads must be a whole number from 1 to 1024, not ${threads}`,
      'Leave it out to use every core.',
    );
  }
}

/** Whether shapes are lengths at all; the model says whether they are its own. errors: OPTION_INVALID */
export function checkShapeOptions({ shape }: ShapeOptions): void {
  if (shape === undefined) return;
  const todo =
    "Give each input's lengths, such as { input: [1, 3, 640, 640] }; on the command line input=1x3x640x640.";
  if (typeof shape !== 'object' || shape === null || Array.isArray(shape))
    throw refuse('shape must be an object of inputs and their lengths', todo);
  for (const [name, lengths] of Object.entries(shape))
    if (!Array.isArray(lengths) || !lengths.every((length) => Number.isSafeInteger(length) && length >= 1))
      throw refuse(`shape of "${name}" must be whole numbers from 1 on, not ${String(lengths)}`, todo);
}

/** errors: OPTION_INVALID, before any file is touched. */
export function checkPlanOptions(options: PlanOptions): void {
  checkScoreOptions(options);
  checkShapeOptions(options);
  checkGuards(options.guard ?? [], options);
  const { ratio, macs, params, bytes, latency, roundTo, policy } = options;
  if (ratio !== undefined && !(ratio > 0 && ratio < 1)) {
    throw refuse(
      `ratio must lie between 0 and 1, not ${ratio}`,
      'It is the fraction of every prunable axis to remove: 0.5 removes half.',
    );
  }
  for (const [name, share] of Object.entries({ macs, params, latency })) {
    if (share !== undefined && !(share > 0 && share <= 1)) {
      throw refuse(
        `${name} must be a fraction above 0 and up to 1, not ${share}`,
        'It is what may stay of the original: 0.5 keeps at most half.',
      );
    }
  }
  if (bytes !== undefined && !(Number.isFinite(bytes) && bytes > 0))
    throw refuse(
      `bytes must be a positive number, not ${bytes}`,
      'For example 2000000, or 2MB on the command line.',
    );
  if (roundTo !== undefined && !(Number.isInteger(roundTo) && roundTo >= 1)) {
    throw refuse(`roundTo must be a whole number of at least 1, not ${roundTo}`, '1 switches rounding off.');
  }
  const budgets = Object.entries({ macs, params, bytes, latency }).filter(([, value]) => value !== undefined);
  if (budgets.length > 1)
    throw refuse(
      `two budgets at once: ${budgets.map(([name]) => name).join(' and ')}`,
      'Give one of --macs, --params, --bytes and --latency.',
    );
  if (ratio !== undefined && budgets.length > 0)
    throw refuse(
      `a ratio and a budget (${budgets[0]![0]}) at once`,
      'Give --ratio, or one of --macs, --params, --bytes and --latency.',
    );
  const chosen = policyNamed(policy ?? policyFor(options)).name;
  if (ratio === undefined && budgets.length === 0)
    throw refuse(
      'nothing says how much to remove',
      'Give --ratio 0.5, or a budget: --macs 0.5, --params 0.5, --latency 0.5 or --bytes 2MB.',
    );
  if (chosen === 'uniform' && ratio === undefined)
    throw refuse('the policy uniform needs a ratio', 'Give --ratio, or choose --policy global for a budget.');
  if (chosen !== 'uniform' && ratio !== undefined)
    throw refuse(
      `the policy ${chosen} needs a budget, not a ratio`,
      'Give --macs, --params, --bytes or --latency, or choose --policy uniform.',
    );
}

/** The policy that the given amounts speak of. */
export const policyFor = ({ ratio, macs, params, bytes, latency, data }: PlanOptions): string => {
  if (ratio !== undefined || (macs ?? params ?? bytes ?? latency) === undefined) return 'uniform';
  return data === undefined ? 'global' : 'allocate';
};
