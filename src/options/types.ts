import type { Length, LengthSource } from '../coupling/lengths.js';
import type { Reason } from '../coupling/reason.js';
import type { Dataset } from '../data/dataset.js';
import type { SampleSource } from '../data/samples.js';
import type { Guard, GuardReport } from '../guard/types.js';
import type { Plan } from '../plan/plan.js';
import type { PathLike } from '../schema/sources.js';
import type { Combination, CombinedPart } from '../scoring/combined.js';
import type {
  ApplyOptions,
  CallOptions,
  CheckSamplesOptions,
  InspectOptions,
  PlanOptions,
  SampleOptions,
  SaveOptions,
  ScoreOptions,
  TreeOptions,
} from './interfaces.js';
import type { ChosenCurve, LatencyPrediction, ReconstructionReport, Warning } from './outcomes.js';
import type { Size } from './size.js';
import type { TreeReport } from './treeTypes.js';

export type * from './interfaces.js';
export type * from './outcomes.js';
export type * from './progress.js';
export type { Size } from './size.js';
export type * from './sweepTypes.js';
export type * from './treeTypes.js';
export type * from './verification.js';

/**
 * What a model is made of, as `model.inspect` gives it: its size, its groups, and every axis that cannot be cut with
 * the reason.
 */
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
  /** What would be left about, were half of the lanes of each group gone: what pruning can gain. Nothing where nothing can be pruned. */
  readonly halved?: { readonly params: number; readonly macs: number };
  readonly warnings: readonly Warning[];
}

/** An input or output of the model: its name, element type and shape; open lengths are names. */
export interface ValueReport {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
}

/** A group of lanes that can be cut: how many there are, whether cutting them is exact, and the axes that shrink with them. */
export interface GroupReport {
  readonly id: string;
  readonly lanes: number;
  readonly exact: boolean;
  /** Where exactness is lost: the first node that makes it so, in words. */
  readonly inexact?: { readonly node: string; readonly text: string };
  /** The stored tensors' axes that the group's lanes lie on. */
  readonly axes: readonly { readonly tensor: string; readonly axis: number; readonly length: number }[];
  /** Parameters that would leave with all of its lanes. */
  readonly params: number;
  /** Groups that form one axis with this one (heads × dims): a policy cuts one of them. */
  readonly factors: readonly string[];
}

/** An axis of a stored tensor of which some or all indices cannot be cut, and why. */
export interface FrozenReport {
  readonly tensor: string;
  readonly axis: number;
  readonly length: number;
  /** How many of the axis' indices are frozen. */
  readonly indices: number;
  readonly reasons: readonly Reason[];
}

export type { Combination, CombinedPart, Guard, GuardReport, Length, LengthSource, Reason };

/** The importance score of each lane of a group. */
export interface GroupScore {
  readonly id: string;
  readonly lanes: number;
  /** [lanes], higher stays longer; never NaN. */
  readonly scores: Float64Array;
  /** [lanes] each: what the scores are made of, where the criterion makes them of several. */
  readonly parts?: Readonly<Record<string, Float64Array>>;
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
  /** What there was to choose from, and what was chosen. Absent where a plan was replayed. */
  readonly curves?: readonly ChosenCurve[];
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
  /**
   * Samples as this model takes them: files of them preprocessed, arrays as they are. What `data` of all calls takes, and it can be looked
   * at before. Errors: those of `loadData`; DATA_MISMATCH, PACKAGE_MISSING, OPTION_INVALID.
   */
  samples(source: SampleSource, options?: SampleOptions): Promise<Dataset>;
  /**
   * What about samples looks as if the model was trained on others, found by running it on some: answers near to guessing, or all alike;
   * statistics far from those that its first normalisation holds. Nothing where all looks well.
   */
  checkSamples(source: SampleSource, options?: CheckSamplesOptions): Promise<readonly Warning[]>;
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
