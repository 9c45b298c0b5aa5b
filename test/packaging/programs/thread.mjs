// The same in a worker thread, beside the main thread.
import { Worker } from 'node:worker_threads';

process.argv[2] ??= '';
const worker = new Worker(new URL('prune.mjs', import.meta.url), { argv: [process.argv[2]] });
worker.on('error', (error) => {
  throw error;
});
