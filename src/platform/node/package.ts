import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The version, where the build has written it into the code. */
declare const ESPALIER_VERSION: string | undefined;

/** package.json of this package. By its own name: modules may be bundled, and lie elsewhere than their sources. */
export const manifestPath = (): string => createRequire(import.meta.url).resolve('espalier/package.json');

/** This release, as in package.json. */
export const VERSION: string =
  typeof ESPALIER_VERSION === 'string'
    ? ESPALIER_VERSION
    : (JSON.parse(readFileSync(manifestPath(), 'utf8')) as { version: string }).version;

/** Packages that this one uses where they are installed, and the versions that it takes of each. */
export function optionalPeers(): Readonly<Record<string, string>> {
  const { peerDependencies } = JSON.parse(readFileSync(manifestPath(), 'utf8')) as {
    readonly peerDependencies?: Readonly<Record<string, string>>;
  };
  return peerDependencies ?? {};
}
