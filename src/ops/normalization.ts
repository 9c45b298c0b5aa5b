import type { Axis } from '../lanes/axis.js';
import { isZero, withZero } from '../lanes/axis.js';
import type { Rule } from '../lanes/rule.js';
import { Frozen } from '../lanes/rule.js';

/**
 * BatchNormalization at inference: the channel axis is one axis with scale, bias, mean and variance.
 *
 *   x [n c h w], scale [c], b [c], mean [c], var [c]  ->  y [n c h w]
 *
 * exact: yes.   frozen: in training mode.
 * source: https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
 */
export const batchNormalization: Rule = {
  says: 'channels are one axis with scale, bias, mean and variance',
  exact: 'yes',
  axes: (call) => {
    if (call.attributes.int('training_mode', 0) !== 0) throw new Frozen('operator', 'runs in training mode');
    const x = call.input(0);
    const place = Math.min(1, x.length - 1);
    const [scale, bias, mean, variance] = [1, 2, 3, 4].map((i) => {
      const [axis] = call.input(i);
      if (axis === undefined) throw new Frozen('mismatch', `its operand ${i} is a scalar`);
      return axis;
    }) as [Axis, Axis, Axis, Axis];
    const channels = call.lanes.unify([x[place]!, scale, bias, mean, variance]);
    const zero = isZero(bias) && (isZero(scale) || (isZero(x[place]!) && isZero(mean)));
    return [x.with(place, withZero(channels, zero))];
  },
};

/**
 * LRN: each channel is divided by a sum over its neighbours, so that removing one changes the others.
 * exact: no.   source: https://onnx.ai/onnx/operators/onnx__LRN.html
 */
export const localResponse: Rule = {
  says: 'axes pass; each channel is divided by a sum over its neighbours',
  exact: 'no, neighbours change',
  axes: (call) => {
    const x = call.input(0);
    if (x[1] !== undefined) call.lanes.inexact(x[1], 'LRN divides by a sum over neighbouring channels');
    return [x];
  },
};

/**
 * InstanceNormalization: each channel is normalised by itself, then scaled.
 *
 *   x [n c h w], scale [c], b [c]  ->  y [n c h w]
 *
 * exact: yes.   source: https://onnx.ai/onnx/operators/onnx__InstanceNormalization.html
 */
export const instanceNormalization: Rule = {
  says: 'channels are one axis with scale and bias; the spatial axes stay whole',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    const [scale] = call.input(1);
    const [bias] = call.input(2);
    if (scale === undefined || bias === undefined || x[1] === undefined)
      throw new Frozen('mismatch', 'its operands have too few axes');
    for (const axis of x.slice(2)) call.lanes.inexact(axis, 'InstanceNormalization runs over it');
    const channels = call.lanes.unify([x[1], scale, bias]);
    return [x.map((axis, d) => (d === 1 ? withZero(channels, isZero(bias)) : withZero(axis, false)))];
  },
};

/**
 * LayerNormalization, RMSNormalization: axes from `axis` on are normalised together; scale and bias lie on them.
 *
 *   x [… d], scale [d], b [d]  ->  y [… d], mean [… 1], deviation [… 1]
 *
 * exact: no, the statistics run over the lanes.
 * source: https://onnx.ai/onnx/operators/onnx__LayerNormalization.html
 */
export const layerNormalization: Rule = {
  says: 'normalised axes pass and are one with scale and bias',
  exact: 'no, the statistics run over the lanes',
  axes: (call) => {
    const x = call.input(0);
    const axis = call.attributes.axis('axis', x.length, -1);
    for (const normalised of x.slice(axis)) call.lanes.inexact(normalised, `${call.node.op} runs over it`);
    const operands = [1, 2].flatMap((i) => (call.optional(i) === undefined ? [] : [call.input(i)]));
    const axes = x.map((own, d) => {
      const parameters = operands
        .flatMap((axes) => axes[axes.length - (x.length - d)] ?? [])
        .filter((a) => a.length !== 1);
      const united = call.lanes.unify([own, ...parameters]);
      return withZero(united, d >= axis && parameters.length > 0 && parameters.every(isZero));
    });
    const statistics = axes.map((own, d) => (d < axis ? withZero(own, false) : { factors: [], length: 1 }));
    return [axes, statistics, statistics];
  },
};

/** Softmax and its kin: each entry depends on the whole axis. Before opset 13 on all axes from `axis` on. */
function normalisedOver(
  axesOf: (axis: number, rank: number) => readonly number[],
  defaultAxis: number,
): Rule {
  return {
    says: 'the axes that it normalises over stay whole; the others pass',
    exact: 'yes',
    axes: (call) => {
      const axes = call.input(0);
      const axis = call.attributes.axis('axis', axes.length, Math.min(defaultAxis, axes.length - 1));
      for (const d of axesOf(axis, axes.length))
        call.lanes.freeze(axes[d]!, 'operator', `${call.node.op} runs over it`);
      return [axes.map((a) => withZero(a, false))];
    },
  };
}

export const softmax = normalisedOver((axis) => [axis], -1);
export const softmaxFlattened = normalisedOver(
  (axis, rank) => Array.from({ length: rank - axis }, (_, i) => axis + i),
  1,
);
