import { Worker } from 'node:worker_threads';
import type { Serve, WorkerEvents, WorkerThread } from '../types.js';

/**
 * Starts a thread that serves. It is never terminated, and while it says to be at work the process waits for it before it exits:
 * onnxruntime-node (seen in 1.30) aborts the whole process when its thread is torn down in the middle of a run.
 */
export function startWorker<Start, Request, Answer>(
  serve: Serve<Start, Request, Answer>,
  start: Start,
  { onAnswer, onError }: WorkerEvents<Answer>,
): WorkerThread<Request> {
  const busy = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const worker = new Worker(codeOf(serve), { eval: true, workerData: { start, busy }, execArgv: [] });
  const hold = (): void => {
    while (Atomics.compareExchange(busy, 0, IDLE, CLOSED) === AT_WORK) Atomics.wait(busy, 0, AT_WORK);
  };
  process.on('exit', hold);
  worker.on('message', onAnswer);
  worker.on('error', onError);
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      process.off('exit', hold);
      resolve();
    });
  });
  return { post: (request) => worker.postMessage(request), ended };
}

/** What the thread says of itself: nothing is going on; it must not be torn down. */
const [IDLE, AT_WORK] = [0, 1];
/** What the process says: it ends, and nothing may begin. */
const CLOSED = 2;

/**
 * Without imports, so that it may be taken for a module or a script, as flags of the process will have it; Node before 20.16 lends
 * modules to scripts alone. Deno closes the thread, not its port. Where esbuild keeps names (a bundle, tsx), the text of a function calls
 * its helper `__name`.
 */
const codeOf = (serve: (...given: never[]) => void): string => `
  const builtIn = process.getBuiltinModule ?? require;
  const { parentPort, workerData } = builtIn('node:worker_threads');
  const { createRequire } = builtIn('node:module');
  const __name = (named) => named;
  const { start, busy } = workerData;
  const port = {
    onRequest: (act) => parentPort.on('message', act),
    post: (answer, moved) => parentPort.postMessage(answer, moved),
    close: () => (parentPort.close === undefined ? globalThis.close() : parentPort.close()),
    load: (entry) => createRequire(entry)(entry),
    begin: () => Atomics.compareExchange(busy, 0, ${IDLE}, ${AT_WORK}) === ${IDLE},
    end: () => {
      Atomics.store(busy, 0, ${IDLE});
      Atomics.notify(busy, 0);
    },
  };
  (${serve})(port, start);`;
