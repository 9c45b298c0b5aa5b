import type { Threads } from '../wasm/instantiate.js';
import { addonThread, hear } from '../wasm/thread.js';
import { blobsShown } from './blobFiles.js';

/** As much as is used here of what a thread is, and of what it sees of itself. */
interface WebWorker {
  addEventListener(name: 'message', act: (event: { readonly data: unknown }) => void): void;
}
declare const Worker: {
  new (url: URL, options: { readonly type: 'module'; readonly name: string }): WebWorker;
};
declare const self: {
  postMessage(message: unknown): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
};

/** Starts a thread of the addon: the file that lies beside this code, as bundlers find it. */
export const startAddonThread: Threads['start'] = ({ name }, here) => {
  const worker = new Worker(new URL('./wasmThread.js', import.meta.url), { type: 'module', name });
  worker.addEventListener('message', ({ data }) => hear(data, here));
  return worker;
};

/** The other end: this thread is one of the addon's. */
export function serveAddonHere(): void {
  const act = addonThread(blobsShown, (message) => self.postMessage(message));
  self.onmessage = ({ data }) => act(data);
}
