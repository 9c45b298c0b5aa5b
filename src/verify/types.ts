import type { CallOptions, Warning } from '../api/types.js';
import type { Dataset } from '../calibration/data.js';
import type { Runtime } from '../runtime/runtime.js';

export interface VerifyOptions extends CallOptions {
  /** Samples: what `loadData` takes, or what it gave. By default random numbers, which the result says. */
  readonly data?: string | Dataset;
  /** The array in `data` that holds class labels, for accuracy. */
  readonly labels?: string;
  /** Samples at most; by default all that `data` has, or 16 random ones. */
  readonly samples?: number;
  /** Of random data; default 0. */
  readonly seed?: number;
  /** Measured runs of each model; by default about a second of them, 5 at least. 0 measures nothing. */
  readonly runs?: number;
  /** By default onnxruntime-node, or onnxruntime-web where only that is installed. */
  readonly runtime?: Runtime;
}

/** How alike two models answer, how fast they are and how large. */
export interface Verification {
  /** No faults. Says nothing about how alike the answers are: that is for the numbers. */
  readonly ok: boolean;
  /** What makes the pruned model no replacement for the original: other inputs or outputs, or runs that fail. */
  readonly faults: readonly Warning[];
  readonly warnings: readonly Warning[];
  readonly data: {
    /** A file or folder, 'memory', or 'random'. */
    readonly source: string;
    readonly random: boolean;
    /** Samples that both models were given. */
    readonly samples: number;
    /** Batch sizes that both models ran with. */
    readonly batches: readonly number[];
  };
  readonly outputs: readonly OutputReport[];
  readonly accuracy?: {
    readonly labels: string;
    /** The output whose largest value is the predicted class. */
    readonly output: string;
    readonly original: number;
    readonly pruned: number;
  };
  readonly latency?: {
    /** Medians over interleaved runs, in milliseconds, inside the runtime. */
    readonly originalMs: number;
    readonly prunedMs: number;
    /** Pruned over original: below 1 is faster. */
    readonly ratio: number;
    /** Measured runs of each. */
    readonly runs: number;
    /** Samples in each run. */
    readonly batch: number;
    readonly threads: number | 'default';
  };
  /** Of the .onnx files and their external data. */
  readonly bytes: { readonly original: number; readonly pruned: number; readonly ratio: number };
}

/** One output, over all samples together. */
export interface OutputReport {
  readonly name: string;
  readonly dtype: string;
  /** Of the two outputs as vectors, -1 to 1. Nothing where one of them is zero everywhere and the other is not. */
  readonly cosine: number | null;
  /** ‖original - pruned‖ / ‖original‖. Nothing where the original is zero everywhere and the pruned is not. */
  readonly relativeError: number | null;
  readonly maxAbsDifference: number;
  /** Share of samples whose largest value lies at the same place; only for outputs that look like classes, [batch, k]. */
  readonly top1Agreement: number | null;
  /** Elements that are NaN or infinite; they are left out of the numbers above. */
  readonly nonFinite: { readonly original: number; readonly pruned: number };
}
