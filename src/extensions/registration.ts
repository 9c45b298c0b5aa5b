import * as v from 'valibot';
import { EspalierError } from '../base/errors.js';
import { argument, invalid, shown } from '../schema/check.js';
import { type AnyField, type Field, isRecord } from '../schema/fields.js';
import { nearest } from '../schema/near.js';

/** Names of criteria and policies, which are words on the command line too. */
export const nameField: Field<string> = v.pipe(
  v.string('a name'),
  v.regex(
    /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/,
    "a name of lower-case letters, digits and hyphens, such as 'taylor-2'",
  ),
);

/** The properties of what is registered: those that must be there, and those that may. */
export interface Shape {
  readonly needed: Readonly<Record<string, AnyField>>;
  readonly optional: Readonly<Record<string, AnyField>>;
}

/**
 * A copy of what a caller wants to register, if it has the properties that it must have and no others.
 *
 * kind: what it is to be, for errors: 'criterion'.   errors: OPTION_INVALID with the property, and the nearest one for an unknown.
 */
export function definitionOf<T extends object>(kind: string, { needed, optional }: Shape, given: unknown): T {
  const fields = { ...needed, ...optional };
  const names = Object.keys(fields);
  if (!isRecord(given))
    throw invalid(`${article(kind)} must be an object, not ${shown(given)}`, `It has ${names.join(', ')}.`);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const near = nearest(name, names);
    const guess = near === undefined ? '' : `Did you mean ${near}? `;
    throw invalid(`${article(kind)} has no property ${shown(name)}`, `${guess}There is ${names.join(', ')}.`);
  }
  for (const [name, field] of Object.entries(fields)) {
    if (given[name] === undefined && !(name in needed)) continue;
    argument(`${kind}.${name}`, field, given[name]);
  }
  return { ...given } as T;
}

/** errors: OPTION_INVALID where something is called that already. */
export function refuseTaken(kind: string, name: string, names: readonly string[]): void {
  if (names.includes(name))
    throw invalid(
      `there is a ${kind} "${name}" already`,
      'Choose another name. What was registered can be taken out: registration.unregister().',
    );
}

/**
 * Runs what a caller has registered. What it throws is said to be its fault, with its own error as the cause; errors of Espalier's, of
 * calls that it made, pass as they are, and so does the reason of an abort.
 */
export async function carriedOut<T>(
  what: string,
  signal: AbortSignal | undefined,
  act: () => T | Promise<T>,
): Promise<T> {
  try {
    const result = await act();
    signal?.throwIfAborted();
    return result;
  } catch (cause) {
    signal?.throwIfAborted();
    throw faultOf(what, cause);
  }
}

/** What an extension threw, as an error that names it. */
export function faultOf(what: string, cause: unknown, where: EspalierError['where'] = {}): unknown {
  if (cause instanceof EspalierError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new EspalierError(
    'EXTENSION_FAILED',
    `${what} threw: ${message}`,
    where,
    'Mend it, or do without.',
    {
      cause,
    },
  );
}

/** What an extension gave that cannot be used. */
export const unusable = (what: string, todo: string, where: EspalierError['where'] = {}): EspalierError =>
  new EspalierError('EXTENSION_FAILED', what, where, todo);

const article = (kind: string): string => `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
