import type { Axes, Axis } from '../coupling/axis.js';
import { isLabelled, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import { slide, windowOf, windowsAlong } from './convolution.js';

/** What every pooling window does to axes [batch, channels, space …]. */
export function windowed(call: Call, x: Axes): Axis[] {
  const [batch, channels, ...space] = x;
  if (batch === undefined || channels === undefined)
    throw new Frozen('mismatch', 'its input has no channels');
  slide(space, call);
  const kernel = call.attributes.ints('kernel_shape');
  if (kernel === undefined) throw new Frozen('unknown-shape', 'has no kernel_shape');
  const window = windowOf(call, space.length);
  const ceilMode = call.attributes.int('ceil_mode', 0) !== 0;
  return [
    batch,
    channels,
    ...space.map((axis, d) => plain(windowsAlong(axis.length, kernel[d] ?? 1, d, window, ceilMode))),
  ];
}

/**
 * AveragePool, LpPool: channels pass, a window slides over the others.
 *
 *   x [n c h! w!]  ->  y [n c h' w']        (kernel_shape = [2 2])
 *
 * exact: yes, zeros stay zeros.   source: https://onnx.ai/onnx/operators/onnx__AveragePool.html
 */
export const pool: Rule = {
  says: 'channels pass; a window slides over the spatial axes',
  exact: 'yes',
  axes: (call) => [windowed(call, call.input(0))],
};

/**
 * MaxPool: as other pools, and where each entry lay. That is counted from the first channel of the first image on, so
 * that the places change with the number of channels.
 *
 *   x [n c h! w!]  ->  y [n c h' w'], places [n c h' w']        (kernel_shape = [2 2])
 *
 * exact: yes; not where the places are used.   source: https://onnx.ai/onnx/operators/onnx__MaxPool.html
 */
export const maxPool: Rule = {
  says: 'channels pass; a window slides over the spatial axes',
  exact: 'where the places of the maxima are not used',
  axes: (call) => {
    const axes = windowed(call, call.input(0));
    const usesPlaces = (call.node.outputs[1] ?? '') !== '';
    if (usesPlaces)
      for (const axis of axes.filter(isLabelled)) call.lanes.inexact(axis, 'its places are counted over it');
    const places = axes.map((axis) => withZero(axis, false));
    return [axes, { axes: places, dtype: 'int64' }];
  },
};

/**
 * GlobalAveragePool, GlobalMaxPool, GlobalLpPool: channels pass, every other axis becomes 1.
 *
 *   x [n c h! w!]  ->  y [n c 1 1]
 *
 * exact: yes.
 */
export const globalPool: Rule = {
  says: 'channels pass; the spatial axes become 1',
  exact: 'yes',
  axes: (call) => {
    const [batch, channels, ...space] = call.input(0);
    if (batch === undefined || channels === undefined)
      throw new Frozen('mismatch', 'its input has no channels');
    slide(space, call);
    return [[batch, channels, ...space.map(() => plain(1))]];
  },
};
