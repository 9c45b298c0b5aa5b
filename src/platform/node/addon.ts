import { createRequire } from 'node:module';
import type * as Addon from '../../../index.d.ts';
import { type Attempt, addonMissing } from './missing.js';
import { manifestPath, VERSION } from './package.js';
import { type Host, host, packageOf, targetsOf } from './targets.js';

let loaded: typeof Addon | undefined;

/**
 * The native addon, loaded on first use: of the package for this platform, else one that was built in a checkout.
 *
 * errors: ADDON_MISSING with the package that is missing, why, and what mends it.
 */
export function addon(): typeof Addon {
  loaded ??= loadAddon(host(), ownPlace());
  return loaded;
}

/**
 * Where packages are looked for: beside this one, as package managers that hide packages from each other put its dependencies there.
 * Code that was bundled, and taken away from it, looks from where it lies itself.
 */
function ownPlace(): string {
  try {
    return manifestPath();
  } catch {
    return import.meta.url;
  }
}

/**
 * The addon for a host, looked for from a file on.
 *
 * errors: as `addon`.
 */
export function loadAddon(of: Host, from: string): typeof Addon {
  const require = createRequire(from);
  const attempts: Attempt[] = [];
  const open = (name: string, target: string): typeof Addon | undefined => {
    try {
      return require(name) as typeof Addon;
    } catch (cause) {
      attempts.push({ name, target, found: isThere(require, name), cause });
      return undefined;
    }
  };
  for (const target of targetsOf(of)) {
    const name = packageOf(target);
    const version = versionOf(require, name);
    if (version !== undefined && version !== VERSION) {
      attempts.push({ name, target, found: true, version });
      continue;
    }
    const found = open(name, target) ?? open(`./native/espalier.${target}.node`, target);
    if (found !== undefined) return found;
  }
  throw addonMissing(of, from, attempts);
}

function isThere(require: NodeJS.Require, name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

function versionOf(require: NodeJS.Require, name: string): string | undefined {
  try {
    return (require(`${name}/package.json`) as { version: string }).version;
  } catch {
    return undefined;
  }
}

export type { Addon };
