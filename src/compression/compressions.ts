import { EspalierError } from '../base/errors.js';
import { nearest } from '../schema/near.js';
import type { Compression } from './compression.js';
import { prune } from './prune/prune.js';

/** Every compression, in the order in which their curves are offered. */
const compressions: Compression<never>[] = [prune as Compression<never>];

/**
 * Makes a compression known under its name.
 *
 * - returns: takes it away again
 * - errors: OPTION_INVALID where there is one of that name
 */
export function registerCompression<Section>(compression: Compression<Section>): () => void {
  const { name } = compression;
  if (compressions.some((known) => known.name === name))
    throw new EspalierError('OPTION_INVALID', `there is a compression "${name}" already`);
  const added = compression as Compression<never>;
  compressions.push(added);
  return () => {
    compressions.splice(compressions.indexOf(added), 1);
  };
}

export const compressionNames = (): readonly string[] => compressions.map(({ name }) => name);

/** errors: OPTION_INVALID, which lists the names */
export function compressionNamed(name: string): Compression {
  const found = compressions.find((compression) => compression.name === name);
  if (found !== undefined) return found as Compression;
  const near = nearest(name, compressionNames());
  const guess = near === undefined ? '' : `Did you mean ${near}? `;
  throw new EspalierError(
    'OPTION_INVALID',
    `there is no compression "${name}"`,
    {},
    `${guess}Choose among ${compressionNames().join(', ')}.`,
  );
}

/** What a call asks for: those named in `compress` that are not false; pruning unless it is. */
export function compressionsFor(
  asked: Readonly<Record<string, unknown>> = {},
): readonly { readonly compression: Compression; readonly own: unknown }[] {
  for (const name of Object.keys(asked)) compressionNamed(name);
  return compressions.flatMap((compression) => {
    const own = asked[compression.name];
    const wanted = own === undefined ? compression.name === prune.name : own !== false;
    return wanted ? [{ compression: compression as Compression, own }] : [];
  });
}

/** How the section of a compression is read, if there is one of that name; pruning's is the plan itself. */
export const sectionReader = (name: string): ((data: unknown) => unknown) | undefined =>
  name === prune.name
    ? undefined
    : (compressions.find((compression) => compression.name === name) as Compression | undefined)?.read;
