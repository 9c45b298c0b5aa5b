import { withZero } from '../coupling/axis.js';
import type { Rule } from '../coupling/rule.js';

/**
 * Identity: the value itself.
 *
 *   x [n c h w]  ->  y [n c h w]
 *
 * exact: yes.
 */
export const identity: Rule = {
  says: 'the same value under another name',
  exact: 'yes',
  ...{ moves: true, identity: true, reshapes: true },
  axes: (call) => {
    call.passes({ operand: 0, steps: [], passes: true });
    return [{ ...call.optional(0)!, axes: call.input(0) }];
  },
};

/**
 * Dropout: at inference the value itself, and a mask. Since opset 12 operand 2 may say that it trains; before opset 7 it
 * does unless `is_test` says otherwise.
 *
 *   x [n c h w]  ->  y [n c h w], mask [n c h w]
 *
 * exact: yes, at inference.   source: https://onnx.ai/onnx/operators/onnx__Dropout.html
 */
export const dropout: Rule = {
  says: 'the same value; the mask has its axes',
  exact: 'yes, at inference',
  axes: (call) => {
    const axes = call.input(0);
    const trains =
      call.node.opset < 7
        ? call.attributes.int('is_test', 0) === 0
        : call.optional(2) !== undefined && !call.isZeroConstant(2);
    for (let i = 1; i < call.count; i++) call.values(i);
    if (trains) for (const axis of axes) call.lanes.inexact(axis, 'drops elements at random');
    else call.passes({ operand: 0, steps: [], passes: true });
    return [
      { axes, dtype: call.optional(0)!.dtype },
      { axes: axes.map((axis) => withZero(axis, false)), dtype: 'bool' },
    ];
  },
};
