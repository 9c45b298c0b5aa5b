// Written by `npm run docs` from the declarations beside it: an option is changed there.

import type { SampleSource } from '../data/samples.js';
import type { Guard } from '../guard/types.js';
import type { Plan } from '../plan/plan.js';
import type { Preprocessing } from '../preprocess/forms.js';
import type { Runtime } from '../runtime/runtime.js';
import type { Combination } from '../scoring/combined.js';
import type { ReportedOutcome } from './outcomes.js';
import type { Progress } from './progress.js';
import type { Sweep } from './sweepTypes.js';
import type { TreeReport } from './treeTypes.js';
import type { Verification } from './verification.js';

/** What every long call takes. */
export interface CallOptions {
  /** Abort the call: it is rejected with the signal's reason, and leaves nothing behind. */
  readonly signal?: AbortSignal;
  /** Called now and then, on the main thread. */
  readonly onProgress?: (progress: Progress) => void;
  /** Threads at most. A whole number from 1 to 1024. Default: one for each core. */
  readonly threads?: number;
}

/** Samples that show what the model does, and what runs it on them. */
export interface CalibrationOptions {
  /**
   * Samples, such as `{ input: new Float32Array(…) }`, `{ input: { data, dims } }`, a sequence of such objects, a file,
   * or a folder of images or sounds. What looks at activations needs them; without them weights alone are looked at. A
   * path or file: URL of an .npz, a .safetensors, a folder of .npy, texts, or a folder or pattern of images or sounds,
   * a list of such paths, a Blob or File of one, what loadData gave, or arrays by the names of the inputs.
   */
  readonly data?: SampleSource;
  /**
   * How images become what the model sees. docs/samples.md says what each does. One of imagenet, 0..1, -1..1, yolo,
   * clip, or a JSON file, or an object of what such a file holds. Default: what preprocessor_config.json or config.json
   * beside the model, or its metadata, say.
   */
  readonly preprocess?: Preprocessing;
  /**
   * Of tables and JSON lines: the column that holds the texts; a,b for pairs. Default: the one that usual names tell,
   * or the only one of texts.
   */
  readonly column?: string;
  /**
   * Of sounds: how many samples a second the model takes. A whole number from 1 to 1000000. Default: sampling_rate in
   * preprocessor_config.json beside the model.
   */
  readonly sampleRate?: number;
  /** Use at most this many samples. A whole number from 1 on. Default: all. */
  readonly samples?: number;
  /**
   * What runs the model. An object with a function load, as onnxruntime() gives it. Default: onnxruntime-node, or
   * onnxruntime-web where only that is installed.
   */
  readonly runtime?: Runtime;
}

/** What lengths are, where a model leaves them open. */
export interface ShapeOptions {
  /**
   * Shapes of inputs, for lengths that the model leaves open: `{ input: [1, 3, 640, 640] }`. Multiply-adds are counted
   * at these lengths; what they leave open `data` decides, and then names. Errors: OPTION_INVALID where an input has no
   * such shape. An object of inputs and their lengths.
   */
  readonly shape?: Readonly<Record<string, readonly number[]>>;
}

/** Inputs and outputs that need not stay as they are. */
export interface FreeOptions {
  /**
   * Inputs and outputs whose axes may shrink, such as states and caches. They are given by name or by globs, as `h` and
   * `hn`, or `past_key_values*` and `present*`. The plan and the pruned model's metadata say which indices stay
   * (`interface`). An array of globs.
   */
  readonly free?: readonly string[];
}

/** What an inspection may look at beside the model: options of `inspect`. */
export interface InspectOptions extends CalibrationOptions, ShapeOptions, FreeOptions, CallOptions {}

