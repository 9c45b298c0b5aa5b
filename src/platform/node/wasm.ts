import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type * as Addon from '../../../index.d.ts';
import type { LoadedInstance } from '../wasm/current.js';
import { type Here, instantiate, instantiateWithThreads } from '../wasm/instantiate.js';
import { hear } from '../wasm/thread.js';
import { cores } from './machine.js';
import { absolute, allFiles } from './wasmFiles.js';

export { CurrentInstance } from '../wasm/current.js';

/** The addon's WebAssembly, as files. */
export interface WasmFiles {
  /** That of one thread. */
  readonly single: string;
  /** That of several, and what runs in each of them; undefined where it is not there, or threads are not to be had. */
  readonly threaded: { readonly wasm: string; readonly thread: string } | undefined;
}

/** The addon's WebAssembly, looked for from a file of this package on; undefined where there is none. */
export function wasmFiles(from: string): WasmFiles | undefined {
  const find = (path: string): string | undefined => {
    try {
      return createRequire(from).resolve(path);
    } catch {
      return undefined;
    }
  };
  const single = find('./native/espalier.wasm');
  const wasm = find('./native/espalier.threads.wasm');
  const thread = find('./dist/node/platform/node/wasmThread.cjs');
  if (single === undefined) return undefined;
  const has = hasThreads() && wasm !== undefined && thread !== undefined;
  return { single, threaded: has ? { wasm, thread } : undefined };
}

/** Other programs than Node have threads that differ from its own in what emnapi makes use of. */
const hasThreads = (): boolean => cores() > 1 && !('Deno' in globalThis) && !('Bun' in globalThis);

/** The addon from its WebAssembly, for a system that no package has an addon for. It sees all files, as the process does. */
export async function wasmAddon({ single, threaded }: WasmFiles): Promise<LoadedInstance> {
  const compiled = async (file: string) => WebAssembly.compile(await readFile(file));
  const instance =
    threaded === undefined
      ? instantiate(await compiled(single), allFiles)
      : await instantiateWithThreads(await compiled(threaded.wasm), allFiles, {
          count: cores(),
          start: (_, here) => startedThread(threaded.thread, here),
        });
  return { ...instance, addon: withWholePaths(instance.addon), from: threaded?.wasm ?? single };
}

function startedThread(file: string, here: Here): Worker {
  const worker = new Worker(file, { execArgv: [] });
  worker.on('message', (message) => hear(message, here));
  return worker;
}

const whole = (file: Addon.ExternalFile): Addon.ExternalFile =>
  file.path === undefined ? file : { ...file, path: absolute(file.path) };

/** WebAssembly is given whole paths. */
function withWholePaths(addon: typeof Addon): typeof Addon {
  const { openBytes, openFile } = addon;
  const Model = addon.Model.prototype;
  const { save, writeTerms } = Model;
  addon.openFile = (path, files, job) => openFile(absolute(path), files.map(whole), job);
  addon.openBytes = (bytes, files, job) => openBytes(bytes, files.map(whole), job);
  Model.save = function (path, ...rest) {
    return save.call(this, absolute(path), ...rest);
  };
  Model.writeTerms = function (path, ...rest) {
    return writeTerms.call(this, absolute(path), ...rest);
  };
  return addon;
}
