import type { Axis } from '../coupling/axis.js';
import { plain } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Rule } from '../coupling/rule.js';
import { axisWithin } from '../coupling/rule.js';
import { floorDivide, multiply, quotient } from '../model/dim.js';
import { transposed } from './contents.js';

/**
 * Transpose: axes moved.
 *
 *   x [n c h w]  ->  y [n h w c]        (perm = [0 2 3 1])
 *
 * exact: yes.
 */
export const transpose: Rule = {
  says: 'axes moved',
  exact: 'yes',
  moves: true,
  axes: (call) => {
    const x = call.input(0);
    const order = call.attributes.ints('perm') ?? x.map((_, d) => x.length - 1 - d);
    if (order.length !== x.length)
      throw new Frozen('mismatch', `permutes ${order.length} axes of ${x.length}`);
    const { values, dtype } = call.optional(0)!;
    const places = order.map((d) => axisWithin(d, x.length));
    return [{ axes: places.map((d) => x[d]!), values: values && transposed(values, places), dtype }];
  },
};

/**
 * DepthToSpace: channels = blocks × c (DCR) or c × blocks (CRD); blocks move into height and width and stay whole.
 *
 *   x [n 4*c h! w!]  ->  y [n c h' w']        (blocksize = 2)
 *   x [n c*4 h! w!]  ->  y [n c h' w']        (blocksize = 2, mode = "CRD")
 *
 * exact: yes.   source: https://onnx.ai/onnx/operators/onnx__DepthToSpace.html
 */
export const depthToSpace: Rule = {
  says: 'channels are blocks × lanes; blocks move into space and stay whole',
  exact: 'yes',
  moves: true,
  axes: (call) => {
    const x = call.input(0);
    const block = call.attributes.int('blocksize', 1);
    const [batch, channels, height, width] = x;
    if (x.length !== 4 || typeof channels!.length !== 'number')
      throw new Frozen('unknown-shape', 'its input is not [n c h w] with known channels');
    const own = quotient(channels!.length, block * block);
    if (own === undefined)
      throw new Frozen('mismatch', `${channels!.length} channels are no multiple of ${block}²`);
    const columnFirst = call.attributes.string('mode', 'DCR') === 'CRD';
    const parts = call.lanes.factor(channels!, columnFirst ? [own, block * block] : [block * block, own]);
    const [blocks, lane] = columnFirst ? [parts[1]!, parts[0]!] : [parts[0]!, parts[1]!];
    call.lanes.freeze(blocks, 'operator', 'is a block of pixels');
    for (const axis of [height!, width!]) call.lanes.freeze(axis, 'operator', 'pixels come between its own');
    return [[batch!, lane, plain(multiply(height!.length, block)), plain(multiply(width!.length, block))]];
  },
};

/**
 * SpaceToDepth: blocks of pixels × channels become channels; channels × blocks with the mode CRD, since opset 28.
 *
 *   x [n c h! w!]  ->  y [n 4*c h' w']        (blocksize = 2, h := 6, w := 10)
 *
 * exact: yes.   source: https://onnx.ai/onnx/operators/onnx__SpaceToDepth.html
 */
export const spaceToDepth: Rule = {
  says: 'channels become blocks × lanes, or lanes × blocks',
  exact: 'yes',
  moves: true,
  axes: (call) => {
    const x = call.input(0);
    const block = call.attributes.int('blocksize', 1);
    if (x.length !== 4) throw new Frozen('mismatch', `its input has rank ${x.length}, not 4`);
    const [batch, channels, height, width] = x as [Axis, Axis, Axis, Axis];
    const shrunk = (axis: Axis): Axis => plain(floorDivide(axis.length, block));
    for (const axis of [height, width]) call.lanes.freeze(axis, 'operator', 'is cut into blocks');
    const columnFirst = call.attributes.string('mode', 'DCR') === 'CRD';
    const blocks = plain(block * block);
    const merged = call.lanes.merge(columnFirst ? [channels, blocks] : [blocks, channels]);
    return [[batch, merged, shrunk(height), shrunk(width)]];
  },
};
