import * as v from 'valibot';
import { option } from '../base/errors.js';
import { argument, invalid } from '../schema/check.js';
import { type Field, flag, number, oneOf, words } from '../schema/fields.js';
import { nearest } from '../schema/near.js';

/** What an option of a criterion can be given. */
export type OptionValue = string | number | boolean;

/** Options by their names, as a caller gives them. */
export type OptionValues = Readonly<Record<string, OptionValue>>;

/** Whether they can be options of some criterion; `optionsFor` says of which. */
export const optionValues: Field<OptionValues> = v.record(
  v.string(),
  v.union([v.string(), v.number(), v.boolean()], 'a word, a number, or true or false'),
  'an object such as { bins: 64 }',
);

interface Described {
  /** What the option does, in a few words that follow its flag in the help: "bins of a histogram". */
  readonly help: string;
  /** What else there is to say, in whole sentences, for the documentation: "A lane that hardly varies fills few bins." */
  readonly more?: string;
}

/** An option that is on or off. */
export interface SwitchOption extends Described {
  readonly default: boolean;
}

/** An option that takes a word: one of `choices`, or any where none are listed. */
export interface WordOption extends Described {
  readonly default: string;
  readonly choices?: readonly string[];
}

/** An option that takes a number, of the range that is stated: fractions too, unless it is `whole`. */
export interface NumberOption extends Described {
  readonly default: number;
  readonly whole?: boolean;
  /** The bounds: the number itself is allowed at `least` and `most`, and is not at `above` and `below`. */
  readonly least?: number;
  readonly most?: number;
  readonly above?: number;
  readonly below?: number;
}

/**
 * The declaration of an option of a criterion. Its check, its flag with its help, its row in the documentation and the type of its
 * value come from it: a value is of the type of the default.
 */
export type CriterionOption = SwitchOption | WordOption | NumberOption;

export type CriterionOptions = Readonly<Record<string, CriterionOption>>;

/** What a criterion is given for its options: all of them, by their names. */
export type ValuesOf<O extends CriterionOptions> = { readonly [K in keyof O]: ValueOf<O[K]> };

/** The type of an option's value. */
export type ValueOf<O extends CriterionOption> = O extends { readonly choices: readonly (infer Word)[] }
  ? Word
  : O['default'] extends boolean
    ? boolean
    : O['default'] extends number
      ? number
      : string;

/** What an option takes. */
export function fieldOf<O extends CriterionOption>(own: O): Field<ValueOf<O>> {
  return anyFieldOf(own) as Field<unknown> as Field<ValueOf<O>>;
}

function anyFieldOf(own: CriterionOption): Field<OptionValue> {
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
