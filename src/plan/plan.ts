/**
 * A plan: which lanes go, and so for each stored tensor and axis which indices stay. Plain data, the same in memory and
 * in JSON; it can be saved, read by a person, edited and replayed. Its format is public and stable (docs/plan.md).
 */
export interface Plan extends PruneSection {
  readonly format: 'espalier-plan';
  /** 2 where there are `sections`, which older releases would not carry out; else 1, which any release reads. */
  readonly version: 1 | 2;
  readonly model: {
    /** sha256 of the .onnx file, hexadecimal. */
    readonly sha256: string;
    /** The file's name, for people. */
    readonly file: string;
  };
  /** How it was made: criterion, policy and their options. For people; `apply` reads `keep`, `free`, `lengths` and `reconstruct` of it, and nothing else does. */
  readonly made: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** What compressions beside pruning do, each under its name. Pruning's own section is the plan itself, where version 1 has it. */
  readonly sections?: Readonly<Record<string, unknown>>;
}

/** What a plan says of pruning. */
export interface PruneSection {
  /** Each group that loses lanes. */
  readonly groups: readonly PlannedGroup[];
  /** Each stored tensor that shrinks: by axis, the indices that stay, ascending. Follows from `groups`. */
  readonly tensors: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  /**
   * Each weight that nodes compute of stored tensors alone and that shrinks, by the name of the value: by axis, the indices that
   * stay. It is then stored itself, as it was computed of the original's tensors. `tensors` lists the slices of these that
   * are zero where it is cut, if there are such. Follows from `groups`.
   */
  readonly derived?: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  /**
   * Tensors that several nodes share and that they cut differently: each use gets a copy of its own, and the original
   * stays as it is where it is still used. Follows from `groups`.
   */
  readonly copies?: readonly PlannedCopy[];
  /** Inputs and outputs of the model that shrink, where some were free to. Follows from `groups`. */
  readonly interface?: PlannedInterface;
}

/** Inputs and outputs that shrink, by name. */
export interface PlannedInterface {
  readonly inputs: Readonly<Record<string, PlannedAxes>>;
  readonly outputs: Readonly<Record<string, PlannedAxes>>;
}

/** By axis: its length in the original, and the indices that stay, ascending. */
export type PlannedAxes = Readonly<
  Record<string, { readonly length: number; readonly kept: readonly number[] }>
>;

/** The plan's decision for one group: which of its lanes stay. */
export interface PlannedGroup {
  readonly id: string;
  /** Lanes in the original. */
  readonly lanes: number;
  /** The lanes that stay, ascending; never empty. */
  readonly kept: readonly number[];
  readonly exact: boolean;
  /** What each lane was worth under the criterion (higher stays longer), in lane order. */
  readonly scores?: readonly number[];
}

/**
 * A copy of a stored tensor that several nodes share, for the one that reads other indices of it: by axis, the
 * indices it keeps.
 */
export interface PlannedCopy {
  readonly tensor: string;
  readonly node: string;
  readonly input: number;
  readonly kept: Readonly<Record<string, readonly number[]>>;
}
