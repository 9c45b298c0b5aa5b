import type { Axes, Axis } from '../coupling/axis.js';
import { isZero, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Window } from '../coupling/linearMap.js';
import type { Fusing } from '../coupling/passage.js';
import type { Call, Rule } from '../coupling/rule.js';
import type { Dim } from '../model/dim.js';
import {
  add,
  ceilDivide,
  floorDivide,
  minimum,
  multiply,
  product,
  quotient,
  subtract,
} from '../model/dim.js';

/** The attributes that say where a window lies, with their defaults, for `rank` spatial axes. */
export function windowOf(
  call: Call,
  rank: number,
): { strides: readonly number[]; dilations: readonly number[]; pads: readonly number[]; auto: string } {
  const { attributes } = call;
  const ones = Array.from({ length: rank }, () => 1);
  return {
    strides: attributes.ints('strides') ?? ones,
    dilations: attributes.ints('dilations') ?? ones,
    pads: attributes.ints('pads') ?? Array.from({ length: 2 * rank }, () => 0),
    auto: attributes.string('auto_pad', 'NOTSET'),
  };
}

/** Where a window of `kernel` can lie along an axis: the length of the output. */
export function windowsAlong(
  length: Dim,
  kernel: Dim,
  d: number,
  window: ReturnType<typeof windowOf>,
  ceilMode = false,
): Dim {
  const stride = window.strides[d] ?? 1;
  if (window.auto.startsWith('SAME')) return ceilDivide(length, stride);
  const extent = extentOf(kernel, window.dilations[d] ?? 1);
  const rank = window.pads.length / 2;
  const [before, after] =
    window.auto === 'VALID' ? [0, 0] : [window.pads[d] ?? 0, window.pads[d + rank] ?? 0];
  const padded = add(length, before);
  const spare = subtract(after + stride, extent);
  if (!ceilMode) return floorDivide(add(padded, spare), stride);
  // With `ceil_mode` a last window counts that reaches beyond the data, unless it would start in the padding behind them.
  return ceilDivide(add(padded, minimum(spare, 0)), stride);
}

/** How much of an axis a kernel spans. */
const extentOf = (kernel: Dim, dilation: number): Dim => add(multiply(dilation, add(kernel, -1)), 1);

/** Where the patches of a convolution lie, as far as attributes say. */
export function mixingWindow(call: Call, rank: number): Window {
  const { strides, dilations, pads, auto } = windowOf(call, rank);
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') return { strides, dilations, pads: auto };
  return { strides, dilations, pads: auto === 'VALID' ? pads.map(() => 0) : pads };
}

function spatial(axes: readonly Axis[], call: Call): void {
  for (const axis of axes) call.lanes.freeze(axis, 'kernel', 'is the spatial extent of a kernel');
}

/** An operand's spatial axes are slid over: they cannot be cut. */
export function slide(axes: readonly Axis[], call: Call): void {
  for (const axis of axes) call.lanes.freeze(axis, 'operator', `${call.node.op} slides over it`);
}

/** Groups × channels in each, as two axes. */
function grouped(call: Call, axis: Axis, groups: number): readonly [Axis, Axis] {
  const each = quotient(axis.length, groups);
  if (each === undefined)
    throw new Frozen('mismatch', `its ${axis.length} channels do not divide into ${groups} groups`);
  const [group, inner] = call.lanes.factor(axis, [groups, each]);
  return [group!, inner!];
}

/**
 * What every convolution does: `x` and `weight` are contracted, groups stay rectangular, and `others` (bias, scales) lie
 * on the output channels. Restates `group`, states the work. Whether the channels are zero is left to the caller.
 */
export function convolve(
  call: Call,
  x: Axes,
  weight: Axes,
  others: readonly (Axis | undefined)[],
): readonly [batch: Axis, channels: Axis, ...places: Axis[]] {
  const { lanes } = call;
  if (weight.length !== x.length || x.length < 3)
    throw new Frozen('mismatch', `its input and weight have ranks ${x.length} and ${weight.length}`);
  const groups = call.attributes.int('group', 1);
  const [output, input, ...kernel] = weight as [Axis, Axis, ...Axis[]];
  spatial(kernel, call);
  slide(x.slice(2), call);
  let channels = output;
  if (groups === 1) {
    lanes.contract(x[1]!, input);
  } else {
    const [group, inner] = grouped(call, x[1]!, groups);
    const [outputGroup, own] = grouped(call, output, groups);
    lanes.unify([group, outputGroup]);
    lanes.contract(inner, input);
    channels = lanes.merge([outputGroup, own]);
    call.restate({ attribute: 'group', kind: 'int' }, [group]);
  }
  channels = lanes.unify([channels, ...others.filter((axis) => axis !== undefined)]);
  const sizes = kernel.map((axis) => axis.length);
  const window = windowOf(call, sizes.length);
  const places = sizes.map((size, d) => windowsAlong(x[d + 2]!.length, size, d, window));
  call.work([x[0]!, channels, input, ...sizes, ...places]);
  return [x[0]!, channels, ...places.map(plain)];
}