/** What lanes are worth, and on which samples: options of `score`. */
export interface ScoreOptions extends CalibrationOptions, FreeOptions, CallOptions {
  /**
   * What a lane is worth. A name from criteria(), or what combine() gave. Default: 'entropy'; with `data`:
   * 'information'.
   */
  readonly criterion?: string | Combination;
  /**
   * Hold about this many bytes of what is known from samples, beside the model and the runtime. With less, large models
   * are run over the samples several times, and layers are refitted on fewer of them. A number above 0. Default: 1 GiB.
   */
  readonly memory?: number;
  /** Options of the criterion, by their names. An object such as { bins: 64 }. */
  readonly criterionOptions?: Readonly<Record<string, string | number | boolean>>;
  /** Tensors or nodes that must stay whole. An array of globs. */
  readonly keep?: readonly string[];
  /** Seed of what is drawn at random. A whole number. Default: 0. */
  readonly seed?: number;
}

/** How much leaves, and what: options of `plan`, `prune` and `stability`. */
export interface PlanOptions extends ScoreOptions, ShapeOptions {
  /** Remove this fraction of every prunable axis: 0.5 removes half. A number between 0 and 1, both exclusive. */
  readonly ratio?: number;
  /** Leave at most this fraction of the multiply-adds. A fraction above 0 and up to 1. */
  readonly macs?: number;
  /** Leave at most this fraction of the parameters. A fraction above 0 and up to 1. */
  readonly params?: number;
  /**
   * Leave at most this fraction of the latency, predicted from layers measured on this machine (kept in a cache). The
   * first time they are measured, for half a minute at most; after that they are read from a file in the user's cache.
   * A fraction above 0 and up to 1.
   */
  readonly latency?: number;
  /** Leave at most this many bytes. A number above 0. */
  readonly bytes?: number;
  /**
   * How much leaves where. A name from policies(). Default: 'uniform'; with a budget: 'global'; with a budget and
   * `data`: 'allocate'.
   */
  readonly policy?: string;
  /**
   * What else is done under the same budget or ratio beside pruning, by the name of the compression: its options, or
   * true. False leaves pruning out: `{ prune: false }`. An object of options by the names of compressions, such as {
   * prune: false }.
   */
  readonly compress?: Readonly<Record<string, unknown>>;
  /**
   * Refit what is left on `data`, so that each layer gives what it gave in the original. Without data nothing is
   * refitted. Default: true.
   */
  readonly reconstruct?: boolean;
  /** Touch only lanes whose removal equals zeros in the original. Default: false. */
  readonly exact?: boolean;
  /**
   * Keep a multiple of this many lanes in each group. A whole number from 1 on. Default: 1; in groups of 32 lanes and
   * more: 8.
   */
  readonly roundTo?: number;
  /**
   * What must hold on samples held out from calibration, the last quarter of `data`: where it does not, less is removed
   * than was asked for. Errors: GUARD_FAILED where nothing that was tried holds. An array such as [{ metric:
   * 'fidelity', atLeast: 0.98 }].
   */
  readonly guard?: readonly Guard[];
  /**
   * The array in `data` that holds class labels ('label' where folders name classes), or a CSV of files and their
   * classes. It is for a guard of accuracy; calibration does not look at it.
   */
  readonly labels?: string;
}

/** What a replay may look at beside the plan: options of `apply`. */
export interface ApplyOptions extends CalibrationOptions, ShapeOptions, CallOptions {
  /**
   * Hold about this many bytes of what is known from samples, beside the model and the runtime. With less, large models
   * are run over the samples several times, and layers are refitted on fewer of them. A number above 0. Default: 1 GiB.
   */
  readonly memory?: number;
}

/** What a call that writes takes: `save` and `writeWeightTerms`. */
export interface SaveOptions extends CallOptions {
  /**
   * Overwrite what is there. Without it that is an error. A file of the model itself is never overwritten. Default:
   * false.
   */
  readonly force?: boolean;
}

/** How files become samples: options of `samples`. */
export interface SampleOptions extends ShapeOptions, CallOptions {
  /**
   * How images become what the model sees. docs/samples.md says what each does. One of imagenet, 0..1, -1..1, yolo,
   * clip, or a JSON file, or an object of what such a file holds. Default: what preprocessor_config.json or config.json
   * beside the model, or its metadata, say.
   */
  readonly preprocess?: Preprocessing;
  /**
   * Of tables and JSON lines: the column that holds the texts; a,b for pairs. Default: the one that usual names tell,
   * or the only one of texts.
   */
  readonly column?: string;
  /**
   * Of sounds: how many samples a second the model takes. A whole number from 1 to 1000000. Default: sampling_rate in
   * preprocessor_config.json beside the model.
   */
  readonly sampleRate?: number;
  /**
   * The array in `data` that holds class labels ('label' where folders name classes), or a CSV of files and their
   * classes.
   */
  readonly labels?: string;
  /** Use at most this many samples. A whole number from 1 on. Default: all. */
  readonly samples?: number;
}

