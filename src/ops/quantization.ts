import type { Axis } from '../lanes/axis.js';
import { isLabelled, isZero, withZero } from '../lanes/axis.js';
import type { Call, Rule } from '../lanes/rule.js';
import { Frozen } from '../lanes/rule.js';

/** Scale and zero point along one axis are that axis; blocked scales keep the blocked axis whole. */
function withParameters(call: Call, quantizes: boolean): Axis[] {
  const axes = [...call.input(0)];
  if (axes.length === 0) {
    for (let i = 1; i < call.count; i++) call.optional(i);
    return axes;
  }
  const along = call.attributes.axis('axis', axes.length, Math.min(1, axes.length - 1));
  for (const index of [1, 2]) {
    if (call.optional(index) === undefined) continue;
    const parameter = call.input(index);
    const lengths = parameter.filter((axis) => axis.length !== 1);
    if (lengths.length === 0) continue;
    if (parameter.length === 1) {
      if (quantizes && index === 1 && isZero(parameter[0]!)) {
        call.lanes.inexact(parameter[0]!, 'divides by a scale that is zero where the lane was removed');
      }
      axes[along] = withZero(call.lanes.unify([axes[along]!, parameter[0]!]), isZero(axes[along]!));
    } else if (parameter.length === axes.length && call.attributes.int('block_size', 0) > 0) {
      for (const [d, axis] of parameter.entries()) {
        if (d !== along) axes[d] = withZero(call.lanes.unify([axes[d]!, axis]), isZero(axes[d]!));
      }
      call.lanes.freeze(axes[along]!, 'operator', 'is quantised in blocks');
      call.lanes.freeze(parameter[along]!, 'operator', 'is quantised in blocks');
    } else {
      throw new Frozen('mismatch', `its parameters have rank ${parameter.length}, its data ${axes.length}`);
    }
  }
  return axes;
}

/**
 * QuantizeLinear: scale and zero point lie on `axis`, or are scalars. Real zero becomes the zero point.
 *
 *   x [n c h w], scale [c], zero point [c]  ->  y [n c h w]        (axis = 1)
 *
 * exact: yes, but for scales of their own in each lane.
 * source: https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html
 */
export const quantizeLinear: Rule = {
  says: 'axes pass; scale and zero point lie on `axis`',
  exact: 'where no lane has a scale of its own',
  axes: (call) => [withParameters(call, true)],
};

/** DequantizeLinear: the inverse; a quantised weight is seen through it. exact: yes. */
export const dequantizeLinear: Rule = {
  says: 'axes pass; scale and zero point lie on `axis`',
  exact: 'yes',
  moves: true,
  axes: (call) => [withParameters(call, false)],
};

/** DynamicQuantizeLinear: scale and zero point come from the data's extremes, so that every lane has a say. exact: no. */
export const dynamicQuantizeLinear: Rule = {
  says: 'axes pass; scale and zero point come from the extremes of the whole',
  exact: 'no, removed lanes count among the extremes',
  axes: (call) => {
    const axes = call.input(0);
    for (const axis of axes)
      if (isLabelled(axis) && !isZero(axis))
        call.lanes.inexact(axis, 'its extremes set the scale of the others');
    return [axes, [], []];
  },
};
