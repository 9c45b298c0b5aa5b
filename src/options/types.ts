import type { Length, LengthSource } from '../coupling/lengths.js';
import type { Reason } from '../coupling/reason.js';
import type { Guard, GuardReport } from '../guard/types.js';
import type { Plan } from '../plan/plan.js';
import type { PathLike } from '../schema/sources.js';
import type { Combination, CombinedPart } from '../scoring/combined.js';
import type { CalibrationOptions, CallOptions, FreeOptions } from './call.js';
import type { TreeOptions, TreeReport } from './treeTypes.js';

export type * from './call.js';
export type * from './treeTypes.js';

/** A warning is part of a result, never printed by the library. */
export interface Warning {
  readonly code: string;
  readonly text: string;
}

/** What a model costs. */
export interface Size {
  /** Elements of all stored tensors of floating-point or quantised weights. */
  readonly params: number;
  /** Multiply-accumulates of one forward pass with every open length at its assumed value. */
  readonly macs: number;
  /** Bytes of the .onnx file and its external data. */
  readonly bytes: number;
}

export interface Inspection {
  readonly file: string;
  readonly producer: string;
  readonly irVersion: number;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly nodes: number;
  readonly size: Size;
  /** Lengths that the file leaves open, and what `size.macs` takes for them. */
  readonly assumed: Readonly<Record<string, number>>;
  /** The same, and how each is known: by `data`, by `shape`, or by its name alone. */
  readonly lengths: Readonly<Record<string, Length>>;
  readonly inputs: readonly ValueReport[];
  readonly outputs: readonly ValueReport[];
  readonly groups: readonly GroupReport[];
  readonly frozen: readonly FrozenReport[];
  /** Shares of all parameters, 0 to 1: those with a prunable axis (exact, or only not exact), and those with none. */
  readonly shares: {
    readonly prunable: number;
    readonly exact: number;
    readonly inexact: number;
    readonly frozen: number;
  };
  readonly warnings: readonly Warning[];
}

export interface ValueReport {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
}

export interface GroupReport {
  readonly id: string;
  readonly lanes: number;
  readonly exact: boolean;
  /** Where exactness is lost: the first node that makes it so, in words. */
  readonly inexact?: { readonly node: string; readonly text: string };
  /** The stored tensors' axes that the group's lanes lie on. */
  readonly slots: readonly { readonly tensor: string; readonly axis: number; readonly length: number }[];
  /** Parameters that would leave with all of its lanes. */
  readonly params: number;
  /** Groups that form one axis with this one (heads × dims): a policy cuts one of them. */
  readonly factors: readonly string[];
}

export interface FrozenReport {
  readonly tensor: string;
  readonly axis: number;
  readonly length: number;
  /** How many of the axis' indices are frozen. */
  readonly indices: number;
  readonly reasons: readonly Reason[];
}

export type { Combination, CombinedPart, Guard, GuardReport, Length, LengthSource, Reason };

/** What lengths are, where a model leaves them open. */
export interface ShapeOptions {
  /**
   * Shapes of inputs, such as `{ input: [1, 3, 640, 640] }`: multiply-adds are counted at these lengths. What they leave open `data`
   * decide, and then names. Errors: OPTION_INVALID where an input has no such shape.
   */
  readonly shape?: Readonly<Record<string, readonly number[]>>;
}

/** What an inspection may look at beside the model. */
export interface InspectOptions extends CallOptions, CalibrationOptions, ShapeOptions, FreeOptions {}

/** What a replay may look at beside the plan. */
export interface ApplyOptions extends CallOptions, CalibrationOptions, ShapeOptions {}

/** What a call that writes takes. */
export interface SaveOptions extends CallOptions {
  /** Replaces what is there; by default that is an error. Never a file of the model itself. */
  readonly force?: boolean;
}

export interface ScoreOptions extends CallOptions, CalibrationOptions, FreeOptions {
  /** A name from `criteria()`, or what `combine` gave; default 'information' with data, else 'entropy'. */
  readonly criterion?: string | Combination;
  /** Options of the criterion, such as `{ bins: 64 }`. */
  readonly criterionOptions?: Readonly<Record<string, string | number | boolean>>;
  /** Seed of criteria that draw at random; default 0. */
  readonly seed?: number;
  /** Globs of tensor or node names that must stay whole. */
  readonly keep?: readonly string[];
}

export interface GroupScore {
  readonly id: string;
  readonly lanes: number;
  /** [lanes], higher stays longer; never NaN. */
  readonly scores: Float64Array;
  /** [lanes] each: what the scores are made of, where the criterion makes them of several. */
  readonly parts?: Readonly<Record<string, Float64Array>>;
}

