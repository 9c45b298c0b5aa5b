import { EspalierError, type Where } from '../base/errors.js';
import { startWorker, type WorkerThread } from '../platform/index.js';
import { checked } from '../schema/check.js';
import { modelFrom } from '../schema/sources.js';
import { checkFeeds, loadOptions, runOptions } from './checks.js';
import { externalFiles } from './externalData.js';
import type {
  DType,
  Feeds,
  LoadOptions,
  RunOptions,
  RunResult,
  Runtime,
  Session,
  TensorData,
  ValueInfo,
} from './runtime.js';
import {
  type Request,
  type Start,
  serve,
  type WireTensor,
  type WireValue,
  type WorkerAnswer,
} from './worker.js';

/** An edition of onnxruntime: the file that opens it, and what computes in it. */
export interface Edition {
  /** 'onnxruntime-node 1.30.0' */
  readonly name: string;
  readonly entry: string;
  /** 'cpu' is onnxruntime-node's, 'wasm' onnxruntime-web's. */
  readonly provider: 'cpu' | 'wasm';
}

/** The threads of sessions that are open. */
const threads = new WeakMap<Session, Thread>();

/** A runtime that opens an edition of onnxruntime in a worker thread for each session, or for some together. */
export const inThread = (find: () => Edition): Runtime => ({
  get name() {
    return find().name;
  },
  load: async (given, asked) => {
    const model = modelFrom('model', given);
    const options = checked(loadOptions, asked);
    options.signal?.throwIfAborted();
    const edition = find();
    const where: Where = typeof model === 'string' ? { file: model } : {};
    const shared = options.beside && threads.get(options.beside);
    const thread = shared?.open ? shared : new Thread(edition, options.signal);
    thread.sessions += 1;
    try {
      const session = await open(thread, edition, model, options, where);
      threads.set(session, thread);
      return session;
    } catch (error) {
      thread.leave();
      throw error;
    }
  },
});

async function open(
  thread: Thread,
  { provider }: Edition,
  model: string | Uint8Array,
  { threads: count }: LoadOptions,
  where: Where,
): Promise<Session> {
  const failed = (doing: string, words: string) =>
    new EspalierError('RUNTIME_FAILED', `onnxruntime could not ${doing} the model: ${words}`, where);

  // onnxruntime-node finds external data by itself; in WASM it has no files but those that it is given.
  const external = provider === 'wasm' && typeof model === 'string' ? await externalFiles(model) : [];
  const whole = typeof model === 'string' || model.byteLength === model.buffer.byteLength;
  const loaded = await thread.ask({
    do: 'load',
    model: whole ? model : new Uint8Array(model),
    external,
    ...(count === undefined ? {} : { threads: count }),
  });
  if ('failed' in loaded) throw failed('load', loaded.failed);
  if (!('loaded' in loaded)) throw failed('load', 'it gave another answer than was asked for');
  const inputs = loaded.loaded.inputs.map(toValueInfo);
  const outputs = loaded.loaded.outputs.map(toValueInfo);
  const fetchable = outputs.filter(({ dtype }) => dtype !== 'other').map(({ name }) => name);

  const session = loaded.id;
  let gone: Promise<void> | undefined;

  return {
    inputs,
    outputs,
    run: async (feeds: Feeds, asked?: RunOptions): Promise<RunResult> => {
      const options = checked(runOptions, asked);
      checkFeeds(feeds);
      if (gone !== undefined) throw disposed();
      const sent: Record<string, WireTensor> = {};
      for (const [name, { type, data, dims }] of Object.entries(feeds))
        sent[name] = { type, data: compact(data), dims };
      const outputs = options.outputs ?? fetchable;
      if (outputs.length === 0)
        throw failed(
          'run',
          'no output of it is a tensor, and what is a sequence, a map or an optional it does not hand over',
        );
      const answer = await thread.ask({ do: 'run', session, feeds: sent, outputs });
      if ('failed' in answer) throw failed('run', answer.failed);
      if (!('ran' in answer)) throw failed('run', 'it gave another answer than was asked for');
      return answer.ran as RunResult;
    },
    dispose: () => {
      gone ??= thread.leave(session);
      return gone;
    },
  };
}

const KNOWN: ReadonlySet<string> = new Set<DType>([
  'float16',
  'float32',
  'float64',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
  'string',
]);

function toValueInfo({ name, type, shape = [] }: WireValue): ValueInfo {
  const named = shape.map((length) => (typeof length === 'number' || IS_NAME.test(length) ? length : ''));
  return { name, dtype: type !== undefined && KNOWN.has(type) ? (type as DType) : 'other', shape: named };
}

/** Some exporters write `?` or `None` for every length that they do not know: these are not one. */
const IS_NAME = /^(?!(none|unknown|dynamic)$).*[\p{L}\p{N}]/isu;

type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;

/** A worker thread that answers requests, and its end. */
class Thread {
  readonly #worker: WorkerThread<Request>;
  readonly #waiting = new Map<
    number,
    { resolve: (answer: WorkerAnswer) => void; reject: (reason: unknown) => void }
  >();
  readonly #signal: AbortSignal | undefined;
  #next = 0;
  #closed: { readonly reason: unknown } | undefined;
  get open(): boolean {
    return this.#closed === undefined;
  }

  /** How many are open here; the thread ends with the last. */
  sessions = 0;

  constructor({ entry, provider }: Edition, signal?: AbortSignal) {
    this.#worker = startWorker<Start, Request, WorkerAnswer>(
      serve,
      { entry, provider },
      {
        onAnswer: (answer) => {
          this.#waiting.get(answer.id)?.resolve(answer);
          this.#waiting.delete(answer.id);
        },
        onError: (error) => this.#end(died(error)),
      },
    );
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
    void this.#worker.ended.then(() => {
      this.#end(died());
      signal?.removeEventListener('abort', this.#abort);
    });
  }

  ask(request: Unnumbered<Request>): Promise<WorkerAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(this.#signal?.aborted ? this.#signal.reason : this.#closed.reason);
        return;
      }
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.post({ ...request, id });
    });
  }

  /** A session, if it came to be, is no longer wanted. */
  async leave(session?: number): Promise<void> {
    this.sessions -= 1;
    if (this.sessions === 0) await this.close();
    else if (session !== undefined && this.#closed === undefined) await this.ask({ do: 'release', session });
  }

  /** Lets the worker finish what it is at and leave. Whoever waits for an answer is told at once. */
  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#end(disposed());
      this.#worker.post({ id: this.#next++, do: 'close' } satisfies Request);
    }
    return this.#worker.ended;
  }

  #end(reason: unknown): void {
    this.#closed ??= { reason };
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }

  readonly #abort = (): void => {
    this.#end(this.#signal?.reason);
    this.#worker.post({ id: this.#next++, do: 'close' } satisfies Request);
  };
}

const disposed = (): EspalierError => new EspalierError('RUNTIME_FAILED', 'the session was disposed of');

function died(cause?: unknown): EspalierError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new EspalierError('RUNTIME_FAILED', `the thread that ran onnxruntime ended${why}`, {}, '', {
    cause,
  });
}

/** Without the rest of the buffer that a view may lie on, which would be sent along. */
function compact(data: TensorData): TensorData {
  const whole = !ArrayBuffer.isView(data) || data.byteLength === data.buffer.byteLength;
  return whole ? data : data.slice();
}
