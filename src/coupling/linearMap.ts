import type { TensorDocument } from '../model/document.js';
import type { Node } from '../model/graph.js';
import type { Axes } from './axis.js';
import type { Fusing } from './passage.js';

/**
 * A node that multiplies data by a stored weight and sums over an axis of both: y = W x + b at each of many positions.
 * Where inputs of it leave, or change, least squares can say which W and b give the same y again.
 */
export interface LinearMap {
  readonly node: Node;
  /** The value whose axis is summed over. */
  readonly data: string;
  readonly axis: number;
  /** The data are what the node itself puts out first, one step earlier: also where the file gives that no name. */
  readonly feedsBack?: boolean;
  /** Where only one index of another axis of it takes part: the direction of a state. */
  readonly part?: { readonly axis: number; readonly index: number };
  /** The value that is W x + b, and its axis of outputs. Undefined: no value of the graph is. */
  readonly output?: { readonly value: string; readonly axis: number };
  /** Where the node goes on behind W x + b: `output` is what comes of that. */
  readonly fused?: Fusing;
  /** The stored weight, and the operand that it is, moved. */
  readonly weight: number;
  readonly operand: number;
  readonly layout: WeightLayout;
  /**
   * The number of groups, as of a grouped convolution: outputs of one group read the inputs of that group alone. By default
   * one.
   */
  readonly groups?: number;
  /** Where x is the patch of a convolution: one input for each channel and tap. */
  readonly window?: Window;
  readonly bias: Bias;
  /** Where the node reads the weight as integers. */
  readonly integers?: Integers;
  /**
   * Where the node reads or gives integers, and no value of the graph holds the numbers that they stand for: how to compute
   * those.
   */
  readonly reals?: { readonly data?: Real; readonly output?: Real };
}

/** What the integers q of a quantised activation stand for: (q - zero point) · scale. */
export interface Real {
  readonly scale: number;
  readonly zeroPoint: number;
  /** The least and the greatest number that such integers can stand for. */
  readonly low: number;
  readonly high: number;
}

/** The operands of a node that hold scale and zero point. */
export interface RealAt {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** A weight that a node reads as the integers that it is stored as. */
export interface Integers {
  readonly scale: TensorDocument;
  readonly zeroPoint?: TensorDocument;
  /** The axis of the weight that they lie on, where they are not one for all. */
  readonly axis: number;
  /** The operands that read the scale. */
  readonly scaledAt: readonly { readonly node: Node; readonly operand: number }[];
  /** The node whose output is W x + b, where that is not the one that multiplies. */
  readonly end: Node;
}

/** What the axes of a stored weight are. */
export interface WeightLayout {
  /** The axes that the outputs consist of, outermost first. */
  readonly outputs: readonly number[];
  readonly input: number;
  /** Taps of a kernel, as many as the data have spatial axes. */
  readonly taps: readonly number[];
  /** Axes of which only one index takes part. */
  readonly fixed: readonly { readonly axis: number; readonly index: number }[];
}

/** How a convolution's kernel moves over the spatial axes: strides and dilations, one for each axis, and padding. */
export interface Window {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Before each axis, then after each; or, as the data decide, one of ONNX' words. */
  readonly pads: readonly number[] | 'SAME_UPPER' | 'SAME_LOWER';
}

/** Where what is added to W x can be written. */
export type Bias =
  /**
   * An operand of the node, absent or a stored vector of the outputs; or, stored, of `at` beside it. To W x so many `times` of it are
   * added, by default one. `inUnits`: it is int32, in units of this scale of the data times that of the weight.
   */
  | {
      readonly kind: 'operand';
      readonly operand: number;
      readonly at?: Node;
      readonly times?: number;
      readonly inUnits?: number;
    }
  /** Behind the node: an addition of a vector to its output. */
  | { readonly kind: 'behind' }
  /**
   * A part of an operand: some indices of one row of a stored tensor [rows, indices]. Where the operand is absent it can be
   * made, with zeros elsewhere.
   */
  | {
      readonly kind: 'part';
      readonly operand: number;
      readonly row: number;
      readonly from: number;
      readonly length: number;
    }
  | { readonly kind: 'none' };

/** A node that scales and shifts each lane of its output by stored numbers: y = scale · f(x) + shift. */
export interface Scale {
  readonly node: Node;
  readonly output: { readonly value: string; readonly axis: number };
  /** Operands: vectors of the lanes. */
  readonly scale: number;
  readonly shift?: number;
}

/** What a rule says of a node that scales: the axis of its first output, and the operands. */
export interface Scales {
  readonly axis: number;
  readonly scale: number;
  readonly shift?: number;
}

/** What a rule says of a node that mixes; positions are those of operands, axes those of operands. */
export interface StatedLinearMap {
  readonly data: number;
  readonly axis: number;
  readonly part?: { readonly axis: number; readonly index: number };
  readonly weight: number;
  readonly outputs: readonly number[];
  readonly input: number;
  readonly taps?: readonly number[];
  readonly fixed?: { readonly axis: number; readonly index: number };
  readonly groups?: number;
  readonly window?: Window;
  readonly bias?: Bias;
  /** The axis of the node's first output that the outputs lie on; by default y is no value of the graph. */
  readonly outputAxis?: number;
  readonly fused?: Fusing;
  /** A value of the graph that stands for the data, where these are no operand: a state that is fed back. */
  readonly instead?: string;
  /** The weight is integers: places of its scale, where the node scales itself, and of its zero point. */
  readonly integers?: { readonly scale?: number; readonly zeroPoint: number };
  /** The data are integers too. Where they were not quantised for the node: what says what they stand for. */
  readonly dataAreIntegers?: boolean | RealAt;
  /** Its output is integers too: the operands that say what these stand for. */
  readonly outputIsIntegers?: RealAt;
}

/**
 * For each axis of an operand the axis of the one stored tensor that it is, however transposed; undefined where the operand
 * is computed otherwise.
 */
export function storedAxes(
  axes: Axes,
  dims: (tensor: number) => readonly number[],
): { readonly tensor: number; readonly axes: readonly number[] } | undefined {
  const stored = axes.map(({ factors }) => (factors.length === 1 ? factors[0]!.stored : undefined));
  const tensor = stored.find((from) => from !== undefined)?.tensor;
  if (tensor === undefined) return undefined;
  const own = dims(tensor);
  if (own.length !== axes.length) return undefined;
  // Axes of length 1 have no lanes to be recognised by. Whatever their order, the data is the same, so they are taken as they
  // come.
  const taken = new Set(stored.flatMap((from) => from?.axis ?? []));
  const ones = own.flatMap((length, axis) => (taken.has(axis) ? [] : [{ length, axis }]));
  if (ones.some(({ length }) => length !== 1)) return undefined;
  const rest = ones.map(({ axis }) => axis);
  const found = axes.map(({ factors }, index) => {
    const from = stored[index];
    if (from !== undefined) return from.tensor === tensor ? from.axis : undefined;
    return factors.length === 0 ? rest.shift() : undefined;
  });
  if (new Set(found).size !== own.length || found.includes(undefined)) return undefined;
  return { tensor, axes: found as number[] };
}
