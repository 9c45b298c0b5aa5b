import { createRequire } from 'node:module';
import type * as Addon from '../../../index.d.ts';
import { EspalierError } from '../../base/errors.js';
import type { CurrentInstance } from '../wasm/current.js';
import { type Attempt, addonMissing } from './missing.js';
import { manifestPath, VERSION } from './package.js';
import { type Host, host, packageOf, targetsOf } from './targets.js';

let native: typeof Addon | undefined;
let nativeFrom: string | undefined;
let wasm: CurrentInstance | undefined;

/** The package or file that the addon was loaded from; undefined before it is loaded. */
export const addonPlace = (): string | undefined => nativeFrom ?? wasm?.place;

/**
 * The addon, loaded on first use: of the package for this platform, else one that was built in a checkout. Where there is neither it is
 * WebAssembly, which `addonReady` loads.
 *
 * errors: ADDON_MISSING with the package that is missing, why, and what mends it.
 */
export function addon(): typeof Addon {
  const loaded = native ?? wasm?.exports;
  if (loaded !== undefined) return loaded;
  if (asksForWasm())
    throw new EspalierError('ADDON_MISSING', 'the WebAssembly is not loaded yet', {}, 'Open a model first.');
  native = loadAddon(host(), ownPlace());
  return native;
}

/** Calls where WebAssembly ends in the middle of a call, as a panic ends it; gives what takes that back. Other addons do not end. */
export const onAddonLoss = (act: (error: EspalierError) => void): (() => void) =>
  wasm?.onLoss(act) ?? (() => undefined);

/**
 * Loads the addon, or where there is none for this system the one of WebAssembly, which is slower; ESPALIER_WASM=1 asks for that, and
 * ESPALIER_WASM=single for the one without threads.
 *
 * errors: as `addon`.
 */
export async function addonReady(): Promise<void> {
  if (native !== undefined) return;
  if (wasm === undefined && !asksForWasm())
    try {
      native = loadAddon(host(), ownPlace());
      return;
    } catch (problem) {
      wasm = await insteadOfNative(problem);
    }
  wasm ??= await insteadOfNative();
  await wasm.ready();
}

/** WebAssembly in the place of an addon that could not be loaded. errors: why it could not, where there is no WebAssembly either */
async function insteadOfNative(problem?: unknown): Promise<CurrentInstance> {
  const { CurrentInstance, wasmAddon, wasmFiles } = await import('./wasm.js');
  const files = wasmFiles(ownPlace());
  if (files === undefined) throw problem ?? noWasm();
  // Whoever opens two models at once waits for the same.
  if (wasm !== undefined) return wasm;
  if (problem instanceof EspalierError)
    process.emitWarning(`${problem.what}: Espalier runs as WebAssembly, which is slower. ${problem.todo}`, {
      code: problem.code,
    });
  wasm = new CurrentInstance(() =>
    wasmAddon(asked() === 'single' ? { ...files, threaded: undefined } : files),
  );
  return wasm;
}

/** Deno refuses to tell what it was not allowed to. */
function asked(): string | undefined {
  try {
    return process.env.ESPALIER_WASM;
  } catch {
    return undefined;
  }
}

const asksForWasm = (): boolean => asked() === '1' || asked() === 'single';

const noWasm = (): EspalierError =>
  new EspalierError(
    'ADDON_MISSING',
    'ESPALIER_WASM asks for WebAssembly, and the package has none',
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
      nativeFrom = name;
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
