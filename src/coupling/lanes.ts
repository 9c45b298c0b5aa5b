import type { Dim } from '../model/dim.js';
import { add, equal } from '../model/dim.js';
import type { Axis, StoredAxis } from './axis.js';
import { axisOf, isLabelled, isZero, plain } from './axis.js';
import { factored } from './factoring.js';
import { Statements } from './statements.js';
import { unifyTwo } from './unification.js';

/** The longest axis that padding or expanding gives lanes to: longer ones are positions, and not channels. */
const WIDEST_NEW = 1 << 17;
/** The longest axis of a stored tensor that gets lanes. No layer is wider: a longer axis is that of data, and stays. */
const WIDEST = 1 << 24;

/**
 * The primitives that rules are written in: they state equations between the lanes of axes, and build axes out of
 * axes. Each node has its own, which name it in every reason.
 */
export class Lanes extends Statements {
  /** The primitives for a node, over the same labels. */
  at(node: string): Lanes {
    return new Lanes(this.labelling, node);
  }

  /** A new axis that nothing is known of yet: padding, or what a constant is expanded to. `zero`: it holds zeros. */
  fresh(length: Dim, zero: boolean): Axis {
    if (typeof length !== 'number' || length <= 1 || length > WIDEST_NEW) return plain(length);
    this.labelling.make(length);
    return axisOf([{ length, labels: this.equations.fresh(length), zero }]);
  }

  /** An axis of an input that may shrink: a lane is born for each index, and what lies at a removed one is zero. */
  given(length: Dim): Axis {
    if (typeof length !== 'number' || length <= 1 || length > WIDEST) return plain(length);
    return axisOf([{ length, labels: this.labelling.born(length), zero: true }]);
  }

  /** The axis of a stored tensor: a lane is born for each index. */
  born(place: Omit<StoredAxis, 'labels'>, length: number, zero: boolean): Axis {
    if (length <= 1 || length > WIDEST) return plain(length);
    const labels = this.labelling.born(length);
    return axisOf([{ length, labels, zero, stored: { ...place, labels } }]);
  }

  /** All of these are one axis, index by index. Returns the first that says most about it. */
  unify(axes: readonly Axis[]): Axis {
    let [result] = axes;
    for (const axis of axes.slice(1)) {
      unifyTwo(this, result!, axis);
      if (typeof result!.length !== 'number' && typeof axis.length === 'number') result = axis;
      else if (!isLabelled(result!) && isLabelled(axis) && equal(result!.length, axis.length)) result = axis;
    }
    return result!;
  }

  /** Unifies two axes that are multiplied and summed over: the lanes are consumed here. */
  contract(a: Axis, b: Axis): void {
    this.unify([a, b]);
    for (const { stored } of [...a.factors, ...b.factors])
      if (stored !== undefined) this.roles.contracted(stored);
    if (!isZero(a) && !isZero(b)) {
      this.inexact(a, 'sums products over the lane, and neither factor is zero where it was removed');
    }
  }

  /** Sums over the axis: exact where removed entries were zero. */
  sum(axis: Axis): void {
    if (!isZero(axis))
      this.inexact(axis, 'sums over the lane, and what it sums is not zero where it was removed');
  }

  /** Axes end to end. */
  join(axes: readonly Axis[]): Axis {
    if (axes.length === 1) return axes[0]!;
    const length = axes.map((axis) => axis.length).reduce(add, 0);
    if (!axes.some(isLabelled)) return plain(length);
    if (typeof length !== 'number' || axes.some((axis) => typeof axis.length !== 'number')) {
      const lengths = axes.map((axis) => axis.length);
      for (const axis of axes)
        this.freezeUnknown(axis, 'unknown-shape', 'is joined with an axis of unknown length', lengths);
      return plain(length);
    }
    for (const axis of axes) this.labelling.make(axis.length as number);
    const labels = new Int32Array(length);
    let at = 0;
    for (const axis of axes) {
      labels.set(isLabelled(axis) ? this.labelsOf(axis) : new Int32Array(axis.length as number), at);
      at += axis.length as number;
    }
    return this.labelled(labels, axes.every(isZero));
  }

  /** The indices of an axis, in this order; labels go with them. */
  pick(axis: Axis, indices: readonly number[]): Axis {
    if (!isLabelled(axis) || typeof axis.length !== 'number') return plain(indices.length);
    const labels = this.labelsOf(axis);
    this.labelling.make(indices.length);
    return this.labelled(
      Int32Array.from(indices, (index) => labels[index]!),
      isZero(axis),
    );
  }

  /** Consecutive parts of an axis. Where a length is not known, the axis is frozen. */
  cut(axis: Axis, lengths: readonly Dim[]): Axis[] {
    if (lengths.length === 1 && equal(lengths[0]!, axis.length)) return [axis];
    if (!isLabelled(axis)) return lengths.map(plain);
    if (typeof axis.length !== 'number' || lengths.some((length) => typeof length !== 'number')) {
      this.freezeUnknown(axis, 'unknown-shape', 'is cut at a place that is not known', [
        axis.length,
        ...lengths,
      ]);
      return lengths.map(plain);
    }
    const labels = this.labelsOf(axis);
    let at = 0;
    return lengths.map((length) => {
      const part = this.labelled(labels.slice(at, at + (length as number)), isZero(axis));
      at += length as number;
      return part;
    });
  }

  /** Axes multiplied into one, the first outermost. */
  merge(axes: readonly Axis[]): Axis {
    return axes.length === 1 ? axes[0]! : axisOf(axes.flatMap((axis) => axis.factors));
  }

  /** An axis seen as the product of axes of these lengths, the first outermost. Lengths must multiply to its own. */
  factor(axis: Axis, lengths: readonly Dim[]): Axis[] {
    return factored(this, axis, lengths);
  }
}
