import type { Axis } from '../coupling/axis.js';
import { isZero, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Rule } from '../coupling/rule.js';
import { quotient } from '../model/dim.js';

/**
 * BatchNormalization: the channel axis is one axis with scale, bias, mean and variance. In training mode, which exports
 * of weight-standardised networks use on weights, statistics run over every other axis.
 *
 *   x [n c h w], scale [c], b [c], mean [c], var [c]  ->  y [n c h w]
 *   x [n c h w], scale [c], b [c], mean [c], var [c]  ->  y [n c h w], mean [c], var [c]        (training_mode = 1)
 *
 * exact: yes; in training mode not for lanes of the other axes.
 * source: https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
 */
export const batchNormalization: Rule = {
  says: 'channels are one axis with scale, bias, mean and variance',
  exact: 'yes; in training mode not for lanes of the other axes',
  axes: (call) => {
    const { node, attributes } = call;
    // Before opset 14 a node with more than one output computes its statistics from the batch, as in training; before opset 7
    // so does one without `is_test` = 1.
    const trains =
      attributes.int('training_mode', 0) !== 0 ||
      (node.opset < 7 && attributes.int('is_test', 0) === 0) ||
      (node.opset < 14 && node.outputs.slice(1).some((output) => output !== ''));
    const x = call.input(0);
    if (x.length === 0) throw new Frozen('mismatch', 'its input has no channels');
    const place = Math.min(1, x.length - 1);
    const [scale, bias, mean, variance] = [1, 2, 3, 4].map((i) => {
      const [axis, ...more] = call.input(i);
      // With `spatial` = 0, before opset 9, every position has parameters of its own.
      if (axis === undefined || more.length > 0)
        throw new Frozen('mismatch', `its operand ${i} has rank ${call.input(i).length}, not 1`);
      return axis;
    }) as [Axis, Axis, Axis, Axis];
    const channels = call.lanes.unify([x[place]!, scale, bias, mean, variance]);
    const zero = isZero(bias) && (isZero(scale) || (isZero(x[place]!) && isZero(mean)));
    const y = x.with(place, withZero(channels, zero));
    const statistics = Array.from({ length: node.outputs.length - 1 }, () => [withZero(channels, false)]);
    if (!trains && x.length > 1) call.scales({ axis: 1, scale: 1, shift: 2 });
    const epsilon = attributes.float('epsilon', 1e-5);
    if (!trains)
      call.passes({
        operand: 0,
        steps: [{ kind: 'normalise', operands: [1, 2, 3, 4], epsilon }],
        passes: true,
      });
    if (!trains) return [y, ...statistics];
    const others = x.filter((_, d) => d !== place);
    for (const axis of others)
      call.lanes.inexact(axis, 'the statistics of BatchNormalization in training mode run over it');
    return [y.map((axis, d) => (d === place ? axis : withZero(axis, false))), ...statistics];
  },
};

/**
 * LRN: each channel is divided by a sum over its neighbours, so that removing one changes the others.
 *
 *   x [n c h w]  ->  y [n c h w]        (size = 3)
 *
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
    call.scales({ axis: 1, scale: 1, shift: 2 });
    return [x.map((axis, d) => (d === 1 ? withZero(channels, isZero(bias)) : withZero(axis, false)))];
  },
};

/**
 * GroupNormalization: channels are groups × lanes, and each group is normalised by itself. Before opset 21 scale and bias
 * lie on the groups, since then on the channels.
 *
 *   x [n g*c h w], scale [g], b [g]      ->  y [n g*c h w]        (num_groups = g, opset 20)
 *   x [n g*c h w], scale [g*c], b [g*c]  ->  y [n g*c h w]        (num_groups = g)
 *
 * exact: of whole groups; not within one, where the statistics run over the lanes.   restates: `num_groups`.
 * source: https://onnx.ai/onnx/operators/onnx__GroupNormalization.html
 */
