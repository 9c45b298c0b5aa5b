import type { Axis } from '../coupling/axis.js';
import { isLabelled, isZero, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import type { Dim } from '../model/dim.js';
import { asLength } from '../model/dim.js';
import { knownNumbers, literal } from '../model/values.js';
import { openAxis } from './frozen.js';

/**
 * The length that an operand states: what it is in the original stays, whatever it was computed from. A new length where
 * only data says.
 */
export function statedNumber(call: Call, index: number): Dim {
  const [element] = call.values(index)?.elements ?? [];
  if (element === undefined) return openAxis(call, index).length;
  call.restate(index, [literal(element.before)]);
  return asLength(element.before);
}

/**
 * TopK: along `axis` the largest entries and where they lay. k is an attribute before opset 10, operand 1 since.
 *
 *   x [n c h!], k (3)  ->  values [n c 3], indices [n c 3]        (axis = 2)
 *   x [n c h!]         ->  values [n c 3], indices [n c 3]        (axis = 2, k = 3, opset 9)
 *
 * exact: yes.   frozen: `axis`.   source: https://onnx.ai/onnx/operators/onnx__TopK.html
 */
export const topK: Rule = {
  says: 'the axis it runs over stays whole; the others pass',
  exact: 'yes',
  sorts: true,
  axes: (call) => {
    const x = call.input(0);
    const along = call.attributes.axis('axis', x.length, -1);
    call.lanes.freeze(x[along]!, 'operator', `${call.node.op} compares along it`);
    const length = call.attributes.int('k') ?? statedNumber(call, 1);
    const values = x.with(along, plain(length));
    const indices = values.map((axis) => withZero(axis, false));
    return [
      { axes: values, dtype: call.optional(0)!.dtype },
      { axes: indices, dtype: 'int64' },
    ];
  },
};

/**
 * OneHot: the indices' axes with one more, on which each index is shown.
 *
 *   indices [n s], depth = 3, values [2]  ->  y [n s 3]        (axis = -1)
 *
 * exact: yes.   source: https://onnx.ai/onnx/operators/onnx__OneHot.html
 */
export const oneHot: Rule = {
  says: 'the axes of the indices pass; the new one has no lanes',
  exact: 'yes',
  axes: (call) => {
    const indices = call.input(0).map((axis) => withZero(axis, false));
    const place = call.attributes.axis('axis', indices.length + 1, -1);
    const depth = plain(statedNumber(call, 1));
    call.values(2);
    return [
      { axes: [...indices.slice(0, place), depth, ...indices.slice(place)], dtype: call.optional(2)?.dtype },
    ];
  },
};

/**
 * Compress: the slices of one axis that a condition chooses; the others pass. Without `axis`, of the flattened tensor.
 *
 *   x [n c h!], condition [h!]  ->  y [n c ?]        (axis = 2)
 *
 * exact: yes.   frozen: `axis`.   source: https://onnx.ai/onnx/operators/onnx__Compress.html
 */
export const compress: Rule = {
  says: 'the axis that the condition chooses on stays whole; the others pass',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    const along = call.attributes.has('axis') ? call.attributes.axis('axis', x.length) : undefined;
    const condition = call.values(1);
    const chosen = condition && knownNumbers(condition)?.filter((value) => value !== 0).length;
    const rest = chosen === undefined ? openAxis(call, 0) : plain(chosen);
    for (const axis of along === undefined ? x : [x[along]!])
      call.lanes.freeze(axis, 'data-dependent', 'a condition chooses which of its indices stay');
    return [{ axes: along === undefined ? [rest] : x.with(along, rest), dtype: call.optional(0)!.dtype }];
  },
};

/**
 * ReverseSequence: each sequence of a batch is turned round as far as it goes.
 *
 *   x [t! n c], lengths [n]  ->  y [t! n c]
 *
 * exact: yes.   frozen: the time axis.   source: https://onnx.ai/onnx/operators/onnx__ReverseSequence.html
 */
export const reverseSequence: Rule = {
  says: 'the time axis stays whole; the others pass',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    const time = call.attributes.axis('time_axis', x.length, 0);
    const batch = call.attributes.axis('batch_axis', x.length, 1);
    call.lanes.freeze(x[time]!, 'operator', 'is turned round');
    call.lanes.unify([x[batch]!, ...call.input(1)]);
    return [{ axes: x, dtype: call.optional(0)!.dtype }];
  },
};

/** Axes that an operator sees as a whole. */
function wholeAxes(call: Call, axes: readonly Axis[]): void {
  for (const axis of axes) call.lanes.freeze(axis, 'operator', `${call.node.op} works on it as a whole`);
}

