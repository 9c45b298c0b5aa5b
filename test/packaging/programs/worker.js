// The same in a worker, where the WebAssembly has threads if the page is isolated from others.
import { openModel } from 'espalier';

/** Memory that is shared tells that there are threads. */
let threads = false;
WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
  construct: (Memory, [pages]) => {
    threads ||= pages.shared === true;
    return new Memory(pages);
  },
});

self.onmessage = async ({ data: url }) => {
  const model = await openModel(await (await fetch(url)).blob());
  const bytes = await (await model.prune({ macs: 0.5 })).toBytes();
  self.postMessage({ bytes, threads });
};
