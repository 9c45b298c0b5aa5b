import type * as Addon from '../../../index.d.ts';
import { EspalierError } from '../../base/errors.js';
import { instantiate } from '../wasm/instantiate.js';
import { blobFiles, ROOT } from './blobFiles.js';

let loaded: typeof Addon | undefined;
let loading: Promise<typeof Addon> | undefined;

/** Where the addon was loaded from; undefined before it is loaded. */
export const addonPlace = (): string | undefined =>
  loaded === undefined ? undefined : 'native/espalier.wasm';

/** The addon, once `addonReady` has resolved. */
export function addon(): typeof Addon {
  if (loaded === undefined)
    throw new EspalierError(
      'ADDON_MISSING',
      'the addon was used before a model was opened',
      {},
      'Open a model first.',
    );
  return loaded;
}

/**
 * Loads the addon's WebAssembly, from the file that lies beside this code.
 *
 * errors: ADDON_MISSING where it cannot be fetched or does not run in this browser.
 */
export async function addonReady(): Promise<void> {
  loading ??= fetched();
  // Whoever asks again after a failure, of the network say, tries again.
  loading.catch(() => {
    loading = undefined;
  });
  loaded = await loading;
}

async function fetched(): Promise<typeof Addon> {
  const url = new URL('../../native/espalier.wasm', import.meta.url);
  try {
    return instantiate(await compiled(url), blobFiles, ROOT);
  } catch (cause) {
    throw new EspalierError(
      'ADDON_MISSING',
      `the WebAssembly of Espalier could not be loaded from ${url.href} (${cause instanceof Error ? cause.message : cause})`,
      {},
      'It is the file native/espalier.wasm of the package and has to be served where this code looks for it; the browser must know WebAssembly with SIMD (every one since 2023).',
      { cause },
    );
  }
}

async function compiled(url: URL): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`.trim());
  const streams = response.headers.get('content-type')?.startsWith('application/wasm') ?? false;
  // Servers that do not know the type of the file are no reason to fail.
  return streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

export type { Addon };
