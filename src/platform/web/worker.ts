import type { Serve, WorkerEvents, WorkerThread } from '../types.js';

/** What goes between a thread and the one that started it. */
type Sent<Answer> = { readonly answer: Answer } | { readonly ended: true };

/** As much as is used here of what a thread is, and of what it sees of itself. */
interface Posts {
  postMessage(message: unknown, moved?: readonly ArrayBuffer[]): void;
  onmessage: ((event: { readonly data: never }) => void) | null;
}
interface WebWorker extends Posts {
  onerror: ((event: { readonly message?: string; readonly error?: unknown }) => void) | null;
  terminate(): void;
}
declare const Worker: { new (url: URL, options: { readonly type: 'module' }): WebWorker };
declare const self: Posts & { readonly name: string };

/** A thread that has nothing to do, and the timer that ends it. */
interface Idle {
  readonly worker: WebWorker;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Browsers do not tell why a thread did not start. */
const NOT_LOADED =
  'its file, dist/browser/thread.js of the package, could not be loaded, or onnxruntime-web, which that imports, is not installed';

/** Milliseconds for which a thread that has ended waits for more: what it has compiled, megabytes of code, it has then. */
const PATIENCE = 3000;
const idle: Idle[] = [];

/**
 * Starts the thread that serves: the file that lies beside this code, as bundlers find it. It has `serve` in it already, since a page may
 * forbid that texts are evaluated.
 */
export function startWorker<Start, Request, Answer>(
  _serve: Serve<Start, Request, Answer>,
  start: Start,
  { onAnswer, onError }: WorkerEvents<Answer>,
): WorkerThread<Request> {
  const worker = idleOne() ?? new Worker(new URL('./thread.js', import.meta.url), { type: 'module' });
  const ended = new Promise<void>((resolve) => {
    worker.onmessage = ({ data }: { readonly data: Sent<Answer> }) => {
      if ('answer' in data) return onAnswer(data.answer);
      rest(worker);
      resolve();
    };
    worker.onerror = ({ message, error }) => {
      onError(error ?? new Error(message ?? NOT_LOADED));
      worker.terminate();
      resolve();
    };
  });
  worker.postMessage(start);
  return { post: (request) => worker.postMessage(request), ended };
}

function idleOne(): WebWorker | undefined {
  const found = idle.pop();
  clearTimeout(found?.timer);
  return found?.worker;
}

function rest(worker: WebWorker): void {
  const timer = setTimeout(() => {
    idle.splice(idle.indexOf(waiting), 1);
    worker.terminate();
  }, PATIENCE);
  const waiting: Idle = { worker, timer };
  idle.push(waiting);
}

/** Threads that onnxruntime-web starts of its own have this name, and may be of the same file. */
const OF_ONNXRUNTIME = 'em-pthread';

/** The other end: serves in this thread, once it is told with what. `load`: gives the package that an entry opens. */
export function serveHere<Start, Request, Answer>(
  serve: Serve<Start, Request, Answer>,
  load: (entry: string) => unknown,
): void {
  if (self.name.startsWith(OF_ONNXRUNTIME)) return;
  const begin = ({ data: start }: { readonly data: Start }): void => {
    const port = {
      onRequest: (act: (request: Request) => void) => {
        self.onmessage = ({ data }: { readonly data: Request }) => act(data);
      },
      post: (answer: Answer, moved: readonly ArrayBuffer[] = []) => self.postMessage({ answer }, moved),
      close: () => {
        self.onmessage = begin;
        self.postMessage({ ended: true });
      },
      load,
      begin: () => true,
      end: () => undefined,
    };
    serve(port, start);
  };
  self.onmessage = begin;
}
