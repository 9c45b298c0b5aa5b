import { instantiateNapiModuleSync, MessageHandler } from '@emnapi/core';
import { type Calls, type Here, importsOf, type Shown } from './instantiate.js';

/** A thread of the addon says that it has ended, and why. */
interface Ended {
  readonly ended: string;
}

/** What emnapi sends where a thread fails. */
interface Failed {
  readonly __emnapi__?: {
    readonly type: string;
    readonly payload: { readonly phase?: string; readonly error: { readonly message: string } };
  };
}

/**
 * A thread of the addon's WebAssembly: acts on what the one that started it sends.
 *
 * - `post`: sends a message there
 * - `instead`: what takes the places of calls of the system
 */
export function addonThread(
  shown: Shown,
  post: (message: unknown) => void,
  instead: (calls: Calls) => Calls = (calls) => calls,
): (message: unknown) => void {
  const lines: string[] = [];
  /** That it has ended is said in words of our own: emnapi would throw it where nobody catches it. */
  const send = (message: unknown): void => {
    const { type, payload } = (message as Failed).__emnapi__ ?? {};
    const hasEnded = type === 'thread-error' && payload?.phase !== 'load';
    post(hasEnded ? ({ ended: [...lines, payload?.error.message].join(' ') } satisfies Ended) : message);
  };
  const handler = new MessageHandler({
    postMessage: send,
    onError: () => undefined,
    onLoad: ({ wasmModule, wasmMemory }) => {
      const { wasi, overwriteImports } = importsOf(
        shown,
        wasmMemory,
        (line) => line.startsWith('note: ') || lines.push(line.trim()),
      );
      return instantiateNapiModuleSync(wasmModule, {
        childThread: true,
        postMessage: send,
        wasi,
        overwriteImports: (imports) => {
          const all = overwriteImports(imports);
          return { ...all, wasi_snapshot_preview1: instead(all.wasi_snapshot_preview1) };
        },
      });
    },
  });
  return (data) => handler.handle({ data });
}

/** Hears, in the thread that started it, that one has ended. */
export function hearEnd(message: unknown, { ended }: Here): void {
  const words = (message as Partial<Ended>).ended;
  if (typeof words === 'string') ended(words);
}
