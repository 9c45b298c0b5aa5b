// The same in a worker, where the WebAssembly has threads if the page is isolated from others.
import { openModel } from 'espalier';

/** What the WebAssembly is loaded from tells whether it has threads. */
const hasThreads = () =>
  performance.getEntriesByType('resource').some(({ name }) => /threads[^/]*\.wasm$/.test(name));

self.onmessage = async ({ data: url }) => {
  const model = await openModel(await (await fetch(url)).blob());
  const bytes = await (await model.prune({ macs: 0.5 })).toBytes();
  self.postMessage({ bytes, threads: hasThreads() });
};
