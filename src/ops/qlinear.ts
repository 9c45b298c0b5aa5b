import type { Axis } from '../coupling/axis.js';
import { isLabelled, isZero, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import { axisWithin } from '../coupling/rule.js';
import type { ZeroLaw } from './broadcasting.js';
import { broadcast, everyZero, someZero } from './broadcasting.js';
import { slide } from './convolution.js';
import { windowed } from './pooling.js';
import { asStored, realAxes } from './zeroPoints.js';

// Operators of onnxruntime on quantised data, with one scale for all of each tensor. What lies at a removed index is
// reckoned by what the integers stand for: real zero is the zero point, and each tensor has its own.
// source of all: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md

/**
 * y = f(x), element by element: operands x, scale, zero point, y's scale, zero point.
 *
 *   x [n c h w], scale [], zero point [], y's scale [], zero point []  ->  y [n c h w]
 *
 * exact: yes. Whether f(0) = 0 decides whether y stands for zero where a lane was removed.
 */
function unary(keepsZero: boolean): Rule {
  return {
    says: 'element by element',
    exact: 'yes',
    axes: (call) => [
      asStored(
        call,
        realAxes(call, 0, 2).map((axis) => withZero(axis, keepsZero && isZero(axis))),
        4,
      ),
    ],
  };
}

/** QLinearLeakyRelu: real zeros stay real zeros. */
export const qlinearLeakyRelu = unary(true);
/** QLinearSigmoid: f(0) = 1/2, so that real zeros do not stay zeros. */
export const qlinearSigmoid = unary(false);

/**
 * QLinearSoftmax: the axis that it normalises over stays whole; before opset 13 all from `axis` on.
 *
 *   x [n s c!], scale [], zero point [], y's scale [], zero point []  ->  y [n s c!]
 *
 * exact: yes.
 */
export const qlinearSoftmax: Rule = {
  says: 'the axes that it normalises over stay whole; the others pass',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    const flattens = call.attributes.int('opset', 13) < 13;
    const axis = call.attributes.axis('axis', x.length, -1);
    for (const over of x.slice(axis, flattens ? x.length : axis + 1))
      call.lanes.freeze(over, 'operator', `${call.node.op} runs over it`);
    return [x.map((own) => withZero(own, false))];
  },
};

/**
 * QLinearAdd, QLinearMul: operands a, scale, zero point, b, scale, zero point, y's scale, zero point.
 *
 *   a [n c h w], scale [], zero point [], b [c 1 1], scale [], zero point [], y's scale [], zero point []
 *     ->  y [n c h w]
 *
 * exact: yes.
 */
function binary(law: ZeroLaw): Rule {
  return {
    says: 'element by element, broadcast; aligned axes are one axis',
    exact: 'yes',
    axes: (call) => {
      const operands = [realAxes(call, 0, 2), realAxes(call, 3, 5)];
      return [asStored(call, broadcast(call.lanes, operands, law), 7)];
    },
  };
}

/** QLinearAdd: real zero where both operands stand for zero. */
export const qlinearAdd = binary(everyZero);
/** QLinearMul: real zero where one of the operands stands for zero. */
export const qlinearMul = binary(someZero);

/**
 * QLinearWhere: condition, x, scale, zero point, y, scale, zero point, the result's scale, zero point.
 *
 *   condition [c 1 1], a [n c h w], scale [], zero point [], b [n c h w], scale [], zero point [], y's scale [], zero point []
 *     ->  y [n c h w]
 *
 * exact: yes.
 */
export const qlinearWhere: Rule = {
  says: 'element by element, broadcast; all three operands are aligned',
  exact: 'yes',
  axes: (call) => {
    const operands = [call.input(0), realAxes(call, 1, 3), realAxes(call, 4, 6)];
    const real = broadcast(call.lanes, operands, ([, yes, no]) => yes! && no!);
    return [asStored(call, real, 8)];
  },
};

