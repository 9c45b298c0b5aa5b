import * as v from 'valibot';

/**
 * What an option can be: a check, and what is known of the values that pass it. The words are the same in errors, in the
 * documentation, and wherever else a field is spoken of: "`ratio` must be a number between 0 and 1, both exclusive".
 */
export type Field<T> = AnyField & v.GenericSchema<unknown, T> & Exactly<T>;

/** One whose values' type does not matter. */
export type AnyField = v.GenericSchema;

/** A field of numbers is none of numbers and texts: what is declared is compared with its type in both directions. */
interface Exactly<T> {
  readonly '~exactly'?: (value: T) => T;
}

/** What is known of the values that a field takes. */
export interface Meaning {
  /** What is expected, in words that follow "must be". */
  readonly says: string;
  /** The TypeScript type, as a declaration writes it. */
  readonly type: string;
  /** Types that are named in it, and the files of `src` that they come from. */
  readonly from?: Readonly<Record<string, string>>;
  /** Whether the type says all that `says` does. */
  readonly plain?: boolean;
  /** How a person writes a value on a command line; nothing where only a program can give one. */
  readonly form?: Form;
  /** The names that there are to choose from, where it is one of some: asked for when they are needed, since some can be added. */
  readonly choices?: () => readonly string[];
}

/**
 * How a text stands for a value: a number; `2MB` for bytes; a text as it is; no text at all, for what is on or off; several texts,
 * each given by itself; `input=1x3x640x640` for lengths by their inputs; `fidelity>=0.98` for a guard; `l1:2+wanda` for a criterion, of
 * several with their weights; `0.9..0.5,0.1` for numbers, and `l1,l1:2+wanda` for criteria.
 */
export type Form =
  | 'number'
  | 'bytes'
  | 'text'
  | 'switch'
  | 'texts'
  | 'lengths'
  | 'guard'
  | 'criterion'
  | 'numbers'
  | 'criteria';

/** A check, with what is known of what passes it. */
export const described = <T>(check: v.GenericSchema<unknown, T>, meaning: Meaning): Field<T> =>
  v.pipe(check, v.metadata({ meaning })) as Field<T>;

/** What is known of the values that a field takes. */
export function meaningOf(field: AnyField): Meaning {
  const { meaning } = v.getMetadata(field) as { readonly meaning?: Meaning };
  return meaning ?? { says: field.expects, type: 'unknown' };
}

/** Which numbers a field takes: whole ones alone or fractions too, and their bounds, which `above` and `below` leave out. */
export interface NumberRange {
  readonly whole?: boolean;
  readonly least?: number;
  readonly most?: number;
  readonly above?: number;
  readonly below?: number;
}

/** Finite numbers of a range. `says`: the range in words, where there are better ones. */
export function number(numbers: NumberRange = {}, says = inWords(numbers)): Field<number> {
  const { whole = false, least = -Infinity, most = Infinity, above = -Infinity, below = Infinity } = numbers;
  const holds = (value: number): boolean =>
    Number.isFinite(value) &&
    (!whole || Number.isSafeInteger(value)) &&
    value >= least &&
    value <= most &&
    value > above &&
    value < below;
  return described(v.pipe(v.number(says), v.check(holds, says)), { says, type: 'number', form: 'number' });
}

/** 'a whole number from 2 to 64', 'a number above 0 and up to 1' */
function inWords({ whole = false, least, most, above, below }: NumberRange): string {
  const noun = whole ? 'a whole number' : 'a number';
  if (least !== undefined && most !== undefined) return `${noun} from ${least} to ${most}`;
  if (above !== undefined && below !== undefined)
    return `${noun} between ${above} and ${below}, both exclusive`;
  const from = least !== undefined ? `from ${least} on` : above !== undefined ? `above ${above}` : '';
  const to = most !== undefined ? `up to ${most}` : below !== undefined ? `below ${below}` : '';
  const range = from !== '' && to !== '' ? `${from} and ${to}` : `${from}${to}`;
  return range === '' ? noun : `${noun} ${range}`;
}

/** A whole number from `least` on, up to and with `most` where there is one. */
export const whole = (least: number, most?: number): Field<number> =>
  number({ whole: true, least, ...(most !== undefined && { most }) });

/** Any whole number, 0 and negative ones too. */
export const integer = (): Field<number> => number({ whole: true });

/** Above 0 and below 1. */
export const portion = (): Field<number> => number({ above: 0, below: 1 });

/** Above 0 and up to 1. */
export const share = (): Field<number> => number({ above: 0, most: 1 }, 'a fraction above 0 and up to 1');

/** A finite number above 0. */
export const positive = (): Field<number> => number({ above: 0 });

/** Any finite number. */
export const anyNumber = (): Field<number> => number();

/** A boolean; on the command line a switch without a value. */
export const flag = (): Field<boolean> =>
  described(v.boolean('true or false'), {
    says: 'true or false',
    type: 'boolean',
    plain: true,
    form: 'switch',
  });

/** A string of at least one character; `says` names it in errors. */
export const words = (says = 'a string'): Field<string> =>
  described(v.pipe(v.string(says), v.minLength(1, says)), {
    says,
    type: 'string',
    plain: says === 'a string',
    form: 'text',
  });

/** One of some names. */
export const oneOf = <const T extends string>(names: readonly T[]): Field<T> => {
  const quoted = names.map((name) => `'${name}'`);
  const says = `one of ${quoted.join(', ')}`;
  return described(v.picklist(names, says), {
    says,
    type: quoted.join(' | '),
    plain: true,
    form: 'text',
    choices: () => names,
  });
};

/** Several texts. */
export const textsOf = (says: string): Field<readonly string[]> =>
  described<readonly string[]>(v.array(words(), says), { says, type: 'readonly string[]', form: 'texts' });

/** Whatever passes a test, as it is: objects whose identity counts. `type`: what TypeScript calls them. */
export const like = <T>(type: Type, says: string, is: (value: unknown) => boolean, form?: Form): Field<T> =>
  described(v.custom<T>(is, says), { says, ...typed(type), ...(form !== undefined && { form }) });

/** A type as a declaration writes it; where it names others, with the files of `src` that these come from. */
export type Type = string | Pick<Meaning, 'type' | 'from'>;

const typed = (type: Type): Pick<Meaning, 'type' | 'from'> => (typeof type === 'string' ? { type } : type);

/** Of any realm: what is called of a signal is looked for, and not its class. */
export const signal = (): Field<AbortSignal> => {
  const says = 'an AbortSignal';
  return described(v.custom<AbortSignal>(isSignal, says), { says, type: 'AbortSignal', plain: true });
};

function isSignal(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const own = value as Partial<Record<keyof AbortSignal, unknown>>;
  const called = [own.addEventListener, own.removeEventListener, own.throwIfAborted];
  return typeof own.aborted === 'boolean' && called.every((method) => typeof method === 'function');
}

/** A callback. */
export const action = <T extends (...given: never[]) => unknown>(type: Type): Field<T> => {
  const says = 'a function';
  return described(
    v.custom<T>((value) => typeof value === 'function', says),
    {
      says,
      ...typed(type),
      plain: true,
    },
  );
};

/** An object that is a list of entries: no array, no view of bytes, no map. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !ArrayBuffer.isView(value) &&
  !(value instanceof ArrayBuffer) &&
  !(Symbol.iterator in value);
