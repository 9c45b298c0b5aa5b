import { createRequire } from 'node:module';
import type * as Addon from '../../../index.d.ts';
import { EspalierError } from '../../base/errors.js';
import { type Attempt, addonMissing } from './missing.js';
import { manifestPath, VERSION } from './package.js';
import { type Host, host, packageOf, targetsOf } from './targets.js';

let loaded: typeof Addon | undefined;
let loadedFrom: string | undefined;

/** The package or file that the addon was loaded from; undefined before it is loaded. */
export const addonPlace = (): string | undefined => loadedFrom;

/**
 * The addon, loaded on first use: of the package for this platform, else one that was built in a checkout. Where there is neither it is
 * WebAssembly, which `addonReady` loads.
 *
 * errors: ADDON_MISSING with the package that is missing, why, and what mends it.
 */
export function addon(): typeof Addon {
  if (loaded === undefined && asksForWasm())
    throw new EspalierError('ADDON_MISSING', 'the WebAssembly is not loaded yet', {}, 'Open a model first.');
  loaded ??= loadAddon(host(), ownPlace());
  return loaded;
}

/**
 * Loads the addon, or where there is none for this system the one of WebAssembly, which is slower; ESPALIER_WASM=1 asks for that.
 *
 * errors: as `addon`.
 */
export async function addonReady(): Promise<void> {
  if (loaded !== undefined) return;
  let problem: unknown;
  if (!asksForWasm())
    try {
      loaded = loadAddon(host(), ownPlace());
      return;
    } catch (cause) {
      problem = cause;
    }
  const { wasmAddon, wasmFile } = await import('./wasm.js');
  const file = wasmFile(ownPlace());
  if (file === undefined) throw problem ?? noWasm();
  if (loaded === undefined) {
    loaded = wasmAddon(file);
    loadedFrom = file;
  }
  if (problem instanceof EspalierError)
    process.emitWarning(`${problem.what}: Espalier runs as WebAssembly, which is slower. ${problem.todo}`, {
      code: problem.code,
    });
}

/** Deno refuses to tell what it was not allowed to. */
function asksForWasm(): boolean {
  try {
    return process.env.ESPALIER_WASM === '1';
  } catch {
    return false;
  }
}

const noWasm = (): EspalierError =>
  new EspalierError(
    'ADDON_MISSING',
    'ESPALIER_WASM=1 asks for WebAssembly, and the package has none',
    {},
    'Build it: npm run build:wasm in a checkout of Espalier (needs Rust, https://rustup.rs).',
  );

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
      const found = require(name) as typeof Addon;
      loadedFrom = name;
      return found;
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