function groupNormalized(parameters: 'groups' | 'channels'): Rule {
  return {
    says: `channels are groups × lanes; scale and bias lie on the ${parameters}; groups stay rectangular`,
    exact: 'of whole groups; not within one, where the statistics run over the lanes',
    axes: (call) => {
      const { lanes, attributes } = call;
      const x = call.input(0);
      const [scale, bias, channels] = [call.input(1)[0], call.input(2)[0], x[1]];
      if (scale === undefined || bias === undefined || channels === undefined)
        throw new Frozen('mismatch', 'its operands have too few axes');
      const groups = attributes.int('num_groups', 1);
      const each = quotient(channels.length, groups);
      if (each === undefined)
        throw new Frozen('mismatch', `its ${channels.length} channels do not divide into ${groups} groups`);
      const [group, inner] = lanes.factor(channels, [groups, each]) as [Axis, Axis];
      for (const axis of [inner, ...x.slice(2)]) lanes.inexact(axis, 'GroupNormalization runs over it');
      call.restate({ attribute: 'num_groups', kind: 'int' }, [group]);
      const zero = isZero(scale) && isZero(bias);
      if (parameters === 'channels') call.scales({ axis: 1, scale: 1, shift: 2 });
      const normalised =
        parameters === 'groups'
          ? lanes.merge([withZero(lanes.unify([group, scale, bias]), zero), withZero(inner, false)])
          : withZero(lanes.unify([lanes.merge([group, inner]), scale, bias]), zero);
      return [x.map((axis, d) => (d === 1 ? normalised : withZero(axis, false)))];
    },
  };
}

/**
 * GroupNormalization of opset 18..20: scale and bias lie on the groups.
 *
 *   x [n g*c h w], scale [g], b [g]  ->  y [n g*c h w]        (num_groups = g)
 */
export const groupNormalizationOfGroups = groupNormalized('groups');
/**
 * GroupNormalization since opset 21: scale and bias lie on the channels.
 *
 *   x [n g*c h w], scale [g*c], b [g*c]  ->  y [n g*c h w]        (num_groups = g)
 */
export const groupNormalization = groupNormalized('channels');

/**
 * MeanVarianceNormalization: mean 0 and variance 1 over `axes`. What is the same everywhere has no variance, and runtimes
 * differ in what they make of that.
 *
 *   x [n c h w]  ->  y [n c h w]
 *
 * exact: no; a lane that is zero is divided by zero.
 * source: https://onnx.ai/onnx/operators/onnx__MeanVarianceNormalization.html
 */
export const meanVariance: Rule = {
  says: 'axes pass; the statistics run over `axes`',
  exact: 'no, the statistics run over lanes, or are of zeros alone',
  axes: (call) => {
    const x = call.input(0);
    for (const axis of x) call.lanes.inexact(axis, 'MeanVarianceNormalization divides by its deviation');
    return [x.map((axis) => withZero(axis, false))];
  },
};

/**
 * LpNormalization: divided by the norm along one axis, to which zeros add nothing.
 *
 *   x [n c h]  ->  y [n c h]        (axis = 1)
 *
 * exact: where removed entries are zero.
 * source: https://onnx.ai/onnx/operators/onnx__LpNormalization.html
 */
export const lpNormalization: Rule = {
  says: 'axes pass; divided by the norm along one of them',
  exact: 'where what it sums is zero in a removed lane',
  axes: (call) => {
    const x = call.input(0);
    const along = call.attributes.axis('axis', x.length, -1);
    call.lanes.sum(x[along]!);
    call.normalises([along]);
    return [x];
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
    // Only LayerNormalization has a third operand.
    const shifted = call.optional(2) !== undefined;
    if (axis === x.length - 1) call.scales({ axis, scale: 1, ...(shifted && { shift: 2 }) });
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
    decides: 'one',
    axes: (call) => {
      const axes = call.input(0);
      const axis = call.attributes.axis('axis', axes.length, Math.min(defaultAxis, axes.length - 1));
      const along = axesOf(axis, axes.length);
      for (const d of along) call.lanes.freeze(axes[d]!, 'operator', `${call.node.op} runs over it`);
      call.normalises(along);
      return [axes.map((a) => withZero(a, false))];
    },
  };
}

/**
 * Softmax and its kin since opset 13: one axis.
 *
 *   x [n s c!]  ->  y [n s c!]
 */
export const softmax = normalisedOver((axis) => [axis], -1);
/**
 * Softmax and its kin before opset 13: all axes from `axis` on.
 *
 *   x [n s! c!]  ->  y [n s! c!]        (axis = 1)
 */
export const softmaxFlattened = normalisedOver(
  (axis, rank) => Array.from({ length: rank - axis }, (_, i) => axis + i),
  1,
);
