/**
 * An axis of an operand or of an output, with the lanes that lie on it. Axes are made by `call.input` and by the primitives of
 * `call.lanes`, are of one call alone, and do not change.
 */
export interface LaneAxis {
  /** Undefined where the file leaves it open. */
  readonly length: number | undefined;
  /** Whether lanes lie on it: one without can never be cut. */
  readonly hasLanes: boolean;
  /** Whether everything that lies at a removed lane is zero. */
  readonly isZero: boolean;
}

/** A length: a number, or that of an axis, which may be open. */
export type AxisLength = number | LaneAxis;

/** What is multiplied by a stored weight and summed over, and where the answers lie. Axes count from the front. */
export interface LinearMap {
  /** The operand that is x, and its axis that is summed over. */
  readonly data: number;
  readonly dataAxis: number;
  /** The operand that is W: its axis that is summed over, and those of the outputs, the outermost first. */
  readonly weight: number;
  readonly weightInput: number;
  readonly weightOutputs: readonly number[];
  /** The axis of the node's first output that the outputs lie on. */
  readonly outputAxis: number;
  /** The operand that is b, a vector of the outputs; it may be absent at a node. Left out: the operator has none. */
  readonly bias?: number;
}

/** One node, as the rule of its operator sees it. */
export interface OperatorCall {
  readonly node: {
    readonly name: string;
    readonly op: string;
    readonly domain: string;
    /** The version of its domain's operator set. */
    readonly opset: number;
    /** Names of operands and outputs; '' where an optional one is absent. */
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
  };
  readonly attributes: OperatorAttributes;
  readonly lanes: LanePrimitives;
  /** Whether there is such an operand. */
  has(index: number): boolean;
  /** The operand's axes. Where it is absent, or of unknown rank, the node is left whole here and now. */
  input(index: number): readonly LaneAxis[];
  /** Whether the operand is a stored tensor itself, and not something computed of one. */
  isStored(index: number): boolean;
  /**
   * What an operand of integers (lengths, axes, indices) holds, in row-major order. Its own axes stay whole. Where that is not known
   * before the model runs, or not small, the node is left whole here and now.
   */
  numbers(index: number): readonly number[];
  /** The operand's numbers say how others are to be read (scales), or are packed: no lane is scored by them. */
  parameter(index: number): void;
  /**
   * An attribute, or an operand of integers, states lengths: it is written again with those that the axes have after a removal.
   * kind: the attribute's type.
   */
  restate(
    where: number | { readonly attribute: string; readonly kind: 'int' | 'ints' },
    lengths: readonly AxisLength[],
  ): void;
  /**
   * The node does the same to all elements of an operand below `low`, and to all above `high` (a ReLU: 0 and Infinity): the layer in front
   * is refitted to what can be seen of it.
   */
  bounds(index: number, low: number, high: number): void;
  /**
   * The node computes W x + b: with samples, W and b are solved for again when inputs leave, and lanes are priced by what it makes of
   * them. That the axes are contracted is said beside it.
   */
  linearMap(map: LinearMap): void;
  /** The node's multiply-adds, as a product of lengths. */
  work(lengths: readonly AxisLength[]): void;
  /** Leaves the node whole: every axis that it touches stays, for this reason, which `inspect` prints. */
  leaveWhole(reason: string): never;
}

/** Attributes by name. Where one is of another type the node is left whole here and now. */
export interface OperatorAttributes {
  has(name: string): boolean;
  int(name: string): number | undefined;
  int(name: string, otherwise: number): number;
  ints(name: string): readonly number[] | undefined;
  float(name: string, otherwise: number): number;
  floats(name: string): readonly number[] | undefined;
  string(name: string, otherwise: string): string;
  strings(name: string): readonly string[] | undefined;
  /** An axis number, counted from the front. Beyond the rank, or absent without `otherwise`, the node is left whole. */
  axis(name: string, rank: number, otherwise?: number): number;
}

/** What rules are written in: each states which lanes are one, or makes axes of axes. None looks at single indices. */
export interface LanePrimitives {
  /** All of these are one axis, index by index. */
  unify(axes: readonly LaneAxis[]): LaneAxis;
  /**
   * Axes of several operands, aligned from the right; axes of length 1 are broadcast. zero: whether an output is zero where the lane is
   * removed in every operand, in some (products), or never.
   */
  broadcast(
    operands: readonly (readonly LaneAxis[])[],
    zero: 'every' | 'some' | 'never',
  ): readonly LaneAxis[];
  /** These two are multiplied and summed over: their lanes end here. */
  contract(a: LaneAxis, b: LaneAxis): void;
  /** It is summed over. */
  sum(axis: LaneAxis): void;
  /** Axes end to end. */
  join(axes: readonly LaneAxis[]): LaneAxis;
  /** Consecutive parts of an axis; lengths add up to its own. */
  cut(axis: LaneAxis, lengths: readonly AxisLength[]): readonly LaneAxis[];
  /** Axes multiplied into one, the first outermost: [heads, dims] as one. */
  merge(axes: readonly LaneAxis[]): LaneAxis;
  /** An axis as the product of several, the first outermost; lengths multiply to its own. */
  factor(axis: LaneAxis, lengths: readonly AxisLength[]): readonly LaneAxis[];
  /** The indices of an axis, in this order. */
  pick(axis: LaneAxis, indices: readonly number[]): LaneAxis;
  /** A new axis with lanes of its own. zero: whether what lies on it is zero, as padding is. */
  fresh(length: AxisLength, options: { readonly zero: boolean }): LaneAxis;
  /** A new axis without lanes. */
  plain(length: AxisLength): LaneAxis;
  /**
   * The same lanes, with what lies at removed ones said anew. An operator with f(0) ≠ 0 gives `withZero(axis, false)`: without it the
   * pruned model would not answer as the original with zeros, and nothing would say so.
   */
  withZero(axis: LaneAxis, zero: boolean): LaneAxis;
  /** It stays whole, for this reason. */
  freeze(axis: LaneAxis, reason: string): void;
  /** Its lanes may leave, but that is not the same as zeros in them, for this reason (a mean or a norm over them). */
  inexact(axis: LaneAxis, reason: string): void;
}