export interface PlanOptions extends ScoreOptions, ShapeOptions {
  /** A name from `policies()`; default 'uniform' with a ratio; with a budget 'allocate' where there are data, else 'global'. */
  readonly policy?: string;
  /** Fraction of every prunable axis to remove, 0 < ratio < 1. */
  readonly ratio?: number;
  /** Budgets: at most this fraction of the original's; 0 < f <= 1. */
  readonly macs?: number;
  readonly params?: number;
  /**
   * Budget: at most this fraction of the original's latency, as predicted from what its layers take on this machine at other
   * widths. The first time that is measured, for half a minute at most; then it is kept in a file of the user's cache.
   */
  readonly latency?: number;
  /** Budget: at most this many bytes. */
  readonly bytes?: number;
  /**
   * With `data`: refits what is left, so that each layer gives what it gave in the original; by default true. Without data nothing is
   * refitted.
   */
  readonly reconstruct?: boolean;
  /** Touch only exact lanes. */
  readonly exact?: boolean;
  /** Keep a multiple of this many lanes in each group; default 8 in groups of 32 lanes and more, 1 in smaller ones. */
  readonly roundTo?: number;
  /**
   * What must hold on samples held out from calibration (the last quarter of `data`): where it does not, less is removed
   * than was asked for. Errors: GUARD_FAILED where nothing that was tried holds.
   */
  readonly guard?: readonly Guard[];
  /** The array in `data` that holds class labels: for a guard of accuracy. Nothing else looks at it. */
  readonly labels?: string;
}

/** A latency predicted from measured layers. Their sum is not the whole: `verify` measures what came of it. */
export interface LatencyPrediction {
  /** Of one run of the original on zeros, every open length at its assumed value; the fastest of some runs. */
  readonly originalMs: number;
  readonly predictedMs: number;
  /** Predicted over original. */
  readonly ratio: number;
  /** Layers that were measured at several widths, and those that are taken to shrink as their multiply-accumulates do. */
  readonly layers: { readonly measured: number; readonly estimated: number };
  /** What was measured for this call; 0 where the cache had it all. */
  readonly points: number;
}

export interface ReconstructionReport {
  /** Stored weights that were solved for anew. */
  readonly layers: number;
  /** Samples that they were fitted to. */
  readonly samples: number;
}

/** A pruned model that is not written yet, and what is known of it. */
export interface Pruned {
  readonly plan: Plan;
  readonly before: Size;
  readonly after: Size;
  readonly warnings: readonly Warning[];
  /** Open lengths that the multiply-adds of `before` and `after` are counted at, and how each is known. */
  readonly lengths: Readonly<Record<string, Length>>;
  /** What was predicted, where a budget of latency was given. */
  readonly latency?: LatencyPrediction;
  /** How its guards were kept, where some were given. */
  readonly guard?: GuardReport;
  /** What was refitted, where something was. */
  readonly reconstruction?: ReconstructionReport;
  /**
   * Writes it (temporary file beside, then renamed). Without `force` an existing file is an error.
   *
   * External data, and all large data of a model of 2 GiB or more, goes to one file beside it, `<path>.data`. `bytes` are those of
   * both files, `externalBytes` those of the second: 0 where there is none.
   */
  save(
    path: PathLike,
    options?: SaveOptions,
  ): Promise<{ readonly bytes: number; readonly externalBytes: number }>;
  /** The model as bytes, external data inlined. */
  toBytes(options?: CallOptions): Promise<Uint8Array>;
}

/** How much the choice of lanes hangs on the calibration sample: plans made on either half of it, compared. */
export interface Stability {
  /** In each half. */
  readonly samples: readonly [number, number];
  /** Kept in both halves' plans over kept in either (Jaccard index), mean of the groups that one of them cuts; 1: the same. */
  readonly jaccard: number;
  /** The share of these groups' lanes that stay in both or leave in both. */
  readonly same: number;
  /** What `same` would be for lanes drawn blindly, as many of each group. */
  readonly chance: number;
  readonly groups: readonly {
    readonly id: string;
    readonly lanes: number;
    readonly kept: readonly [number, number];
    readonly jaccard: number;
    readonly same: number;
  }[];
}

/** An opened model. No weight of it is in the JavaScript heap. Once it is disposed of, every call is refused with OPTION_INVALID. */
export interface Model {
  readonly file: string;
  inspect(): Inspection;
  /** The same, with multiply-adds counted at the lengths that `shape` and `data` show. Errors: OPTION_INVALID, DATA_MISMATCH. */
  inspect(options: InspectOptions): Promise<Inspection>;
  /** sha256 of the .onnx file, hexadecimal. */
  sha256(options?: CallOptions): Promise<string>;
  score(options?: ScoreOptions): Promise<readonly GroupScore[]>;
  /** The pruning tree of one group of lanes on calibration data; or what its lanes say of what is made of them. */
  tree(options: TreeOptions): Promise<TreeReport>;
  /** Every single weight's own term -p log2 p, streamed to an `.npz`. */
  writeWeightTerms(path: PathLike, options?: SaveOptions): Promise<{ readonly bytes: number }>;
  plan(options: PlanOptions): Promise<Plan>;
  prune(options: PlanOptions): Promise<Pruned>;
  /** How much a plan hangs on the calibration sample. Costs two plans, each on half of `data`; writes nothing. */
  stability(options: PlanOptions): Promise<Stability>;
  /**
   * Replays a plan. With `data` what is left is refitted on them, as `prune` does: with the same samples the same model comes out.
   * Errors: PLAN_STALE for another model's plan, PLAN_MALFORMED.
   */
  apply(plan: Plan, options?: ApplyOptions): Promise<Pruned>;
  /** Closes the file. */
  dispose(): void;
  [Symbol.dispose](): void;
}
