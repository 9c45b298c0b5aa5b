import type { Axes, Axis } from '../coupling/axis.js';
import { isLabelled, lengthOf, plain } from '../coupling/axis.js';
import type { Call, Rule } from '../coupling/rule.js';
import type { Dim } from '../model/dim.js';
import { asLength, equal } from '../model/dim.js';
import type { Element, Values } from '../model/values.js';
import { literals } from '../model/values.js';
import { longer, mapValues } from './broadcasting.js';
import { openInstead } from './frozen.js';

/**
 * Expand: broadcast to a shape. An axis of length 1 that becomes longer gets new lanes, which nothing ties yet.
 *
 *   x [1 c], shape (n c)  ->  y [n c]
 *
 * exact: yes.   restates: operand 1.
 * source: https://onnx.ai/onnx/operators/onnx__Expand.html
 */
export const expand: Rule = {
  says: 'axes pass; an axis of length 1 that becomes longer gets lanes of its own',
  exact: 'yes',
  linear: true,
  axes: (call) => {
    const x = call.input(0);
    const target = call.known(1);
    const zeros = call.isZeroConstant(0);
    const rank = Math.max(x.length, target.elements.length);
    const stated: Element[] = [];
    const axes = Array.from({ length: rank }, (_, d) => {
      const own = x[d - (rank - x.length)] ?? plain(1);
      const element = target.elements[d - (rank - target.elements.length)];
      if (element === undefined) return own;
      const axis = expanded(call, own, asLength(element.before), { place: d, zeros });
      // A stated 1 expands nothing: it agrees with any length that the axis has after pruning.
      stated.push(element.before === 1 ? lengthOf(axis) : element);
      return axis;
    });
    call.restate(1, axes.slice(rank - target.elements.length), { stated });
    const { values, dtype } = call.optional(0)!;
    return [{ axes, zeros, dtype, values: values && repeated(values, axes) }];
  },
};

/** An axis broadcast to a stated length: of the two, either may be 1. */
function expanded(
  call: Call,
  own: Axis,
  stated: Dim,
  { place, zeros }: { readonly place: number; readonly zeros: boolean },
): Axis {
  if (own.length === 1) return stated === 1 ? own : call.lanes.fresh(stated, zeros);
  // An axis longer than 1 is never broadcast, so that the stated length is its own, or 1.
  if (stated === 1 || typeof own.length === 'number' || equal(own.length, stated)) return own;
  if (isLabelled(own)) return openInstead(call, own, place, 'is expanded to a length that is not known');
  return typeof stated === 'number' ? plain(stated) : longer(own, plain(stated));
}

/** Content broadcast to known lengths, where it stays small: lengths that a graph expands on their way to a shape. */
function repeated(values: Values, axes: Axes): Values | undefined {
  const lengths = axes.map((axis) => axis.length);
  if (!lengths.every((length) => typeof length === 'number')) return undefined;
  const count = lengths.reduce((a, b) => a * b, 1);
  if (count > MOST_REPEATED) return undefined;
  const frame = literals(
    lengths,
    Array.from({ length: count }, () => 1),
  );
  return mapValues([values, frame], (element) => element);
}

const MOST_REPEATED = 64;
