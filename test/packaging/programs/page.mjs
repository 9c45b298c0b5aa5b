// What a page does: prunes a model that it has fetched, in its own thread and in a worker, and says in its title whether both are the same.
import { openModel } from 'espalier';

const url = new URL('model.onnx', document.baseURI).href;
const model = await openModel(url);
const bytes = await (await model.prune({ macs: 0.5 })).toBytes();
const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
worker.onmessage = ({ data }) => {
  const same = data.bytes.length === bytes.length && data.bytes.every((byte, i) => byte === bytes[i]);
  document.title = `pruned ${data.threads ? 'with' : 'without'} threads: ${same ? 'same' : 'different'}`;
};
worker.onerror = ({ message }) => reportError(new Error(`the worker: ${message}`));
worker.postMessage(url);
