import type { Calls, Threads } from '../wasm/instantiate.js';
import { addonThread, hearEnd } from '../wasm/thread.js';
import { blobsShown } from './blobFiles.js';

/**
 * Calls about files, by their names. The thread that opened the model does them for all others: it alone has the blobs that pages gave, which
 * threads that wait for each other could not be sent.
 */
const OF_FILES = /^(fd|path)_/;

/** What a thread asks for: a call, and where the answer is put, with 1 added as 0 is none yet. */
interface Asked {
  readonly asked: string;
  readonly given: readonly (number | bigint)[];
  readonly answer: Int32Array;
}

/** As much as is used here of what a thread is, and of what it sees of itself. */
interface WebWorker {
  addEventListener(name: 'message', act: (event: { readonly data: Partial<Asked> }) => void): void;
}
declare const Worker: {
  new (url: URL, options: { readonly type: 'module'; readonly name: string }): WebWorker;
};
declare const self: {
  postMessage(message: unknown): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
};

/** Starts a thread of the addon, the file that lies beside this code as bundlers find it, and does for it what it asks for. */
export const startAddonThread: Threads['start'] = ({ name }, here) => {
  const worker = new Worker(new URL('./wasmThread.js', import.meta.url), { type: 'module', name });
  worker.addEventListener('message', ({ data }) => {
    hearEnd(data, here);
    if (data.asked !== undefined) answer(data as Asked, here.calls);
  });
  return worker;
};

function answer({ asked, given, answer: slot }: Asked, calls: Calls): void {
  // Its memory may have grown in another thread, which this one sees once it looks.
  const told = (calls[asked] as (...given: readonly unknown[]) => number)(...given);
  Atomics.store(slot, 0, told + 1);
  Atomics.notify(slot, 0);
}

/** The other end: this thread is one of the addon's. */
export function serveAddonHere(): void {
  const slot = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const ask = (asked: string, given: Asked['given']): number => {
    Atomics.store(slot, 0, 0);
    self.postMessage({ asked, given, answer: slot } satisfies Asked);
    Atomics.wait(slot, 0, 0);
    return Atomics.load(slot, 0) - 1;
  };
  const asking = (calls: Calls): Calls => {
    const all = Object.entries(calls).map(([name, call]) =>
      OF_FILES.test(name) ? [name, (...given: Asked['given']) => ask(name, given)] : [name, call],
    );
    return Object.fromEntries(all);
  };
  const act = addonThread(blobsShown, (message) => self.postMessage(message), asking);
  self.onmessage = ({ data }) => act(data);
}