/**
 * Det: matrices become numbers.
 *
 *   x [n c m! m!]  ->  y [n c]
 *
 * exact: yes.   source: https://onnx.ai/onnx/operators/onnx__Det.html
 */
export const determinant: Rule = {
  says: 'the last two axes stay whole and leave; the others pass',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    if (x.length < 2) throw new Frozen('mismatch', `its input has rank ${x.length}, not 2 or more`);
    wholeAxes(call, x.slice(-2));
    return [x.slice(0, -2)];
  },
};

/**
 * Trilu: a triangle of each matrix, the rest zero.
 *
 *   x [n h! w!]  ->  y [n h! w!]
 *
 * exact: yes.
 */
export const triangle: Rule = {
  says: 'the last two axes stay whole; the others pass',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    call.values(1);
    wholeAxes(call, x.slice(-2));
    return [{ axes: x, dtype: call.optional(0)!.dtype }];
  },
};

/**
 * EyeLike: ones on a diagonal, of the input's lengths, which stay.
 *
 *   x [h! w!]  ->  y [h! w!]
 *
 * exact: yes.
 */
export const eyeLike: Rule = {
  says: 'a matrix of the lengths of its input, which stay whole',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    wholeAxes(call, x);
    return [x.map((axis) => plain(axis.length))];
  },
};

/**
 * Discrete Fourier transform along one axis; real and imaginary parts lie on the last. The axis is an attribute before
 * opset 20, operand 2 since.
 *
 *   x [n t! c 1], _, axis = 1  ->  y [n t! c 2]
 *   x [n t! c 1]               ->  y [n t! c 2]        (axis = 1, opset 19)
 *
 * exact: yes, a transform of zeros is zero.   source: https://onnx.ai/onnx/operators/onnx__DFT.html
 */
export const fourier: Rule = {
  says: 'the axis it transforms and the last one stay whole; the others pass',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    const along = fourierAxis(call, x.length);
    const oneSided = call.attributes.int('onesided', 0) !== 0;
    if (oneSided && call.attributes.int('inverse', 0) !== 0)
      throw new Frozen('operator', 'is the inverse of half a transform');
    if (x[along] === undefined) throw new Frozen('mismatch', `axis ${along} lies beyond its ${x.length}`);
    wholeAxes(call, [x[along], x.at(-1)!]);
    const length = call.optional(1) === undefined ? x[along]!.length : statedNumber(call, 1);
    const half = typeof length === 'number' ? plain(Math.floor(length / 2) + 1) : openAxis(call, 0);
    return [x.with(along, oneSided ? half : plain(length)).with(-1, plain(2))];
  },
};

function fourierAxis(call: Call, rank: number): number {
  const stated = call.optional(2) === undefined ? undefined : knownNumbers(call.known(2))?.[0];
  const axis = stated ?? call.attributes.int('axis', call.node.opset < 20 ? 1 : -2);
  const front = axis < 0 ? axis + rank : axis;
  if (front < 0 || front >= rank - 1)
    throw new Frozen('mismatch', `axis ${axis} lies beyond the rank ${rank}`);
  return front;
}

/**
 * RandomNormalLike, RandomUniformLike, Bernoulli: an element of the output for each of the input.
 *
 *   x [n c h w]  ->  y [n c h w]
 *
 * exact: no.
 */
export const randomLike: Rule = {
  says: 'axes pass; fewer elements draw other random numbers',
  exact: 'no, the random numbers change',
  axes: (call) => {
    const axes = call.input(0).map((axis) => {
      if (isLabelled(axis)) call.lanes.inexact(axis, `${call.node.op} draws other numbers for it`);
      return withZero(axis, call.node.op === 'Bernoulli' && isZero(axis));
    });
    return [axes];
  },
};

/**
 * RandomNormal, RandomUniform: axes with lanes of their own; the stated shape follows them.
 *
 *   ->  y [a b]        (shape = [a b])
 *
 * exact: no.
 */
export const randomOfShape: Rule = {
  says: 'axes with lanes of their own; the stated shape follows them',
  exact: 'no, the random numbers change',
  axes: (call) => {
    const shape = call.attributes.ints('shape');
    if (shape === undefined) throw new Frozen('unknown-shape', 'has no shape');
    const axes = shape.map((length) => call.lanes.fresh(length, false));
    for (const axis of axes) call.lanes.inexact(axis, `${call.node.op} draws other numbers for it`);
    call.restate({ attribute: 'shape', kind: 'ints' }, axes, { stated: shape.map(literal) });
    return [axes];
  },
};
