import type { Axes, Axis } from '../coupling/axis.js';
import { isZero, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import { equal } from '../model/dim.js';

/** Operands that must have as many axes as each other. */
function ofOneRank(call: Call, indices: readonly number[]): readonly Axes[] {
  const operands = indices.map((index) => call.input(index));
  const [first] = operands as [Axes];
  const other = operands.find((axes) => axes.length !== first.length);
  if (other !== undefined)
    throw new Frozen('mismatch', `its operands have ranks ${first.length} and ${other.length}`);
  return operands;
}

/**
 * Axes whose indices are visited together are coupled as one axis. Where their lengths differ, only a part of the longer one
 * is visited, and all stay whole.
 */
function inStep(call: Call, axes: readonly Axis[]): boolean {
  const together = axes.every((axis) => equal(axis.length, axes[0]!.length));
  if (together) call.lanes.unify(axes);
  else for (const axis of axes) call.lanes.freeze(axis, 'operator', 'is walked in part');
  return together;
}

/**
 * GatherElements: along `axis` the indices choose, elsewhere they lie in step with the data.
 *
 *   x [n s! c], indices [n t c]  ->  y [n t c]        (axis = 1)
 *
 * exact: yes, an element of y is an element of x.   frozen: `axis` of the data.
 * source: https://onnx.ai/onnx/operators/onnx__GatherElements.html
 */
export const gatherElements: Rule = {
  says: 'the axis that indices address stays whole; the others are one with those of the indices',
  exact: 'yes',
  axes: (call) => {
    const [x, indices] = ofOneRank(call, [0, 1]) as [Axes, Axes];
    const along = call.attributes.axis('axis', x.length, 0);
    call.lanes.freeze(x[along]!, 'data-dependent', 'data chooses which of its indices are used');
    const axes = indices.map((own, d) => {
      if (d === along) return withZero(own, false);
      const together = inStep(call, [x[d]!, own]);
      return together ? call.lanes.unify([x[d]!, own]) : plain(own.length);
    });
    return [{ axes, dtype: call.optional(0)!.dtype }];
  },
};

/**
 * ScatterElements, and Scatter before it: the data with updates written along `axis` where the indices say.
 *
 *   x [n s! c], indices [n t! c], updates [n t! c]  ->  y [n s! c]        (axis = 1)
 *
 * exact: yes; zero where data and updates are, whatever `reduction` does.   frozen: `axis` of the data.
 * source: https://onnx.ai/onnx/operators/onnx__ScatterElements.html
 */
export const scatterElements: Rule = {
  says: 'the axis that indices address stays whole; the others are one with those of the updates',
  exact: 'yes',
  axes: (call) => {
    const [x, indices, updates] = ofOneRank(call, [0, 1, 2]) as [Axes, Axes, Axes];
    const along = call.attributes.axis('axis', x.length, 0);
    const axes = x.map((axis, d) => {
      const written = [indices[d]!, updates[d]!];
      if (d === along) {
        for (const own of [axis, ...written]) call.lanes.freeze(own, 'data-dependent', 'indices address it');
        return plain(axis.length);
      }
      inStep(call, [axis, ...written]);
      return withZero(axis, isZero(axis) && isZero(updates[d]!));
    });
    return [{ axes, dtype: call.optional(0)!.dtype }];
  },
};

/**
 * ScatterND: the data with slices written where the indices say. The axes that they address stay whole, the others are
 * those of the updates.
 *
 *   x [h! w! c], indices [s! 2], updates [s! c]  ->  y [h! w! c]
 *
 * exact: yes; zero where data and updates are, whatever `reduction` does.
 * source: https://onnx.ai/onnx/operators/onnx__ScatterND.html
 */
export const scatterNd: Rule = {
  says: 'axes that the indices address stay whole; the others are one with those of the updates',
  exact: 'yes',
  axes: (call) => {
    const [x, indices, updates] = [call.input(0), call.input(1), call.input(2)];
    const depth = indices.at(-1)?.length;
    if (typeof depth !== 'number')
      throw new Frozen('unknown-shape', 'the number of axes that it addresses is not known');
    const places = indices.length - 1;
    if (updates.length !== places + x.length - depth)
      throw new Frozen('mismatch', `its updates have rank ${updates.length}`);
    for (const axis of [...indices, ...updates.slice(0, places)])
      call.lanes.freeze(axis, 'operator', 'is read as indices, or what they stand for');
    const axes = x.map((axis, d) => {
      if (d < depth) {
        call.lanes.freeze(axis, 'data-dependent', 'indices address it');
        return plain(axis.length);
      }
      const update = updates[places + d - depth]!;
      return withZero(call.lanes.unify([axis, update]), isZero(axis) && isZero(update));
    });
    return [{ axes, dtype: call.optional(0)!.dtype }];
  },
};

/**
 * TensorScatter: a cache with an update written along its sequence axis, which stays whole.
 *
 *   past [n h s! d], update [n h t! d], write indices [n]  ->  present [n h s! d]        (axis = -2)
 *
 * exact: yes.   source: https://onnx.ai/onnx/operators/onnx__TensorScatter.html
 */
export const tensorScatter: Rule = {
  says: 'the sequence axis stays whole; the others are one with those of the update',
  exact: 'yes',
  axes: (call) => {
    const [past, update] = ofOneRank(call, [0, 1]) as [Axes, Axes];
    const along = call.attributes.axis('axis', past.length, -2);
    if (call.optional(2) !== undefined) call.lanes.unify([past[0]!, ...call.input(2)]);
    const axes = past.map((axis, d) => {
      const own = update[d]!;
      if (d !== along) return withZero(call.lanes.unify([axis, own]), isZero(axis) && isZero(own));
      for (const sequence of [axis, own])
        call.lanes.freeze(sequence, 'data-dependent', 'is written to at places that data chooses');
      return plain(axis.length);
    });
    return [{ axes, dtype: call.optional(0)!.dtype }];
  },
};
