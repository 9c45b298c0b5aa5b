import { optionSet } from '../schema/declaration.js';
import { flag, like, words } from '../schema/fields.js';
import { shapeOptions } from './calibration.js';
import type { ReportOptions, ShapeOptions, VerifyOptions } from './interfaces.js';
import { verifyOptions } from './verifying.js';

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** The declarations of `ReportOptions`: what is known of the two models already, and on what they are compared. */
export const reportOptions = optionSet<ReportOptions, VerifyOptions & ShapeOptions>({
  name: 'ReportOptions',
  about: 'What a report tells of two models beside what their files say: options of `report`.',
  bases: [verifyOptions, shapeOptions],
  own: {
    plan: {
      takes: like<NonNullable<ReportOptions['plan']>>(
        { type: 'Plan', from: { Plan: 'plan/plan' } },
        'a plan, as readPlan gives it',
        isObject,
      ),
      help: 'the plan that the pruned model was made by: it says which lanes left, and what each was worth',
      more: 'Without it the report tells how many lanes of each group are left, and not which.',
    },
    outcome: {
      takes: like<NonNullable<ReportOptions['outcome']>>(
        { type: 'ReportedOutcome', from: { ReportedOutcome: 'options/outcomes' } },
        'a result of prune or apply',
        isObject,
      ),
      help: 'what `prune` or `apply` gave, for its warnings, guards, and what there was to choose from',
      more: 'Its plan is that of the report.',
    },
    verification: {
      takes: like<NonNullable<ReportOptions['verification']>>(
        { type: 'Verification', from: { Verification: 'options/verification' } },
        'a result of verify',
        isObject,
      ),
      help: 'what `verify` gave, where the two were compared already',
    },
    tree: {
      takes: like<NonNullable<ReportOptions['tree']>>(
        { type: 'TreeReport', from: { TreeReport: 'options/treeTypes' } },
        'a result of model.tree',
        isObject,
      ),
      help: 'what `model.tree` gave, to be drawn',
    },
    compare: {
      takes: flag(),
      help: 'run both models: how alike they answer, how fast they are',
      defaults: [{ is: true }],
      off: 'run neither model: tell what the files say',
    },
    command: {
      takes: words(),
      help: 'the command or code that made the pruned model, to be shown as how to do it again',
    },
  },
});
