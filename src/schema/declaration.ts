import { type Spoken, type Surface, spokenIn } from '../base/words.js';
import { type Checks, objectOf } from './check.js';
import type { AnyField, Field } from './fields.js';

/**
 * The one place where an option is described. Its check, its TypeScript type with its doc comment, its flag with the help and its row in
 * the documentation come from here.
 */
export interface Declaration<T> extends AnyDeclaration {
  readonly takes: Field<T>;
}

/** One whose values' type does not matter. */
export interface AnyDeclaration {
  readonly takes: AnyField;
  /** What the option does, in a few words that follow its flag in the help: "leave at most this many bytes". */
  readonly help: string | Spoken;
  /** What else there is to say, in whole sentences, for editors and the documentation. */
  readonly more?: string | Spoken;
  /** What holds where the option is left out: first in general, then in cases that go before. */
  readonly defaults?: readonly Default[];
  /** What to do about a wrong value, where what the option takes does not say all. */
  readonly advice?: string | Spoken;
  /** Whether it must be given. */
  readonly needed?: true;
  /** What stands for the value in the help: `N` of `--threads <N>`. */
  readonly sign?: string;
  /** The letter of its short flag: `q` of `-q, --quiet`. */
  readonly letter?: string;
  /** Of an option that is on by itself: what its flag does, which switches it off. */
  readonly off?: string | Spoken;
  /** The heading that its flag stands under, in commands that have headings. */
  readonly heading?: string;
}

/** What holds where an option is left out: a value, or words for what depends on the machine or the samples. */
export type Default = { readonly when?: string | Spoken } & (
  | { readonly is: string | number | boolean }
  | { readonly words: string | Spoken }
);

/** Declarations of options, by the options' names. */
export type Declarations = Readonly<Record<string, AnyDeclaration>>;

/** The options that a call takes. */
export interface OptionSet<T extends object> extends Checks<T> {
  /** What TypeScript calls it. */
  readonly name: string;
  /** What the options are for, as a sentence. */
  readonly about: string;
  /** Sets whose options these are too. */
  readonly bases: readonly OptionSet<object>[];
  /** The options that no base has, or that mean something else here. */
  readonly own: Declarations;
  /** All of them, the own ones first. */
  readonly all: Declarations;
  readonly names: readonly string[];
}

/** The declarations of an interface of options: the compiler refuses those that differ from it. */
type DeclarationsOf<T> = {
  readonly [K in keyof T]-?: undefined extends T[K]
    ? OptionalDeclaration<Exclude<T[K], undefined>>
    : Declaration<T[K]> & { readonly needed: true };
};

/** Of an option that can be left out. */
export type OptionalDeclaration<T> = Omit<Declaration<T>, 'needed'> & { readonly needed?: never };

/**
 * Declares the options of a call: these, those of its bases, and no others.
 *
 * `T`: the interface that `npm run docs` writes of them; `B`: those of the bases together.
 */
export function optionSet<T extends B, B extends object = object>(set: {
  readonly name: string;
  readonly about: string;
  readonly bases?: readonly OptionSet<object>[];
  readonly own?: DeclarationsOf<Omit<T, keyof B>> & Partial<DeclarationsOf<Pick<T, keyof T & keyof B>>>;
}): OptionSet<T> {
  const { name, about, bases = [], own = {} } = set;
  const all: Declarations = Object.assign({}, own, ...bases.map((base) => base.all), own);
  const names = Object.keys(all);
  return { name, about, bases, own: own as Declarations, all, names, schema: objectOf<T>(all) };
}

/** `entropy; with --data: information`. Undefined where an option that is left out means nothing. */
export function defaultText(
  { defaults = [] }: AnyDeclaration,
  surface: Surface,
  literal: (value: string | number | boolean) => string = String,
): string | undefined {
  if (defaults.length === 0) return undefined;
  return defaults
    .map((own) => {
      const value = 'is' in own ? literal(own.is) : spokenIn(own.words, surface);
      return own.when === undefined ? value : `${spokenIn(own.when, surface)}: ${value}`;
    })
    .join('; ');
}
