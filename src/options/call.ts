import type { SampleSource } from '../data/samples.js';
import type { Runtime } from '../runtime/runtime.js';

/** What every long call takes. */
export interface CallOptions {
  /** Aborting rejects the call with the signal's reason and leaves nothing behind. */
  readonly signal?: AbortSignal;
  /** Called now and then, on the main thread. */
  readonly onProgress?: (progress: Progress) => void;
  /** Threads at most; by default one for each core. */
  readonly threads?: number;
}

export interface Progress {
  /** 'open', 'calibrate', 'score', 'tree', 'weigh', 'reconstruct', 'guard', 'measure', 'write', 'hash', 'verify'. */
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}

/** Samples that show what the model does, and what runs it on them. */
export interface CalibrationOptions {
  /**
   * Samples: what `loadData` takes or gave, or arrays by the names of the inputs, such as `{ input: new Float32Array(…) }` or
   * `{ input: { data, dims } }`, or a sequence of such objects. Criteria that look at activations need it; without it weights alone are scored.
   */
  readonly data?: SampleSource;
  /** Samples at most; by default all that `data` has. */
  readonly samples?: number;
  /** By default onnxruntime-node, or onnxruntime-web where only that is installed. */
  readonly runtime?: Runtime;
}

/** Inputs and outputs that need not stay as they are. */
export interface FreeOptions {
  /**
   * Globs of inputs and outputs of the model whose axes may shrink: states and caches that it shows, such as `h` and `hn`, or
   * `past_key_values*` and `present*`. The plan and the pruned model's metadata say which indices stay (`interface`).
   */
  readonly free?: readonly string[];
}
