import type { Dim } from '../onnx/dim.js';
import { equal, multiply, product } from '../onnx/dim.js';
import type { Element, Survivors } from '../onnx/values.js';

/**
 * One axis of one stored tensor: where lanes are born. `labels` has one label per index.
 */
export interface Slot {
  readonly tensor: number;
  readonly axis: number;
  readonly labels: Int32Array;
  /** Where only one operand of a tensor that several share is meant: a copy of the tensor for that use. */
  readonly use?: { readonly node: string; readonly input: number };
  /** True once an operator contracts over it: its lanes are consumed here, not produced. */
  contracted: boolean;
}

/**
 * A part of an axis. With labels, one per index, it can be cut; without, it never can. Immutable but for its slot's
 * role; shared by every axis that it is a part of.
 */
export interface Factor {
  readonly length: Dim;
  /** Ids of labels; 0 is always kept. Only where the length is known. */
  readonly labels?: Int32Array;
  /** In the masked original, whatever lies at a removed index is zero. */
  readonly zero: boolean;
  /** The stored tensor's axis that this is, as long as it is nothing else. */
  readonly slot?: Slot;
}

/** An axis: the product of its factors, outermost first. The empty product is an axis of length 1. */
export interface Axis {
  readonly factors: readonly Factor[];
  readonly length: Dim;
}

/** A value of the graph: its axes, undefined where not even their number is known. */
export type Axes = readonly Axis[];

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

export const isLabelled = (axis: Axis): boolean => axis.factors.some((factor) => factor.labels !== undefined);

/** Whatever lies at removed indices of this axis is zero in the masked original. */
export const isZero = (axis: Axis): boolean =>
  axis.factors.every((factor) => factor.zero || factor.labels === undefined);

/** The same lanes, with another statement about what lies at removed indices. */
export function withZero(axis: Axis, zero: boolean): Axis {
  if (axis.factors.every((factor) => factor.labels === undefined || factor.zero === zero)) return axis;
  return {
    length: axis.length,
    factors: axis.factors.map((factor) => (factor.labels === undefined ? factor : { ...factor, zero })),
  };
}

/** The axis' length, now and after a removal. */
export function lengthOf(axis: Axis): Element {
  return {
    now: axis.length,
    after: (survivors) => lengthAfter(axis, survivors),
  };
}

export const lengthAfter = (axis: Axis, survivors: Survivors): Dim =>
  product(
    axis.factors.map((factor) =>
      factor.labels === undefined ? factor.length : survivors.count(factor.labels),
    ),
  );

/** Same factors, hence the same lanes: nothing to state about the two. */
export const sameAxis = (a: Axis, b: Axis): boolean =>
  a === b ||
  (a.factors.length === b.factors.length &&
    a.factors.every((factor, i) => {
      const other = b.factors[i]!;
      return factor.labels === other.labels && equal(factor.length, other.length);
    }));
