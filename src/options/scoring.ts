import * as v from 'valibot';
import { option, quoted, text } from '../base/words.js';
import { optionSet } from '../schema/declaration.js';
import { described, type Field, integer, positive, textsOf } from '../schema/fields.js';
import { type Combination, MODES } from '../scoring/combined.js';
import { criterionCatalogue, defaultCriterion } from '../scoring/criteria.js';
import { optionValues } from '../scoring/options.js';
import type { OptionValues } from '../scoring/optionTypes.js';
import { calibrationOptions, freeOptions, memory } from './calibration.js';
import { callOptions } from './call.js';
import { HEADING } from './headings.js';
import type { CalibrationOptions, CallOptions, FreeOptions, ScoreOptions } from './interfaces.js';

const CRITERION = 'a name from criteria(), or what combine() gave';

/** What `combine` gives. */
const combination: Field<Combination> = v.strictObject({
  name: v.string(),
  by: v.picklist(MODES),
  parts: v.pipe(
    v.array(v.strictObject({ criterion: v.string(), weight: positive(), options: optionValues })),
    v.minLength(1),
  ),
});

const criterion: Field<string | Combination> = described(v.union([v.string(), combination], CRITERION), {
  says: CRITERION,
  type: 'string | Combination',
  from: { Combination: 'scoring/combined' },
  form: 'criterion',
  choices: () => criterionCatalogue.all.map(({ name }) => name),
});

/** Seed of whatever a call draws at random. */
export const seed = {
  takes: integer(),
  help: 'seed of what is drawn at random',
  defaults: [{ is: 0 }],
  advice: text`Give ${option('seed', 0)}, or any other whole number.`,
  sign: 'N',
};

/** The declarations of `ScoreOptions`: the importance criterion and its own options. */
export const scoreOptions = optionSet<ScoreOptions, CalibrationOptions & FreeOptions & CallOptions>({
  name: 'ScoreOptions',
  about: 'What lanes are worth, and on which samples: options of `score`.',
  bases: [calibrationOptions, freeOptions, callOptions],
  own: {
    criterion: {
      takes: criterion,
      help: 'what a lane is worth',
      defaults: [
        { is: defaultCriterion(false) },
        { when: text`with ${quoted('data')}`, is: defaultCriterion(true) },
      ],
      sign: 'NAME',
      heading: HEADING.worth,
    },
    memory,
    criterionOptions: {
      takes: described(optionValues as Field<OptionValues>, {
        says: 'an object such as { bins: 64 }',
        type: 'Readonly<Record<string, string | number | boolean>>',
      }),
      help: 'options of the criterion, by their names',
      heading: HEADING.worth,
    },
    keep: {
      takes: textsOf('an array of globs'),
      help: 'tensors or nodes that must stay whole',
      sign: 'GLOB',
      heading: HEADING.where,
    },
    seed,
  },
});
