import * as v from 'valibot';
import { argument } from '../schema/check.js';
import { anyNumber, type Field, flag, textsOf, words } from '../schema/fields.js';
import { fieldOf } from '../scoring/options.js';
import type { CriterionOption, CriterionOptions } from '../scoring/optionTypes.js';

const said = { help: words('words that say what it does'), more: v.optional(words('whole sentences')) };

/** Tried in this order: the default says which of them an option is. */
const declaration: Field<CriterionOption> = v.union(
  [
    v.strictObject({ default: flag(), ...said }),
    v.strictObject({ default: words(), ...said, choices: v.optional(textsOf('an array of words')) }),
    v.strictObject({
      default: anyNumber(),
      ...said,
      whole: v.optional(flag()),
      least: v.optional(anyNumber()),
      most: v.optional(anyNumber()),
      above: v.optional(anyNumber()),
      below: v.optional(anyNumber()),
    }),
  ],
  "an object such as { default: 2, least: 1, help: 'what it does' }, { default: 'mean', choices: ['mean', 'max'], help } or { default: false, help }",
) as unknown as Field<CriterionOption>;

const NAMED = /^[a-z][A-Za-z0-9]*$/;

/** The options of a criterion, by their names. */
export const optionDeclarations: Field<CriterionOptions> = v.record(
  v.pipe(v.string(), v.regex(NAMED, 'named like bins or maxRows')),
  declaration,
  'an object of options by their names',
) as unknown as Field<CriterionOptions>;

/** errors: OPTION_INVALID for a default that its own declaration refuses. */
export function checkDefaults(criterion: string, options: CriterionOptions): void {
  for (const [name, own] of Object.entries(options))
    argument(`the default of the option ${name} of the criterion ${criterion}`, fieldOf(own), own.default);
}
