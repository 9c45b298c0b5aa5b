import type { WorkerPort } from '../platform/index.js';

/** What a worker is started with. */
export interface Start {
  /** Of onnxruntime-node or onnxruntime-web. */
  readonly entry: string;
  readonly provider: 'cpu' | 'wasm';
}

/** A message to the worker thread of a runtime: load a model, run it, release it, or end. Each but the last is answered under its id. */
export type Request =
  | {
      readonly id: number;
      /** The session gets the id of this request. */
      readonly do: 'load';
      readonly model: string | Uint8Array;
      /** Files that a runtime without a file system has to be given, by the names that the model has for them. */
      readonly external: readonly ExternalFile[];
      readonly threads?: number;
    }
  | {
      readonly id: number;
      readonly do: 'run';
      readonly session: number;
      readonly feeds: WireTensors;
      readonly outputs: readonly string[];
    }
  | { readonly id: number; readonly do: 'release'; readonly session: number }
  | { readonly id: number; readonly do: 'close' };

/** The worker thread's answer to the request of the same id: what it asked for, or the runtime's error message. */
export type WorkerAnswer =
  | { readonly id: number; readonly loaded: { readonly inputs: WireValue[]; readonly outputs: WireValue[] } }
  | { readonly id: number; readonly ran: { readonly outputs: WireTensors; readonly ms: number } }
  | { readonly id: number; readonly released: true }
  | { readonly id: number; readonly failed: string };

/** A file of external data of a model, for a runtime that cannot open files by itself. */
export interface ExternalFile {
  /** As the model names it. */
  readonly path: string;
  /** Where it lies; the runtime reads it. */
  readonly data: string;
}

/** An input or output as onnxruntime describes it; `type` and `shape` are absent where it is no tensor. */
export interface WireValue {
  readonly name: string;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

/** A tensor as it crosses to the worker thread and is given to onnxruntime: float16 as its bits, bool as bytes. */
export interface WireTensor {
  readonly type: string;
  readonly data: ArrayBufferView | readonly string[];
  readonly dims: readonly number[];
}

/** Tensors by the names of the model's inputs or outputs. */
export type WireTensors = Readonly<Record<string, WireTensor>>;

/** As much of onnxruntime as is used here, the same in both editions. They are optional peers: their types may be absent. */
interface Ort {
  readonly env: { logLevel?: string; readonly wasm?: { numThreads?: number } };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => WireTensor;
  readonly InferenceSession: {
    create(model: string | Uint8Array, options: Readonly<Record<string, unknown>>): Promise<OrtSession>;
  };
}

interface OrtSession {
  readonly inputMetadata: readonly WireValue[];
  readonly outputMetadata: readonly WireValue[];
  run(feeds: WireTensors, fetches: readonly string[]): Promise<WireTensors>;
  release(): Promise<void>;
}

/** The whole of the worker thread: loads models, runs them, answers. Evaluated there as text, as `Serve` says. */
export function serve(port: WorkerPort<Request, WorkerAnswer>, start: Start): void {
  let ort: Ort | undefined;
  const sessions = new Map<number, OrtSession>();
  let last = Promise.resolve();

  const plain = ({ name, type, shape }: WireValue): WireValue =>
    type === undefined || shape === undefined ? { name } : { name, type, shape: [...shape] };

  const answer = async (request: Request): Promise<WorkerAnswer | undefined> => {
    if (request.do === 'load') {
      ort ??= (await port.load(start.entry)) as Ort;
      ort.env.logLevel = 'fatal';
      if (request.threads !== undefined && start.provider === 'wasm' && ort.env.wasm !== undefined)
        ort.env.wasm.numThreads = request.threads;
      const session = await ort.InferenceSession.create(request.model, {
        executionProviders: [start.provider],
        logSeverityLevel: 4,
        ...(request.external.length === 0 ? {} : { externalData: request.external }),
        ...(request.threads === undefined ? {} : { intraOpNumThreads: request.threads }),
      });
      sessions.set(request.id, session);
      const loaded = {
        inputs: session.inputMetadata.map(plain),
        outputs: session.outputMetadata.map(plain),
      };
      return { id: request.id, loaded };
    }
    if (request.do === 'close') {
      for (const session of sessions.values()) await session.release();
      port.close();
      return undefined;
    }
    const session = sessions.get(request.session);
    if (request.do === 'release') {
      sessions.delete(request.session);
      await session?.release();
      return { id: request.id, released: true };
    }
    if (ort === undefined || session === undefined) throw new Error('no model is loaded');
    const feeds: Record<string, WireTensor> = {};
    for (const [name, { type, data, dims }] of Object.entries(request.feeds))
      feeds[name] = new ort.Tensor(type, data, dims);
    const from = performance.now();
    const results = await session.run(feeds, request.outputs);
    const ms = performance.now() - from;
    const outputs: Record<string, WireTensor> = {};
    for (const name of request.outputs) {
      const { type, data, dims } = results[name] as WireTensor;
      // Newer JavaScript engines get Float16Array here; its bits are what leaves.
      const bits =
        type === 'float16' && !Array.isArray(data)
          ? new Uint16Array(
              (data as ArrayBufferView).buffer,
              (data as ArrayBufferView).byteOffset,
              (data as ArrayBufferView).byteLength / 2,
            )
          : data;
      outputs[name] = { type, data: bits, dims: [...dims] };
    }
    return { id: request.id, ran: { outputs, ms } };
  };

  /** Outputs move instead of being copied, where their memory is the engine's own. */
  const send = (reply: WorkerAnswer): void => {
    const outputs = 'ran' in reply ? Object.values(reply.ran.outputs) : [];
    const buffers = outputs.flatMap(({ data }) =>
      ArrayBuffer.isView(data) ? [data.buffer as ArrayBuffer] : [],
    );
    try {
      port.post(reply, [...new Set(buffers)]);
    } catch {
      port.post(reply);
    }
  };

  port.onRequest((request) => {
    last = last.then(async () => {
      if (!port.begin()) return;
      let reply: WorkerAnswer | undefined;
      try {
        reply = await answer(request);
      } catch (error) {
        reply = { id: request.id, failed: error instanceof Error ? error.message : String(error) };
      }
      port.end();
      if (reply !== undefined) send(reply);
    });
  });
}
