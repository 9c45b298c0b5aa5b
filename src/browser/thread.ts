// The thread in which models run in a browser: `startWorker` of src/platform/web starts it from the file that this becomes.
import * as ort from 'onnxruntime-web/wasm';
import { serveHere } from '../platform/web/worker.js';
import { serve } from '../runtime/worker.js';

serveHere(serve, () => ort);
