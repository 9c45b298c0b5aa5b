import type { Dim } from '../model/dim.js';
import { equal, multiply, product } from '../model/dim.js';
import type { Element, KeptIndices } from '../model/values.js';

/** One axis of one stored tensor: where lanes are born. */
export interface StoredAxis {
  readonly tensor: number;
  readonly axis: number;
  /** One label per index; no other stored axis has this array, so that it also tells which axis is meant. */
  readonly labels: Int32Array;
  /** Where only one operand of a tensor that several share is meant: a copy of the tensor for that use. */
  readonly use?: { readonly node: string; readonly input: number };
}

/** One axis of one stored tensor, and what the nodes of the model that read the tensor make of it. */
export interface ParameterAxis extends StoredAxis {
  /** Whether an operator sums over it: it reads its lanes, and does not make them. */
  readonly contracted: boolean;
  /** What the tensor's integers stand for, where an operator says so. */
  readonly quantised?: Quantisation;
  /** Whether its numbers say how others are to be read (scales, zero points), or are packed. */
  readonly parameter: boolean;
}

/** Stored integers q stand for (q - zero point) · scale. */
export interface Quantisation {
  /** The stored tensors; without one, the scale is 1 and the zero point 0. */
  readonly scale?: number;
  readonly zeroPoint?: number;
  /** The axis that scale and zero point lie on, where they are not one for all. */
  readonly axis: number;
  /** How many indices of the axis share one scale; then scales have as many axes as the tensor. */
  readonly block?: number;
}

/**
 * A part of an axis. With labels, one per index, it can be cut; without, it never can. Shared by every axis that it is a
 * part of.
 */
export interface Factor {
  readonly length: Dim;
  /** Ids of labels; 0 is always kept. Only where the length is known. */
  readonly labels?: Int32Array;
  /**
   * In the masked original, whatever lies at a removed index is zero. In a stored tensor of quantised numbers it is the
   * zero point that the operator which reads it has for it.
   */
  readonly zero: boolean;
  /**
   * In the masked original, this lies at every removed index: a number that is not zero, or a name for one that is not
   * known. Of quantised data, the zero point.
   */
  readonly held?: number | string;
  /** The stored tensor's axis that this is, as long as it is nothing else. */
  readonly stored?: StoredAxis;
}

/** An axis: the product of its factors, outermost first. The empty product is an axis of length 1. */
export interface Axis {
  readonly factors: readonly Factor[];
  readonly length: Dim;
}

/** The axes of a value of the graph. */
export type Axes = readonly Axis[];

/**
 * The axis that is the product of these factors, outermost first. Neighbouring factors without labels become one;
 * those of length 1 are left out.
 */
export function axisOf(factors: readonly Factor[]): Axis {
  const parts: Factor[] = [];
  for (const factor of factors) {
    const last = parts.at(-1);
    if (factor.labels === undefined && last !== undefined && last.labels === undefined) {
      parts[parts.length - 1] = { length: multiply(last.length, factor.length), zero: false };
    } else if (factor.labels !== undefined || factor.length !== 1) {
      parts.push(factor);
    }
  }
  return { factors: parts, length: product(parts.map((factor) => factor.length)) };
}

/** An axis that no weight gave its length. */
export const plain = (length: Dim): Axis => axisOf([{ length, zero: false }]);

/** Whether a part of the axis came from a stored tensor's axis, so that indices may be cut from it. */
export const isLabelled = (axis: Axis): boolean => axis.factors.some((factor) => factor.labels !== undefined);

/** Whatever lies at removed indices of this axis is zero in the masked original. */
export const isZero = (axis: Axis): boolean =>
  axis.factors.every((factor) => factor.zero || factor.labels === undefined);

/** The same lanes, with another statement about what lies at removed indices. */
export function withZero(axis: Axis, zero: boolean): Axis {
  const says = ({ labels, zero: own, held }: Factor): boolean =>
    labels === undefined || (own === zero && held === undefined);
  if (axis.factors.every(says)) return axis;
  return {
    length: axis.length,
    factors: axis.factors.map(({ held: _, ...factor }) =>
      factor.labels === undefined ? factor : { ...factor, zero },
    ),
  };
}

/** The same lanes; `held` lies at every removed index. */
export function withHeld(axis: Axis, held: number | string): Axis {
  if (held === 0) return withZero(axis, true);
  return {
    length: axis.length,
    factors: axis.factors.map((factor) =>
      factor.labels === undefined ? factor : { ...factor, zero: false, held },
    ),
  };
}

/** `held` lies at every removed index of this axis. */
export const isHeld = (axis: Axis, held: number | string): boolean =>
  held === 0
    ? isZero(axis)
    : axis.factors.every((factor) => factor.held === held || factor.labels === undefined);

/** The axis' length before pruning, and after any removal. */
export function lengthOf(axis: Axis): Element {
  return {
    before: axis.length,
    after: (kept) => lengthAfter(axis, kept),
  };
}

/** The length of the axis after pruning: each labelled factor counts the indices that are kept, others their whole length. */
export const lengthAfter = (axis: Axis, kept: KeptIndices): Dim =>
  product(
    axis.factors.map((factor) => (factor.labels === undefined ? factor.length : kept.count(factor.labels))),
  );

/** Whether two axes have the same factors, hence the same lanes, so that there is nothing to state about the two. */
export const sameAxis = (a: Axis, b: Axis): boolean =>
  a === b ||
  (a.factors.length === b.factors.length &&
    a.factors.every((factor, i) => {
      const other = b.factors[i]!;
      return factor.labels === other.labels && equal(factor.length, other.length);
    }));
