import * as v from 'valibot';

/**
 * What an option can be. Each schema's message says what is expected, so that errors, and whatever else is made of a schema, have
 * the same words: "`ratio` must be a number between 0 and 1, both exclusive".
 */
export type Field<T> = v.GenericSchema<unknown, T>;

export const whole = (least: number, most = Number.MAX_SAFE_INTEGER): Field<number> => {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  const says = least === Number.MIN_SAFE_INTEGER ? 'a whole number' : `a whole number ${range}`;
  return v.pipe(v.number(says), v.safeInteger(says), v.minValue(least, says), v.maxValue(most, says));
};

/** Any whole number, 0 and negative ones too. */
export const integer = (): Field<number> => whole(Number.MIN_SAFE_INTEGER);

/** Above 0 and below 1. */
export const portion = (): Field<number> => {
  const says = 'a number between 0 and 1, both exclusive';
  return v.pipe(v.number(says), v.gtValue(0, says), v.ltValue(1, says));
};

/** Above 0 and up to 1. */
export const share = (): Field<number> => {
  const says = 'a fraction above 0 and up to 1';
  return v.pipe(v.number(says), v.gtValue(0, says), v.maxValue(1, says));
};

export const positive = (): Field<number> => {
  const says = 'a number above 0';
  return v.pipe(v.number(says), v.finite(says), v.gtValue(0, says));
};

export const anyNumber = (): Field<number> => v.pipe(v.number('a number'), v.finite('a number'));

export const flag = (): Field<boolean> => v.boolean('true or false');

export const words = (says = 'a string'): Field<string> => v.pipe(v.string(says), v.minLength(1, says));

/** One of some names. */
export const oneOf = <const T extends string>(names: readonly T[]): Field<T> =>
  v.picklist(names, `one of ${names.map((name) => `'${name}'`).join(', ')}`);

export const listOf = <T>(of: Field<T>, says: string): Field<readonly T[]> => v.array(of, says);

/** Whatever passes a test, as it is: objects whose identity counts. */
export const like = <T>(says: string, is: (value: unknown) => boolean): Field<T> => v.custom<T>(is, says);

export const action = <T extends (...given: never[]) => unknown>(): Field<T> =>
  like<T>('a function', (value) => typeof value === 'function');

/** Of any realm: what is called of a signal is looked for, and not its class. */
export const signal = (): Field<AbortSignal> =>
  like<AbortSignal>('an AbortSignal', (value) => {
    if (typeof value !== 'object' || value === null) return false;
    const own = value as Partial<Record<keyof AbortSignal, unknown>>;
    const called = [own.addEventListener, own.removeEventListener, own.throwIfAborted];
    return typeof own.aborted === 'boolean' && called.every((method) => typeof method === 'function');
  });

/** An object that is a list of entries: no array, no view of bytes, no map. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !ArrayBuffer.isView(value) &&
  !(value instanceof ArrayBuffer) &&
  !(Symbol.iterator in value);