/**
 * QLinearConcat: y's scale and zero point, then for each input itself, its scale and its zero point.
 *
 *   y's scale [], zero point [], a [n a h w], scale [], zero point [], b [n b h w], scale [], zero point []
 *     ->  y [n a+b h w]        (axis = 1)
 *
 * exact: yes.
 */
export const qlinearConcat: Rule = {
  says: 'inputs lie end to end along `axis`; the other axes are shared by all',
  exact: 'yes',
  axes: (call) => {
    const places = Array.from({ length: (call.count - 2) / 3 }, (_, i) => 2 + 3 * i);
    const inputs = places.map((place) => realAxes(call, place, place + 2));
    const [first] = inputs;
    if (first === undefined || inputs.some((axes) => axes.length !== first.length))
      throw new Frozen(
        'mismatch',
        `its inputs have ranks ${inputs.map((axes) => axes.length).join(' and ')}`,
      );
    const along = call.attributes.axis('axis', first.length);
    const real = first.map((_, d) => {
      const column = inputs.map((axes) => axes[d]!);
      if (d === along) return call.lanes.join(column);
      return withZero(call.lanes.unify(column), column.every(isZero));
    });
    return [asStored(call, real, 1)];
  },
};

/** Runs a rule of axes [batch, channels, space …] on data whose channels may be last. */
function channelsFirst(call: Call, x: readonly Axis[], rule: (axes: readonly Axis[]) => Axis[]): Axis[] {
  const [batch, ...rest] = x;
  if (batch === undefined || rest.length === 0) throw new Frozen('mismatch', 'its input has no channels');
  if (call.attributes.int('channels_last', 0) === 0) return rule(x);
  const [first, channels, ...space] = rule([batch, rest.at(-1)!, ...rest.slice(0, -1)]);
  return [first!, ...space, channels!];
}

/**
 * QLinearAveragePool: channels pass, a window slides over the spatial axes.
 *
 *   x [n c h! w!], scale [], zero point [], y's scale [], zero point []
 *     ->  y [n c h' w']        (kernel_shape = [2 2])
 *
 * exact: yes.
 */
export const qlinearAveragePool: Rule = {
  says: 'channels pass; a window slides over the spatial axes',
  exact: 'yes',
  axes: (call) => {
    const real = channelsFirst(call, realAxes(call, 0, 2), (axes) => windowed(call, axes));
    return [asStored(call, real, 4)];
  },
};

/**
 * QLinearGlobalAveragePool: channels pass, every other axis becomes 1.
 *
 *   x [n c h! w!], scale [], zero point [], y's scale [], zero point []  ->  y [n c 1 1]
 *
 * exact: yes.
 */
export const qlinearGlobalPool: Rule = {
  says: 'channels pass; the spatial axes become 1',
  exact: 'yes',
  axes: (call) => {
    const real = channelsFirst(call, realAxes(call, 0, 2), ([batch, channels, ...space]) => {
      slide(space, call);
      return [batch!, channels!, ...space.map(() => plain(1))];
    });
    return [asStored(call, real, 4)];
  },
};

/**
 * QLinearReduceMean: the axes it runs over leave, or become 1.
 *
 *   x [n c h w], scale [], zero point [], y's scale [], zero point []  ->  y [n c 1 1]        (axes = [2 3])
 *
 * exact: no, where it runs over lanes.
 */
export const qlinearReduceMean: Rule = {
  says: 'the axes it runs over leave or become 1; the others pass',
  exact: 'no, where it runs over lanes',
  axes: (call) => {
    const x = realAxes(call, 0, 2);
    const stated = call.attributes.ints('axes') ?? [];
    const reduced = new Set(
      stated.length === 0 ? x.keys() : stated.map((axis) => axisWithin(axis, x.length)),
    );
    const keep = call.attributes.int('keepdims', 1) !== 0;
    const real = x.flatMap((axis, d) => {
      if (!reduced.has(d)) return [axis];
      if (isLabelled(axis)) call.lanes.inexact(axis, `${call.node.op} runs over it`);
      return keep ? [plain(1)] : [];
    });
    return [asStored(call, real, 4)];
  },
};
