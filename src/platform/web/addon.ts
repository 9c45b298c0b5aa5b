import type * as Addon from '../../../index.d.ts';
import { EspalierError } from '../../base/errors.js';
import { CurrentInstance, type LoadedInstance } from '../wasm/current.js';
import { instantiate, instantiateWithThreads } from '../wasm/instantiate.js';
import { blobsShown } from './blobFiles.js';
import { cores, hasThreads } from './machine.js';
import { startAddonThread } from './wasmThread.js';

const current = new CurrentInstance(() => fetched());

/** Where the addon was loaded from; undefined before it is loaded. */
export const addonPlace = (): string | undefined => current.place;

/** The addon, once `addonReady` has resolved. errors: why it has ended, where that was in the middle of a call */
export function addon(): typeof Addon {
  const loaded = current.exports;
  if (loaded === undefined)
    throw new EspalierError(
      'ADDON_MISSING',
      'the addon was used before a model was opened',
      {},
      'Open a model first.',
    );
  return loaded;
}

/** Calls where the addon ends in the middle of a call; gives what takes that back. */
export const onAddonLoss = (act: (error: EspalierError) => void): (() => void) => current.onLoss(act);

/**
 * Loads the addon's WebAssembly, from the file that lies beside this code.
 *
 * errors: ADDON_MISSING where it cannot be fetched or does not run in this browser.
 */
export const addonReady = (): Promise<void> => current.ready();

async function fetched(): Promise<LoadedInstance> {
  // Where its threads cannot be started, as their file was not put where this code looks for it, it has one thread as elsewhere.
  if (hasThreads()) return threaded().catch(single);
  return single();
}

async function single(): Promise<LoadedInstance> {
  const url = new URL('../../native/espalier.wasm', import.meta.url);
  try {
    return { ...instantiate(await compiled(url), blobsShown), from: 'native/espalier.wasm' };
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

async function threaded(): Promise<LoadedInstance> {
  const module = await compiled(new URL('../../native/espalier.threads.wasm', import.meta.url));
  const threads = { count: cores(), start: startAddonThread };
  const instance = await instantiateWithThreads(module, blobsShown, threads);
  return { ...instance, from: 'native/espalier.threads.wasm' };
}

async function compiled(url: URL): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`.trim());
  const streams = response.headers.get('content-type')?.startsWith('application/wasm') ?? false;
  // Servers that do not know the type of the file are no reason to fail.
  return streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

export type { Addon };
