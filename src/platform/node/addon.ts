import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Addon from '../../../index.d.ts';
import { EspalierError } from '../../base/errors.js';
import { ROOT } from './package.js';

let loaded: typeof Addon | undefined;

/**
 * The native addon, loaded on first use.
 *
 * errors: ADDON_MISSING where it was not built for this platform.
 */
export function addon(): typeof Addon {
  if (loaded === undefined) {
    try {
      loaded = createRequire(import.meta.url)(join(ROOT, 'native', 'index.cjs')) as typeof Addon;
    } catch (cause) {
      throw new EspalierError(
        'ADDON_MISSING',
        `there is no native addon for ${process.platform}-${process.arch}`,
        {},
        'Build it in the package folder: npm run build:native (needs Rust, https://rustup.rs).',
        { cause },
      );
    }
  }
  return loaded;
}

export type { Addon };