/** On which samples a model is tried: options of `checkSamples`. */
export interface CheckSamplesOptions extends SampleOptions {
  /**
   * What runs the model. An object with a function load, as onnxruntime() gives it. Default: onnxruntime-node, or
   * onnxruntime-web where only that is installed.
   */
  readonly runtime?: Runtime;
}

/** Of which group a tree is grown, and how: options of `tree`. */
export interface TreeOptions extends CalibrationOptions, FreeOptions, CallOptions {
  /** The group, as model.inspect() names it. Groups have these names where `free` is the same. */
  readonly group: string;
  /**
   * Samples, such as `{ input: new Float32Array(…) }`, `{ input: { data, dims } }`, a sequence of such objects, a file,
   * or a folder of images or sounds. A tree is made of what the model does on them: without some it is refused. A path
   * or file: URL of an .npz, a .safetensors, a folder of .npy, texts, or a folder or pattern of images or sounds, a
   * list of such paths, a Blob or File of one, what loadData gave, or arrays by the names of the inputs.
   */
  readonly data?: SampleSource;
  /**
   * What lanes are judged by. Pairs are of the own lanes; consumers judge a lane by what it says of the output lanes of
   * the layers that read it, output by what it says of the class that the model itself names. Default: 'pairs'.
   */
  readonly variant?: 'pairs' | 'consumers' | 'output';
  /**
   * How what two lanes share is estimated. A Gaussian is faster, sees linear dependence alone, and is for pairs only.
   * Default: 'histogram'.
   */
  readonly estimator?: 'histogram' | 'gaussian';
  /**
   * Bins of a lane. At most 64 in a histogram, where chance fills the cells of more. A whole number from 2 to 65536.
   * Default: 6; with `estimator: 'gaussian'`: 4096.
   */
  readonly bins?: number;
  /** Bins of equal width, or of equally many values. Default: 'equal'. */
  readonly binning?: 'equal' | 'quantile';
  /** What the same bins hold for. Lanes of consumers have their own bins in either case. Default: 'group'. */
  readonly range?: 'group' | 'lane';
  /** Correct entropies for the number of values. Default: false. */
  readonly millerMadow?: boolean;
  /**
   * At most this many rows are drawn of all positions of all samples. Fewer where all that is looked at would not fit
   * into 256 MB. A whole number from 2 to 1048576. Default: 4096.
   */
  readonly rows?: number;
  /** Seed of what is drawn at random. A whole number. Default: 0. */
  readonly seed?: number;
  /** Give the mutual information of all pairs. Default: false; in groups of up to 256 lanes: true. */
  readonly pairs?: boolean;
}

/** On what two models are compared, and how often they are measured: options of `verify`. */
export interface VerifyOptions extends CalibrationOptions, CallOptions {
  /**
   * Measured runs of each model; 0 measures no time. A whole number from 0 on. Default: about a second of them, 5 at
   * least.
   */
  readonly runs?: number;
  /**
   * Samples, such as `{ input: new Float32Array(…) }`, `{ input: { data, dims } }`, a sequence of such objects, a file,
   * or a folder of images or sounds. A path or file: URL of an .npz, a .safetensors, a folder of .npy, texts, or a
   * folder or pattern of images or sounds, a list of such paths, a Blob or File of one, what loadData gave, or arrays
   * by the names of the inputs. Default: random numbers, which the result says.
   */
  readonly data?: SampleSource;
  /**
   * The array in `data` that holds class labels ('label' where folders name classes), or a CSV of files and their
   * classes. For accuracy.
   */
  readonly labels?: string;
  /** Use at most this many samples. A whole number from 1 on. Default: all, or 16 random ones. */
  readonly samples?: number;
  /** Seed of random samples. A whole number. Default: 0. */
  readonly seed?: number;
}

