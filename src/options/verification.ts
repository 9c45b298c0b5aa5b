import type { Manner } from '../compare/row.js';
import type { Warning } from './outcomes.js';

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
    /** How files became samples, in one line, where they were files. */
    readonly preprocessing?: string;
    /** Samples that both models were given. */
    readonly samples: number;
    /** Batch sizes that both models ran with. */
    readonly batches: readonly number[];
  };
  readonly outputs: readonly OutputReport[];
  /** Outputs that could not be compared, and why. */
  readonly unjudged: readonly { readonly output: string; readonly why: string }[];
  readonly accuracy?: {
    readonly labels: string;
    /** The output that names the predicted class: where its largest value lies, or what it gives. */
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

/** One output, over all samples together. A sample's answer is lost where it is finite in one of the models only. */
export interface OutputReport {
  readonly name: string;
  /** The value that was compared instead, for an output that is no tensor: what it is made of. */
  readonly value?: string;
  readonly dtype: string;
  /**
   * How: 'values' element by element; 'sequences' up to the shorter, where the data decided other lengths; 'boxes' as sets, boxes
   * that overlap by more than half being counterparts; 'rows of boxes' with the counterparts of another output; 'equal rows' as sets
   * of rows. What has no counterpart counts as alike in nothing.
   */
  readonly compared: Manner;
  /** As a guard has it, 0 to 1: the mean over the samples that one of the models answers. Nothing where there are none. */
  readonly fidelity: number | null;
  /**
   * Of the two outputs as vectors, -1 to 1. Nothing where one of them is zero everywhere and the other is not, and of texts. Where some
   * samples are lost, or something has no counterpart, times the share of what is not.
   */
  readonly cosine: number | null;
  /**
   * ‖original - pruned‖ / ‖original‖. Nothing where the original is zero everywhere and the pruned is not, and of texts. Where only a
   * share s could be compared, 1 - s · (1 - error).
   */
  readonly relativeError: number | null;
  /** Infinity (in JSON null) where an element is finite in one of the models only. Nothing of texts. */
  readonly maxAbsDifference: number | null;
  /** Share of samples of the same class; only for outputs that name classes: [batch, k], or a whole number or text for each sample. */
  readonly top1Agreement: number | null;
  /** Where the data decided other lengths: boxes or positions in all, and the share of them that was compared. */
  readonly lengths?: { readonly original: number; readonly pruned: number; readonly share: number };
  /** Elements that are NaN or infinite. */
  readonly nonFinite: { readonly original: number; readonly pruned: number };
  /** NaN in both models: no answer. Such elements, and samples that hold nothing else, are left out of the numbers above. */
  readonly unanswered: { readonly elements: number; readonly samples: number };
}
