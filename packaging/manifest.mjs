// What package.json says that the build needs.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

export const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** Packages that are installed beside this one, and not taken into its bundle. */
export const externals = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
