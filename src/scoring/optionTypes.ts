/** What an option of a criterion can be given. */
export type OptionValue = string | number | boolean;

/** Options by their names, as a caller gives them. */
export type OptionValues = Readonly<Record<string, OptionValue>>;

interface DescribedOption {
  /** What the option does, in a few words that follow its flag in the help: "bins of a histogram". */
  readonly help: string;
  /** What else there is to say, in whole sentences, for the documentation: "A lane that hardly varies fills few bins." */
  readonly more?: string;
}

/** An option that is on or off. */
export interface SwitchOption extends DescribedOption {
  readonly default: boolean;
}

/** An option that takes a word: one of `choices`, or any where none are listed. */
export interface WordOption extends DescribedOption {
  readonly default: string;
  readonly choices?: readonly string[];
}

/** An option that takes a number, of the range that is stated: fractions too, unless it is `whole`. */
export interface NumberOption extends DescribedOption {
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

/** Declarations of a criterion's options, by the options' names. */
export type CriterionOptions = Readonly<Record<string, CriterionOption>>;

/** What a criterion is given for its options: all of them, by their names. */
export type ValuesOf<O extends CriterionOptions> = { readonly [K in keyof O]: ValueOf<O[K]> };

/** The type of an option's value: one of its choices, or the type of its default. */
export type ValueOf<O extends CriterionOption> = O extends { readonly choices: readonly (infer Word)[] }
  ? Word
  : O['default'] extends boolean
    ? boolean
    : O['default'] extends number
      ? number
      : string;
