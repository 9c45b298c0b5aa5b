import * as v from 'valibot';
import { EspalierError, joined, option, type Spoken, text } from '../base/errors.js';
import { type AnyField, type Field, isRecord } from './fields.js';
import { nearest } from './near.js';

/** What an object of options is checked by. */
export interface Checks<T extends object> {
  readonly schema: v.GenericSchema<unknown, T>;
  /** Each option by its name, with what to do about a wrong value. */
  readonly all: Readonly<Record<string, { readonly advice?: string | Spoken }>>;
}

/** An object that has these options and no others. */
export function objectOf<T extends object>(
  all: Readonly<Record<string, { readonly takes: AnyField; readonly needed?: true }>>,
): v.GenericSchema<unknown, T> {
  const fields = Object.entries(all).map(([name, { takes, needed }]) => [
    name,
    needed === true ? takes : v.optional(takes),
  ]);
  const schema = v.strictObject(Object.fromEntries(fields) as v.ObjectEntries);
  return schema as unknown as v.GenericSchema<unknown, T>;
}

/** Checks of options that no command has, and whose interface others implement: the compiler compares the two. */
export function optionsOf<T extends object>(
  fields: {
    readonly [K in keyof T]-?: Field<Exclude<T[K], undefined>>;
  },
): Checks<T> {
  const all: Readonly<Record<string, { readonly takes: AnyField; readonly advice?: string }>> =
    Object.fromEntries(Object.entries<AnyField>(fields).map(([name, takes]) => [name, { takes }]));
  return { schema: objectOf<T>(all), all };
}

/**
 * What a caller gave, if they are such options: a copy without those that are undefined, so that what was checked is what is used.
 *
 * errors: OPTION_INVALID with the option, what it was and what it must be; for an unknown one the nearest that there is.
 */
export function checked<T extends object>({ schema, all }: Checks<T>, given: unknown): T {
  if (given === undefined) return checked({ schema, all }, {});
  const names = Object.keys(all);
  if (!isRecord(given))
    throw invalid(`options must be an object, not ${shown(given)}`, `There is ${names.join(', ')}.`);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) throw unknownOption(unknown, names);
  const result = v.safeParse(schema, given, { abortEarly: true });
  if (result.success) {
    const present = Object.entries(result.output).filter(([, value]) => value !== undefined);
    return Object.fromEntries(present) as T;
  }
  const [issue] = result.issues;
  const path = pathOf(issue);
  const advice = all[path.replace(/[.[].*$/s, '')]?.advice ?? '';
  if (issue.type === 'strict_object' && issue.expected === 'never')
    throw invalid(text`there is no option ${option(path)}`, `It must be ${issue.message}.`);
  if (issue.type === 'strict_object' && issue.received === 'undefined')
    throw invalid(text`${option(path)} is missing`, advice);
  throw invalid(text`${option(path)} must be ${issue.message}, not ${shown(issue.input)}`, advice);
}

/** An argument that is no object of options. `name`: how its caller knows it. errors: OPTION_INVALID */
export function argument<T>(
  name: string | Spoken,
  field: Field<T>,
  given: unknown,
  todo: string | Spoken = '',
): T {
  const result = v.safeParse(field, given, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  const place = path === null ? '' : `.${path}`;
  throw invalid(text`${name}${place} must be ${issue.message}, not ${shown(issue.input)}`, todo);
}

/** The error OPTION_INVALID: what is wrong with an option, and what to give instead. */
export const invalid = (what: string | Spoken, todo: string | Spoken = ''): EspalierError =>
  new EspalierError('OPTION_INVALID', what, {}, todo);

function unknownOption(name: string, names: readonly string[]): EspalierError {
  const near = nearest(name, names);
  const guess = near === undefined ? '' : text`Did you mean ${option(near)}? `;
  const all = joined(
    names.map((own) => option(own)),
    ', ',
  );
  return invalid(`there is no option ${shown(name)}`, text`${guess}There is ${all}.`);
}

/** `guard[0].metric` */
function pathOf(issue: v.BaseIssue<unknown>): string {
  const parts = issue.path?.map(({ key }) => key) ?? [];
  return parts.reduce<string>(
    (path, key) =>
      typeof key === 'number' ? `${path}[${key}]` : path === '' ? String(key) : `${path}.${String(key)}`,
    '',
  );
}

const MOST = 60;

/** A value in few words, whatever it is. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > MOST ? `${value.slice(0, MOST)}…` : value);
    case 'function':
      return 'a function';
    case 'bigint':
      return `${value}n`;
    case 'object':
      break;
    default:
      return String(value);
  }
  if (value === null) return 'null';
  if (Array.isArray(value))
    return value.every(isPlain) && value.length <= 8
      ? `[${value.map(shown).join(', ')}]`
      : `an array of ${value.length}`;
  if (ArrayBuffer.isView(value))
    return `${Object.prototype.toString.call(value).slice(8, -1)} of ${value.byteLength} bytes`;
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  return kind === 'Object' ? 'an object' : `a value of type ${kind}`;
}

const isPlain = (value: unknown): boolean => value === null || !['object', 'function'].includes(typeof value);
