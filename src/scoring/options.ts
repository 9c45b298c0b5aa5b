import * as v from 'valibot';
import { option } from '../base/errors.js';
import { argument, invalid } from '../schema/check.js';
import { type AnyField, type Field, flag, number, oneOf, words } from '../schema/fields.js';
import { nearest } from '../schema/near.js';
import type {
  CriterionOption,
  CriterionOptions,
  NumberOption,
  OptionValues,
  ValueOf,
  ValuesOf,
} from './optionTypes.js';

/** Whether they can be options of some criterion; `optionsFor` says of which. */
export const optionValues: Field<OptionValues> = v.record(
  v.string(),
  v.union([v.string(), v.number(), v.boolean()], 'a word, a number, or true or false'),
  'an object such as { bins: 64 }',
);

/** What an option takes. */
export function fieldOf<O extends CriterionOption>(own: O): Field<ValueOf<O>> {
  return anyFieldOf(own) as Field<ValueOf<O>>;
}

function anyFieldOf(own: CriterionOption): AnyField {
  if ('choices' in own && own.choices !== undefined) return oneOf(own.choices);
  if (typeof own.default === 'boolean') return flag();
  return typeof own.default === 'number' ? number(own as NumberOption) : words();
}

/** The value of each option where a caller gives none. */
export const defaultsOf = <O extends CriterionOptions>(options: O): ValuesOf<O> =>
  Object.fromEntries(Object.entries(options).map(([name, own]) => [name, own.default])) as ValuesOf<O>;

/** A criterion's defaults with the caller's options over them. errors: OPTION_INVALID for an unknown or ill-typed one. */
export function optionsFor<O extends CriterionOptions>(
  { name, options }: { readonly name: string; readonly options: O },
  given: OptionValues = {},
): ValuesOf<O> {
  for (const [own, value] of Object.entries(given)) {
    if (!Object.hasOwn(options, own)) throw noOption(name, own, Object.keys(options));
    const declared = options[own]!;
    argument(
      option(`criterionOptions.${own}`),
      fieldOf(declared),
      value,
      `Its default is ${declared.default}.`,
    );
  }
  return { ...defaultsOf(options), ...given };
}

function noOption(criterion: string, name: string, names: readonly string[]): Error {
  const near = nearest(name, names);
  const guess = near === undefined ? '' : `Did you mean ${near}? `;
  return invalid(
    `the criterion ${criterion} has no option "${name}"`,
    `${guess}Its options: ${names.join(', ') || 'none'}.`,
  );
}
