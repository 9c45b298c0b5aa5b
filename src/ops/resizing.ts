import type { Axes, Axis } from '../coupling/axis.js';
import { lengthOf, plain } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import { axisWithin } from '../coupling/rule.js';
import type { Dim } from '../model/dim.js';
import { asLength, equal, floorDivide, multiply } from '../model/dim.js';
import type { Values } from '../model/values.js';
import { knownNumbers } from '../model/values.js';
import { openInstead } from './frozen.js';

/** Axes scaled by known factors: a factor of 1 lets lanes pass, any other mixes neighbours. */
function scaled(call: Call, x: Axes, axes: readonly number[], scales: readonly Dim[]): Axis[] {
  const y = [...x];
  for (const [i, scale] of scales.entries()) {
    const d = axisWithin(axes[i]!, x.length);
    if (scale === 1) continue;
    call.lanes.freeze(x[d]!, 'operator', `${call.node.op} mixes neighbours along it`);
    const { length } = x[d]!;
    const known = typeof length === 'number' && typeof scale === 'number';
    y[d] = plain(known ? Math.floor(length * scale) : asLength(floorDivide(multiply(length, scale), 1)));
  }
  return y;
}

/** Axes resized to stated lengths: where the length stays, lanes pass, and the statement follows them. */
function sized(call: Call, x: Axes, axes: readonly number[], sizes: Values, operand: number): Axis[] {
  const y = [...x];
  const wanted = sizes.elements.map((element, i) => {
    const d = axisWithin(axes[i]!, x.length);
    if (equal(element.before, x[d]!.length)) return lengthOf(x[d]!);
    call.lanes.freeze(x[d]!, 'operator', `${call.node.op} mixes neighbours along it`);
    y[d] = plain(asLength(element.before));
    return element;
  });
  call.restate(operand, wanted);
  return y;
}

/**
 * Sizes that only bound one common scale, so that the ratio of the axes stays: the smallest of the scales that they
 * state, or the largest. Lengths that this comes to are numbers, or not known.
 */
function proportional(
  call: Call,
  x: Axes,
  axes: readonly number[],
  sizes: Values,
  smallest: boolean,
): Axis[] {
  const y = [...x];
  const resized = axes.map((axis) => axisWithin(axis, x.length));
  const lengths = resized.map((d) => x[d]!.length);
  const stated = knownNumbers(sizes);
  const known = stated !== undefined && lengths.every((length) => typeof length === 'number');
  const scales = known ? stated.map((size, i) => size / (lengths[i] as number)) : [];
  const scale = smallest ? Math.min(...scales) : Math.max(...scales);
  for (const d of resized) {
    call.lanes.freeze(x[d]!, 'operator', `${call.node.op} mixes neighbours along it`);
    const { length } = x[d]!;
    y[d] = plain(
      known ? Math.floor((length as number) * scale + 0.5) : call.openLength(`${call.node.name}.${d}#`),
    );
  }
  return y;
}

/**
 * Resize: axes whose scale is 1 pass; the others are interpolated and stay whole.
 *
 *   x [n c h! w!], scales (1.0 1.0 2.0 2.0)  ->  y [n c h' w']
 *
 * exact: yes.   restates: sizes.   frozen: all axes with `tf_crop_and_resize`.
 * source: https://onnx.ai/onnx/operators/onnx__Resize.html
 */
function resizeRule(scalesAt: number, sizesAt: number | undefined): Rule {
  return {
    says: 'axes whose scale is 1 pass; the others are interpolated',
    exact: 'yes',
    axes: (call) => {
      const x = call.input(0);
      for (let i = 1; i < call.count; i++) call.values(i);
      const axes = call.attributes.ints('axes') ?? x.map((_, d) => d);
      if (call.attributes.string('coordinate_transformation_mode', '') === 'tf_crop_and_resize')
        for (const axis of x) call.lanes.freeze(axis, 'operator', 'is cropped to a region');
      // Before opset 13 an operand could not be left out, so that an empty one stands for one that is not given.
      const given = sizesAt === undefined ? undefined : call.optional(sizesAt);
      const sizes = given?.values?.elements.length === 0 ? undefined : given;
      if (sizes !== undefined) {
        if (sizes.values?.elements.length !== axes.length) return [anySizes(call, x, axes)];
        const policy = call.attributes.string('keep_aspect_ratio_policy', 'stretch');
        if (policy !== 'stretch') return [proportional(call, x, axes, sizes.values, policy === 'not_larger')];
        return [sized(call, x, axes, sizes.values, sizesAt!)];
      }
      const scales = call.optional(scalesAt)?.values;
      if (scales?.elements.length !== axes.length) return [anySizes(call, x, axes)];
      return [
        scaled(
          call,
          x,
          axes,
          scales.elements.map(({ before }) => before),
        ),
      ];
    },
  };
}

/** Sizes that data decides: each of these axes may be interpolated. */
function anySizes(call: Call, x: Axes, axes: readonly number[]): Axis[] {
  const y = [...x];
  for (const d of axes.map((axis) => axisWithin(axis, x.length)))
    y[d] = openInstead(call, x[d]!, d, 'is resized to lengths that depend on data');
  return y;
}

/**
 * Resize of opset 10, Upsample of opset 9: scales are operand 1.
 *
 *   x [n c h! w!], scales (1.0 1.0 2.0 2.0)  ->  y [n c h' w']
 */
export const resize10 = resizeRule(1, undefined);
/**
 * Resize since opset 11: scales are operand 2, or sizes operand 3.
 *
 *   x [n c h! w!], _, scales (1.0 1.0 2.0 2.0)  ->  y [n c h' w']
 *   x [n c h! w!], _, _, sizes (n c h' w')       ->  y [n c h' w']
 */
export const resize = resizeRule(2, 3);

/**
 * Upsample of opset 1..6: two attributes scale height and width.
 *
 *   x [n c h! w!]  ->  y [n c h' w']        (height_scale = 2.0, width_scale = 2.0)
 */
export const upsampleOfImage: Rule = {
  says: 'channels pass; height and width are interpolated',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    if (x.length !== 4) throw new Frozen('mismatch', `its input has rank ${x.length}, not 4`);
    const scales = ['height_scale', 'width_scale'].map((name) => call.attributes.float(name, 1));
    return [scaled(call, x, [2, 3], scales)];
  },
};

/**
 * Upsample of opset 7..8: scales are an attribute.
 *
 *   x [n c h! w!]  ->  y [n c h' w']        (scales = [1.0 1.0 2.0 2.0])
 */
export const upsampleByAttribute: Rule = {
  says: 'axes whose scale is 1 pass; the others are interpolated',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    const scales = call.attributes.floats('scales');
    if (scales === undefined || scales.length !== x.length)
      throw new Frozen('unknown-shape', 'has no scales');
    return [
      scaled(
        call,
        x,
        x.map((_, d) => d),
        scales,
      ),
    ];
  },
};
