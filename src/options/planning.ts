import * as v from 'valibot';
import { policyCatalogue } from '../allocation/policies.js';
import { BLOCK, WIDE } from '../base/blocks.js';
import { option, optionAs, quoted, text } from '../base/words.js';
import { GUARD_METRICS } from '../guard/metrics.js';
import type { Guard } from '../guard/types.js';
import { optionSet } from '../schema/declaration.js';
import {
  anyNumber,
  described,
  type Field,
  flag,
  oneOf,
  portion,
  positive,
  share,
  whole,
  words,
} from '../schema/fields.js';
import { shapeOptions } from './calibration.js';
import { HEADING } from './headings.js';
import type { PlanOptions, ScoreOptions, ShapeOptions } from './interfaces.js';
import { policyFor } from './policyFor.js';
import { scoreOptions } from './scoring.js';

const left = 'It is what may stay of the original: 0.5 keeps at most half.';

const policy: Field<string> = described(v.pipe(v.string('a string'), v.minLength(1, 'a string')), {
  says: 'a name from policies()',
  type: 'string',
  form: 'text',
  choices: () => policyCatalogue.all.map(({ name }) => name),
});

const GUARDS = "an array such as [{ metric: 'fidelity', atLeast: 0.98 }]";

const guards = described<readonly Guard[]>(
  v.array(
    v.strictObject(
      { metric: oneOf(GUARD_METRICS), atLeast: v.optional(anyNumber()), atMost: v.optional(anyNumber()) },
      "an object such as { metric: 'fidelity', atLeast: 0.98 }",
    ) as unknown as Field<Guard>,
    GUARDS,
  ),
  { says: GUARDS, type: 'readonly Guard[]', from: { Guard: 'guard/types' }, form: 'guard' },
);

const COMPRESS = 'an object of options by the names of compressions, such as { prune: false }';

const compress: Field<Readonly<Record<string, unknown>>> = described(
  v.record(v.string(), v.unknown(), COMPRESS),
  { says: COMPRESS, type: 'Readonly<Record<string, unknown>>' },
);

/** The array of samples that holds class labels. */
export const labels = {
  takes: words(),
  help: text`the array in ${quoted('data')} that holds class labels ('label' where folders name classes), or a CSV of files and their classes`,
  sign: 'NAME',
  heading: HEADING.checking,
};

/** The declarations of `PlanOptions`: the amount or budget, the policy, the refit, and the guards. */
export const planOptions = optionSet<PlanOptions, ScoreOptions & ShapeOptions>({
  name: 'PlanOptions',
  about: 'How much leaves, and what: options of `plan`, `prune` and `stability`.',
  bases: [scoreOptions, shapeOptions],
  own: {
    ratio: {
      takes: portion(),
      help: 'remove this fraction of every prunable axis: 0.5 removes half',
      advice: 'It is the fraction of every prunable axis to remove: 0.5 removes half.',
      sign: 'R',
      heading: HEADING.amount,
    },
    macs: {
      takes: share(),
      help: 'leave at most this fraction of the multiply-adds',
      advice: left,
      sign: 'F',
      heading: HEADING.amount,
    },
    params: {
      takes: share(),
      help: 'leave at most this fraction of the parameters',
      advice: left,
      sign: 'F',
      heading: HEADING.amount,
    },
    latency: {
      takes: share(),
      help: 'leave at most this fraction of the latency, predicted from layers measured on this machine (kept in a cache)',
      more: "The first time they are measured, for half a minute at most; after that they are read from a file in the user's cache.",
      advice: left,
      sign: 'F',
      heading: HEADING.amount,
    },
    bytes: {
      takes: described(positive(), { says: 'a number above 0', type: 'number', form: 'bytes' }),
      help: { api: 'leave at most this many bytes', cli: 'leave at most this many bytes: 2MB, 500kB, 1MiB' },
      advice: text`For example ${optionAs('bytes', '2_000_000', '2MB')}.`,
      sign: 'N',
      heading: HEADING.amount,
    },
    policy: {
      takes: policy,
      help: 'how much leaves where',
      defaults: [
        { is: policyFor({ ratio: 0.5 }) },
        { when: 'with a budget', is: policyFor({ macs: 0.5 }) },
        { when: text`with a budget and ${quoted('data')}`, is: policyFor({ macs: 0.5, data: true }) },
      ],
      sign: 'NAME',
      heading: HEADING.where,
    },
    compress: {
      takes: compress,
      help: 'what else is done under the same budget or ratio beside pruning, by the name of the compression: its options, or true',
      more: 'False leaves pruning out: `{ prune: false }`.',
      heading: HEADING.where,
    },
    reconstruct: {
      takes: flag(),
      help: text`refit what is left on ${quoted('data')}, so that each layer gives what it gave in the original`,
      more: 'Without data nothing is refitted.',
      defaults: [{ is: true }],
      off: text`leave the weights that stay as they are (without ${quoted('data')} they stay anyway)`,
      heading: HEADING.where,
    },
    exact: {
      takes: flag(),
      help: 'touch only lanes whose removal equals zeros in the original',
      heading: HEADING.where,
    },
    roundTo: {
      takes: whole(1),
      help: 'keep a multiple of this many lanes in each group',
      defaults: [{ is: 1 }, { when: `in groups of ${WIDE} lanes and more`, is: BLOCK }],
      advice: '1 switches rounding off.',
      sign: 'N',
      heading: HEADING.where,
    },
    guard: {
      takes: guards,
      help: {
        api: 'what must hold on samples held out from calibration, the last quarter of `data`: where it does not, less is removed than was asked for',
        cli: `remove less where this does not hold on held-out samples of ${option('data').cli}: ${GUARD_METRICS.join(', ')} (<= for kl; quote it)`,
      },
      more: 'Errors: GUARD_FAILED where nothing that was tried holds.',
      sign: "'METRIC>=X'",
      heading: HEADING.checking,
    },
    labels: { ...labels, more: 'It is for a guard of accuracy; calibration does not look at it.' },
  },
});
