// Tries all that an app does with Espalier, inside of Electron: in the main process, in a worker thread of it, in a utility process, and
// with samples, for which onnxruntime-node runs in a thread. Prints what came of each; gives the exit code.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

/** In whatever process or thread this is loaded: the written bytes, by what tells them. */
export async function prunedHere(input, options) {
  const { openModel } = await import('espalier');
  const model = await openModel(input);
  const bytes = await (await model.prune(options)).toBytes();
  model.dispose();
  return digest(bytes);
}

export async function attempt({ model, samples, output }, inUtility) {
  const ways = {
    'main process': () => prunedHere(model, { macs: 0.5 }),
    'worker thread': () => inThread(model),
    'utility process': async () => {
      await inUtility({ input: model, output, macs: 0.5 });
      return digest(readFileSync(output));
    },
  };
  const found = new Set();
  let failed = 0;
  for (const [name, way] of Object.entries(ways))
    try {
      const digest = await way();
      found.add(digest);
      console.log(`${name}: ${digest}`);
    } catch (error) {
      failed += 1;
      console.log(`${name}: ${error.stack}`);
    }
  try {
    await inUtility({ input: model, output, macs: 0.5, samples });
    console.log('samples: refitted');
  } catch (error) {
    failed += 1;
    console.log(`samples: ${error.stack}`);
  }
  return failed === 0 && found.size === 1 ? 0 : 1;
}

function inThread(model) {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.url).then(({ prunedHere }) => prunedHere(workerData.model, { macs: 0.5 })).then(
      (digest) => parentPort.postMessage({ digest }),
      (error) => parentPort.postMessage({ error: error.stack }),
    );`;
  const worker = new Worker(code, { eval: true, workerData: { url: import.meta.url, model } });
  return new Promise((resolve, reject) => {
    worker.once('message', ({ digest, error }) =>
      error === undefined ? resolve(digest) : reject(new Error(error)),
    );
    worker.once('error', reject);
  });
}