/**
 * Conv: the output channels are the weight's first axis, the input channels are contracted with its second.
 * With groups, input channel = γ ∧ c and output channel = γ ∧ o; depthwise is c of length 1.
 *
 *   x [n c h! w!], W [o c kh kw], b [o]           ->  y [n o h' w']
 *   x [n γ*c h! w!], W [γ*o c kh kw], b [γ*o]     ->  y [n γ*o h' w']        (group = γ)
 *   x [n γ h! w!], W [γ*o 1 kh kw], b [γ*o]       ->  y [n γ*o h' w']        (group = γ)
 *
 * exact: yes.   restates: `group`, the count of kept γ.
 * source: https://onnx.ai/onnx/operators/onnx__Conv.html
 */
export const conv: Rule = {
  says: "input channels are contracted with the weight; output channels are the weight's; groups stay rectangular",
  exact: 'yes',
  axes: (call) => [convolved(call, call.input(0), 1)],
};

/**
 * What Conv gives of x [batch, channels, space …], and of operand 1 as its weight and operand 2 as its bias, laid out as x is here.
 *
 * channels: the axis of the data's and of the output's channels, as they lie
 */
export function convolved(call: Call, x: Axes, channels: number, fused?: Fusing): Axis[] {
  const weight = call.input(1);
  const bias = call.optional(2)?.axes?.[0];
  const [batch, own, ...places] = convolve(call, x, weight, [bias]);
  const zero = isZero(weight[0]!) && (bias === undefined || isZero(bias));
  const taps = places.map((_, d) => d + 2);
  const window = mixingWindow(call, places.length);
  call.mixes({
    ...{ data: 0, axis: channels, weight: 1, outputs: [0], input: 1, taps, window, outputAxis: channels },
    ...{ groups: call.attributes.int('group', 1), bias: { kind: 'operand', operand: 2 } },
    ...(fused && { fused }),
  });
  return [batch, withZero(own, zero), ...places];
}

/**
 * ConvTranspose: the input channels are the weight's first axis, the output channels its second.
 *
 *   x [n γ*c h! w!], W [γ*c o kh kw], b [γ*o]  ->  y [n γ*o h' w']        (group = γ)
 *
 * exact: yes.   restates: `group`.
 * source: https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
 */
export const convTranspose: Rule = {
  says: "input channels are the weight's first axis, output channels its second; groups stay rectangular",
  exact: 'yes',
  axes: (call) => {
    const { lanes, attributes } = call;
    const x = call.input(0);
    const weight = call.input(1);
    if (weight.length !== x.length || x.length < 3)
      throw new Frozen('mismatch', `its input and weight have ranks ${x.length} and ${weight.length}`);
    const groups = attributes.int('group', 1);
    const [input, output, ...kernel] = weight as [Axis, Axis, ...Axis[]];
    spatial(kernel, call);
    slide(x.slice(2), call);
    lanes.contract(x[1]!, input);
    let channels = output;
    if (groups > 1) {
      const [group] = grouped(call, input, groups);
      channels = lanes.merge([withZero(group, true), output]);
      call.restate({ attribute: 'group', kind: 'int' }, [group]);
    }
    const bias = call.optional(2)?.axes?.[0];
    if (bias !== undefined) channels = lanes.unify([channels, bias]);
    const sizes = kernel.map((axis) => axis.length);
    const window = windowOf(call, sizes.length);
    const shape = attributes.ints('output_shape');
    const extra = attributes.ints('output_padding') ?? sizes.map(() => 0);
    const places = sizes.map((size, d) => {
      const stride = window.strides[d] ?? 1;
      const length = x[d + 2]!.length;
      if (shape !== undefined) return shape[shape.length - sizes.length + d]!;
      if (window.auto.startsWith('SAME')) return multiply(length, stride);
      const extent = extentOf(size, window.dilations[d] ?? 1);
      const padding =
        window.auto === 'VALID' ? 0 : (window.pads[d] ?? 0) + (window.pads[d + sizes.length] ?? 0);
      return add(multiply(stride, add(length, -1)), add(extent, (extra[d] ?? 0) - padding));
    });
    call.work([x[0]!, input, output, ...sizes, product(x.slice(2).map((axis) => axis.length))]);
    const zero = isZero(output) && (bias === undefined || isZero(bias));
    if (groups === 1) {
      // Each position of x adds a patch to y that is linear in the channels there: outputs are the channels of y at each tap
      // of the kernel.
      const outputs = [1, ...sizes.map((_, d) => d + 2)];
      call.mixes({ data: 0, axis: 1, weight: 1, outputs, input: 0 });
    }
    return [[x[0]!, withZero(channels, zero), ...places.map(plain)]];
  },
};
