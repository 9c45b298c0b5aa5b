import type { Axes } from '../coupling/axis.js';
import type { Fusing } from '../coupling/passage.js';
import type { Call, Rule } from '../coupling/rule.js';
import { broadcast, everyZero } from './broadcasting.js';
import { conv, convolved } from './convolution.js';
import { given } from './fusedSums.js';
import { activated, fusing } from './fusing.js';
import { windowed } from './pooling.js';

/**
 * FusedConv: Conv, the sum with operand 3, an activation.
 *
 *   x [n γ*c h! w!], W [γ*o c 1 1], b [γ*o], z [n γ*o h! w!]  ->  y [n γ*o h! w!]        (group = γ)
 *
 * exact: yes.   restates: `group`.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FusedConv
 */
export const fusedConv: Rule = {
  ...conv,
  axes: (call) => {
    const y = convolved(call, call.input(0), 1, behindConvolution(call));
    return [activated(call, broadcast(call.lanes, [y, ...given(call, [3])], everyZero))];
  },
};

/** The sum with operand 3, and the activation: the same node without them is Conv. */
function behindConvolution(call: Call): Fusing | undefined {
  const { op, domain } = call.node;
  const steps = call.optional(3) === undefined ? [] : [{ kind: 'sum', operands: [3] } as const];
  return fusing(call, steps, { op, domain, operands: 3 });
}

const channelsFirst = (axes: Axes): Axes => [axes[0]!, axes.at(-1)!, ...axes.slice(1, -1)];
const channelsLast = (axes: Axes): Axes => [axes[0]!, ...axes.slice(2), axes[1]!];

/**
 * NhwcFusedConv: FusedConv with the data's channels last; the weight is Conv's.
 *
 *   x [n h! w! γ*c], W [γ*o c 1 1], b [γ*o], z [n h! w! γ*o]  ->  y [n h! w! γ*o]        (group = γ)
 *
 * exact: yes.   restates: `group`.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.NhwcFusedConv
 */
export const nhwcFusedConv: Rule = {
  ...conv,
  axes: (call) => {
    const x = call.input(0);
    const y = channelsLast(convolved(call, channelsFirst(x), x.length - 1, behindConvolution(call)));
    return [activated(call, broadcast(call.lanes, [y, ...given(call, [3])], everyZero))];
  },
};

/**
 * NhwcMaxPool: MaxPool with channels last.
 *
 *   x [n h! w! c]  ->  y [n h' w' c]        (kernel_shape = [2 2])
 *
 * exact: yes.
 */
export const nhwcPool: Rule = {
  says: 'channels pass, last; a window slides over the spatial axes',
  exact: 'yes',
  axes: (call) => [channelsLast(windowed(call, channelsFirst(call.input(0))))],
};
