import { instantiateNapiModuleSync, MessageHandler } from '@emnapi/core';
import { type Calls, type Here, importsOf, type Shown } from './instantiate.js';

/**
 * Calls about files, by their names. The thread that loaded the addon does them for all others: a file that one has opened another one
 * could not read or close, and in browsers only that one has the blobs that pages gave.
 */
const OF_FILES = /^(fd|path)_/;

/** What a thread asks for: a call, and where the answer is put, with 1 added as 0 is none yet. */
interface Asked {
  readonly asked: string;
  readonly given: readonly (number | bigint)[];
  readonly answer: Int32Array;
}

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

type Post = (message: unknown) => void;

/** A thread of the addon's WebAssembly: acts on what the one that started it sends. `post`: sends a message there. */
export function addonThread(shown: Shown, post: Post): (message: unknown) => void {
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
      const hear = (line: string) => line.startsWith('note: ') || lines.push(line.trim());
      const { wasi, overwriteImports } = importsOf(shown, wasmMemory, hear);
      return instantiateNapiModuleSync(wasmModule, {
        childThread: true,
        postMessage: send,
        wasi,
        overwriteImports: (imports) => {
          const all = overwriteImports(imports);
          return { ...all, wasi_snapshot_preview1: asking(all.wasi_snapshot_preview1, post) };
        },
      });
    },
  });
  return (data) => handler.handle({ data });
}

/** The calls of the system, of which those about files are done by the thread that started this one. */
function asking(calls: Calls, post: Post): Calls {
  const slot = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const ask = (asked: string, given: Asked['given']): number => {
    Atomics.store(slot, 0, 0);
    post({ asked, given, answer: slot } satisfies Asked);
    Atomics.wait(slot, 0, 0);
    return Atomics.load(slot, 0) - 1;
  };
  const all = Object.entries(calls).map(([name, call]) =>
    OF_FILES.test(name) ? [name, (...given: Asked['given']) => ask(name, given)] : [name, call],
  );
  return Object.fromEntries(all);
}

/** The other end, in the thread that started one: does what it asks for, and hears that it has ended. */
export function hear(message: unknown, here: Here): void {
  const { ended, asked, given, answer } = message as Partial<Ended & Asked>;
  if (ended !== undefined) here.ended(ended);
  if (asked === undefined || given === undefined || answer === undefined) return;
  const told = (here.calls[asked] as (...given: Asked['given']) => number)(...given);
  Atomics.store(answer, 0, told + 1);
  Atomics.notify(answer, 0);
}