/** What a report tells of two models beside what their files say: options of `report`. */
export interface ReportOptions extends VerifyOptions, ShapeOptions {
  /**
   * The plan that the pruned model was made by: it says which lanes left, and what each was worth. Without it the
   * report tells how many lanes of each group are left, and not which. A plan, as readPlan gives it.
   */
  readonly plan?: Plan;
  /**
   * What `prune` or `apply` gave, for its warnings, guards, and what there was to choose from. Its plan is that of the
   * report. A result of prune or apply.
   */
  readonly outcome?: ReportedOutcome;
  /** What `verify` gave, where the two were compared already. A result of verify. */
  readonly verification?: Verification;
  /** What `model.tree` gave, to be drawn. A result of model.tree. */
  readonly tree?: TreeReport;
  /** Run both models: how alike they answer, how fast they are. Default: true. */
  readonly compare?: boolean;
  /** The command or code that made the pruned model, to be shown as how to do it again. */
  readonly command?: string;
}

/** Which prunings are tried beside each other, and what judges them: options of `sweep`. */
export interface SweepOptions extends CalibrationOptions, ShapeOptions, CallOptions {
  /**
   * Samples, such as `{ input: new Float32Array(…) }`, `{ input: { data, dims } }`, a sequence of such objects, a file,
   * or a folder of images or sounds. They calibrate; where there is no `test`, the last quarter judges. A path or file:
   * URL of an .npz, a .safetensors, a folder of .npy, texts, or a folder or pattern of images or sounds, a list of such
   * paths, a Blob or File of one, what loadData gave, or arrays by the names of the inputs.
   */
  readonly data: SampleSource;
  /**
   * Samples that judge, which nothing is fitted to. A path or file: URL of an .npz, a .safetensors, a folder of .npy,
   * texts, or a folder or pattern of images or sounds, a list of such paths, a Blob or File of one, what loadData gave,
   * or arrays by the names of the inputs. Default: the last quarter of the others.
   */
  readonly test?: SampleSource;
  /**
   * The array in `data` that holds class labels ('label' where folders name classes), or a CSV of files and their
   * classes.
   */
  readonly labels?: string;
  /** Fractions of the multiply-adds that may stay. An array of fractions above 0 and up to 1. */
  readonly macs?: readonly number[];
  /** Fractions of the parameters that may stay. An array of fractions above 0 and up to 1. */
  readonly params?: readonly number[];
  /** Fractions of every prunable axis that leave. An array of numbers between 0 and 1, both exclusive. */
  readonly ratio?: readonly number[];
  /**
   * What lanes are worth, each of these. An array of names from criteria(), or of what combine() gave. Default:
   * ['information'].
   */
  readonly criterion?: readonly (string | Combination)[];
  /**
   * How much leaves where, each of these. An array of names from policies(). Default: what `prune` takes for the
   * amount.
   */
  readonly policy?: readonly string[];
  /**
   * How often each is tried: every time but the first on another three quarters of the samples. A whole number from 1
   * to 1000. Default: 1.
   */
  readonly seeds?: number;
  /** Refit what is left, as `prune` does. Default: true. */
  readonly reconstruct?: boolean;
  /** Touch only lanes whose removal equals zeros in the original. Default: false. */
  readonly exact?: boolean;
  /** Tensors or nodes that stay whole, as `prune` has it. An array of names or patterns. */
  readonly keep?: readonly string[];
  /**
   * Hold about this many bytes of what is known from samples, beside the model and the runtime. With less, large models
   * are run over the samples several times, and layers are refitted on fewer of them. A number above 0. Default: 1 GiB.
   */
  readonly memory?: number;
  /** What an earlier sweep of the same model gave: its points are taken over. A result of sweep. */
  readonly known?: Sweep;
  /** Called with all that is known whenever a point is, and waited for. */
  readonly onPoint?: (sweep: Sweep) => void | Promise<void>;
}
