// A utility process: a Node of its own beside the main process. Prunes one file and tells what came of it.
import { openModel } from 'espalier';

process.parentPort.once('message', async ({ data: { input, output, macs, samples } }) => {
  try {
    const model = await openModel(input);
    const pruned = await model.prune({ macs, ...(samples === undefined ? {} : { data: samples }) });
    const onProgress = (progress) => process.parentPort.postMessage({ progress });
    const { bytes } = await pruned.save(output, { force: true, onProgress });
    process.parentPort.postMessage({ result: { output, bytes, before: pruned.before, after: pruned.after } });
  } catch (error) {
    process.parentPort.postMessage({ error: error.message });
  }
});
