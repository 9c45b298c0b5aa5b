import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { InstalledPackage } from '../types.js';

/** Beside this package, then in the folder that the process was started in: `npx` installs it elsewhere than the project. */
export const packagePlaces = (): readonly string[] => [import.meta.url, join(process.cwd(), 'package.json')];

/** A package by its name, looked for from these files in their order; undefined where none of them sees it. */
export function installedPackage(name: string, from: readonly string[]): InstalledPackage | undefined {
  for (const base of from) {
    try {
      const entry = createRequire(base).resolve(name);
      return { entry, version: versionOf(entry) };
    } catch {
      // Not here: the next place.
    }
  }
  return undefined;
}

/** The entry lies in a folder of the package. */
function versionOf(entry: string): string | undefined {
  try {
    const described: unknown = JSON.parse(readFileSync(join(dirname(entry), '..', 'package.json'), 'utf8'));
    const { version } = described as { version?: unknown };
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}

/** What a package exports that the user has installed, loaded now; undefined where it is not there. errors: what loading it throws */
export async function importPackage(name: string): Promise<unknown> {
  const found = installedPackage(name, packagePlaces());
  if (found === undefined) return undefined;
  return import(pathToFileURL(found.entry).href);
}
