// A thread of the addon's WebAssembly: `wasmAddon` starts it from the file that this becomes.
import { parentPort } from 'node:worker_threads';
import { addonThread } from '../wasm/thread.js';
import { allFiles } from './wasmFiles.js';

const act = addonThread(allFiles, (message) => parentPort?.postMessage(message));
parentPort?.on('message', act);
