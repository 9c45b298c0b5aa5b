import { createRequire } from 'node:module';
import { dirname } from 'node:path';

// By the package's own name: modules may be bundled, and lie elsewhere than their sources.
const manifest = createRequire(import.meta.url).resolve('espalier/package.json');
const { version } = createRequire(manifest)(manifest) as { version: string };

/** The folder of the package. */
export const ROOT = dirname(manifest);

/** This release, as in package.json. */
export const VERSION = version;
