import { Catalogue, type Registration } from '../base/catalogue.js';
import { EspalierError } from '../base/errors.js';
import { nearest } from '../schema/near.js';
import type { Compression } from './compression.js';
import { prune } from './prune/prune.js';

/** The package's own compressions. */
const compressions: readonly Compression[] = [prune as Compression];

/** These, and what was registered beside them, in the order in which their curves are offered. */
const catalogue = new Catalogue<Compression>(compressions);

/** Makes a compression known under its name. errors: OPTION_INVALID where there is one of that name */
export function registerCompression<Section>(compression: Compression<Section>): Registration {
  const { name } = compression;
  if (compressionNames().includes(name))
    throw new EspalierError('OPTION_INVALID', `there is a compression "${name}" already`);
  return catalogue.add(compression as Compression);
}

/** The names of all registered compressions, in the order of registration: `prune` is the first. */
export const compressionNames = (): readonly string[] => catalogue.all.map(({ name }) => name);

/** errors: OPTION_INVALID, which lists the names */
export function compressionNamed(name: string): Compression {
  const found = catalogue.all.find((compression) => compression.name === name);
  if (found !== undefined) return found;
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
  return catalogue.all.flatMap((compression) => {
    const own = asked[compression.name];
    const wanted = own === undefined ? compression.name === prune.name : own !== false;
    return wanted ? [{ compression, own }] : [];
  });
}

/** How the section of a compression is read, if there is one of that name; pruning's is the plan itself. */
export const sectionReader = (name: string): ((data: unknown) => unknown) | undefined =>
  name === prune.name ? undefined : catalogue.all.find((compression) => compression.name === name)?.read;
