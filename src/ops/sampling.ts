import type { Axes, Axis } from '../coupling/axis.js';
import { isLabelled, isZero, lengthOf, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import { axisWithin } from '../coupling/rule.js';
import { add, asLength, equal, multiply, quotient } from '../model/dim.js';
import { knownNumbers, literal } from '../model/values.js';
import { convolve, slide, windowOf } from './convolution.js';
import { openAxis } from './frozen.js';

/** An image's batch, channels and spatial axes. */
function image(axes: Axes): readonly [batch: Axis, channels: Axis, space: Axis[]] {
  const [batch, channels, ...space] = axes;
  if (batch === undefined || channels === undefined)
    throw new Frozen('mismatch', 'its input has no channels');
  return [batch, channels, space];
}

/** The boxes of an operator that looks at regions: one output for each, with this grid of places. */
function regions(call: Call, grid: readonly number[]): Axes[] {
  const [batch, channels, space] = image(call.input(0));
  slide(space, call);
  call.lanes.freeze(batch, 'data-dependent', 'regions choose which of it they look at');
  const boxes = Array.from({ length: call.count - 1 }, (_, i) => call.input(i + 1));
  for (const axis of boxes.flat()) call.lanes.freeze(axis, 'operator', 'is read as regions');
  return [[plain(boxes[0]?.[0]?.length ?? 1), channels, ...grid.map(plain)]];
}

/**
 * RoiAlign: places in regions of an image, interpolated; channels pass.
 *
 *   x [n! c h! w!], rois [r! 4], batch indices [r!]  ->  y [r! c h' w']
 *
 * exact: yes, of zeros it is zero.   source: https://onnx.ai/onnx/operators/onnx__RoiAlign.html
 */
export const roiAlign: Rule = {
  says: 'channels pass; regions are looked at along the spatial axes',
  exact: 'yes',
  axes: (call) =>
    regions(call, [call.attributes.int('output_height', 1), call.attributes.int('output_width', 1)]),
};

/**
 * MaxRoiPool: regions of an image, pooled; channels pass.
 *
 *   x [n! c h! w!], rois [r! 5]  ->  y [r! c h' w']        (pooled_shape = [2 2])
 *
 * exact: yes, of zeros it is zero.   source: https://onnx.ai/onnx/operators/onnx__MaxRoiPool.html
 */
export const maxRoiPool: Rule = {
  says: 'channels pass; regions are looked at along the spatial axes',
  exact: 'yes',
  axes: (call) => {
    const grid = call.attributes.ints('pooled_shape');
    if (grid === undefined) throw new Frozen('unknown-shape', 'has no pooled_shape');
    return regions(call, grid);
  },
};

/**
 * GridSample: an image looked at where a grid says; channels pass.
 *
 *   x [n c h! w!], grid [n h' w' 2]  ->  y [n c h' w']
 *
 * exact: yes, of zeros it is zero.   source: https://onnx.ai/onnx/operators/onnx__GridSample.html
 */
export const gridSample: Rule = {
  says: 'channels pass; the grid says where the image is looked at',
  exact: 'yes',
  axes: (call) => {
    const [batch, channels, space] = image(call.input(0));
    const grid = call.input(1);
    if (grid.length !== space.length + 2)
      throw new Frozen('mismatch', `its image has rank ${space.length + 2}, its grid ${grid.length}`);
    slide([...space, ...grid.slice(1)], call);
    const places = grid.slice(1, -1).map((axis) => plain(axis.length));
    return [[withZero(call.lanes.unify([batch, grid[0]!]), isZero(batch)), channels, ...places]];
  },
};

/**
 * AffineGrid: the grid that an affine map makes of an image's places.
 *
 *   θ [n 2 3], size (n 3 h' w')  ->  grid [n h' w' 2]
 *
 * exact: yes.   source: https://onnx.ai/onnx/operators/onnx__AffineGrid.html
 */
export const affineGrid: Rule = {
  says: 'the batch passes; matrices and places stay whole',
  exact: 'yes',
  axes: (call) => {
    const [batch, rows, columns] = call.input(0);
    if (batch === undefined || rows === undefined || columns === undefined)
      throw new Frozen('mismatch', 'its maps are no batch of matrices');
    for (const axis of [rows, columns]) call.lanes.freeze(axis, 'operator', 'is an affine map');
    const [count, channels, ...places] = call.known(1).elements;
    if (count === undefined || channels === undefined)
      throw new Frozen('mismatch', 'its size has no channels');
    call.restate(1, [lengthOf(batch), channels, ...places.map((place) => literal(place.before))], {
      stated: [count, channels, ...places],
    });
    return [
      [withZero(batch, false), ...places.map(({ before }) => plain(asLength(before))), plain(places.length)],
    ];
  },
};

/**
 * Col2Im: blocks summed into an image. The rows are channels × places in a block.
 *
 *   x [n c*4 l!], image shape (h' w'), block shape (2 2)  ->  y [n c h' w']
 *
 * exact: yes, a sum of zeros is zero.   source: https://onnx.ai/onnx/operators/onnx__Col2Im.html
 */
export const columnsToImage: Rule = {
  says: 'rows are channels × places in a block; channels pass',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    const [batch, rows, blocks] = x;
    if (x.length !== 3) throw new Frozen('mismatch', `its input has rank ${x.length}, not 3`);
    const shape = call.known(1).elements.map(({ before }) => before);
    const block = knownNumbers(call.known(2))?.reduce((a, b) => a * b, 1);
    const channels = block === undefined ? undefined : quotient(rows!.length, block);
    if (block === undefined || channels === undefined)
      throw new Frozen('mismatch', `${rows!.length} rows are no channels × blocks`);
    const [lane, place] = call.lanes.factor(rows!, [channels, block]) as [Axis, Axis];
    call.lanes.freeze(place, 'operator', 'is a place in a block');
    slide([blocks!], call);
    call.restate(1, shape.map(literal));
    return [[batch!, lane, ...shape.map((length) => plain(asLength(length)))]];
  },
};

/**
 * DeformConv: a convolution that looks where offsets say; each of the offset groups keeps as many channels.
 *
 *   x [n c h! w!], W [o c 2 2], offsets [n 8 h' w'], b [o], mask [n 4 h' w']
 *     ->  y [n o h' w']        (h := 5, w := 7, h' := 4, w' := 6)
 *
 * exact: yes.   restates: `group`.   frozen: offsets and masks but for the batch, the offset groups.
 * source: https://onnx.ai/onnx/operators/onnx__DeformConv.html
 */
export const deformConv: Rule = {
  says: 'a convolution; channels stay rectangular in groups of offsets; offsets and mask stay whole',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    const [weight, bias] = [call.input(1), call.optional(3)?.axes?.[0]];
    const guides = [2, 4].flatMap((index) => (call.optional(index) === undefined ? [] : [call.input(index)]));
    const offsetGroups = call.attributes.int('offset_group', 1);
    const each = x[1] === undefined ? undefined : quotient(x[1].length, offsetGroups);
    if (each === undefined)
      throw new Frozen('mismatch', `its channels do not divide into ${offsetGroups} groups of offsets`);
    const [group] = call.lanes.factor(x[1]!, [offsetGroups, each]);
    call.lanes.freeze(group!, 'operator', 'is a group that has offsets of its own');
    slide(
      guides.flatMap((axes) => axes.slice(1)),
      call,
    );
    const [batch, channels, ...places] = convolve(call, x, weight, [bias]);
    const zero = isZero(weight[0]!) && (bias === undefined || isZero(bias));
    const batches = call.lanes.unify([batch, ...guides.map((axes) => axes[0]!)]);
    return [[withZero(batches, false), withZero(channels, zero), ...places]];
  },
};

/**
 * MaxUnpool: entries put back where MaxPool found them. Places count from the first channel of the first image on, so that
 * only places that are counted again, as MaxPool does, follow the lanes.
 *
 *   x [n c h! w!], places [n c h! w!]  ->  y [n c h' w']        (kernel_shape = [2 2])
 *
 * exact: not said, as places may be of any making.   restates: operand 2.
 * source: https://onnx.ai/onnx/operators/onnx__MaxUnpool.html
 */
export const maxUnpool: Rule = {
  says: 'channels pass and are one with those of the places',
  exact: 'no, places are counted over the lanes',
  axes: (call) => {
    const [x, places] = [call.input(0), call.input(1)];
    if (x.length !== places.length)
      throw new Frozen('mismatch', `its operands have ranks ${x.length} and ${places.length}`);
    const united = x.map((axis, d) => call.lanes.unify([axis, places[d]!]));
    for (const axis of united.filter(isLabelled)) call.lanes.inexact(axis, 'its places are counted over it');
    const [batch, channels, space] = image(united);
    slide(space, call);
    const [zeroBatch, zeroChannels] = [isZero(x[0]!), isZero(x[1]!)];
    const front = [withZero(batch, zeroBatch), withZero(channels, zeroChannels)];
    if (call.optional(2) !== undefined) {
      const stated = call.known(2).elements;
      if (stated.length !== x.length) throw new Frozen('mismatch', `it states ${stated.length} lengths`);
      call.restate(2, [...front, ...stated.slice(2).map((own) => literal(own.before))]);
      return [[...front, ...stated.slice(2).map((own) => plain(asLength(own.before)))]];
    }
    const kernel = call.attributes.ints('kernel_shape');
    if (kernel?.length !== space.length) throw new Frozen('unknown-shape', 'has no kernel_shape');
    const { strides, pads } = windowOf(call, space.length);
    const lengths = space.map(({ length }, d) => {
      const padding = (pads[d] ?? 0) + (pads[d + space.length] ?? 0);
      return add(multiply(add(length, -1), strides[d] ?? 1), kernel[d]! - padding);
    });
    return [[...front, ...lengths.map(plain)]];
  },
};

/**
 * CenterCropPad: axes cut or padded to stated lengths; where the length stays, lanes pass, and the statement follows.
 *
 *   x [n c h! w!], shape (h' w')  ->  y [n c h' w']        (axes = [2 3])
 *
 * exact: yes.   restates: operand 1.   source: https://onnx.ai/onnx/operators/onnx__CenterCropPad.html
 */
export const centerCropPad: Rule = {
  says: 'axes whose length stays pass; the others are cut or padded',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    const { elements } = call.known(1);
    const axes = (call.attributes.ints('axes') ?? x.map((_, d) => d)).map((d) => axisWithin(d, x.length));
    if (elements.length !== axes.length)
      throw new Frozen('mismatch', `it states ${elements.length} lengths for ${axes.length} axes`);
    const y = [...x];
    const wanted = elements.map((element, i) => {
      const axis = x[axes[i]!]!;
      if (equal(element.before, axis.length)) return axis;
      call.lanes.freeze(axis, 'operator', 'is cut or padded round its centre');
      y[axes[i]!] = plain(asLength(element.before));
      return literal(element.before);
    });
    call.restate(1, wanted);
    return [{ axes: y, dtype: call.optional(0)!.dtype }];
  },
};

/**
 * Crop: an image without its borders, or a part of it of stated size; an experiment of old operator sets.
 *
 *   x [n c h! w!]  ->  y [n c h' w']        (border = [1 1 1 1])
 *
 * exact: yes.
 * source: https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/providers/cpu/tensor/crop.h
 */
export const crop: Rule = {
  says: 'channels pass; height and width are cut',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    if (x.length !== 4) throw new Frozen('mismatch', `its input has rank ${x.length}, not 4`);
    const [left = 0, top = 0, right = 0, bottom = 0] = call.attributes.ints('border') ?? [];
    const size = call.attributes.ints('scale');
    slide(x.slice(2), call);
    const [height, width] = size ?? [add(x[2]!.length, -top - bottom), add(x[3]!.length, -left - right)];
    return [[x[0]!, x[1]!, plain(height!), plain(width!)]];
  },
};

/**
 * ImageScaler: a scale for all, and a bias for each channel, which is an attribute; an experiment of old operator sets.
 *
 *   x [n c! h w]  ->  y [n c! h w]
 *
 * exact: yes.   frozen: the channels.
 */
export const imageScaler: Rule = {
  says: 'channels stay whole, as their biases are an attribute; the others pass',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    if (x[1] !== undefined) call.lanes.freeze(x[1], 'operator', 'has a bias for each index in an attribute');
    return [x.map((axis) => withZero(axis, false))];
  },
};

/**
 * NonMaxSuppression: which boxes stay, by batch, class and position. Everything it reads stays whole.
 *
 *   boxes [n! b! 4], scores [n! c! b!]  ->  chosen [? 3]
 *
 * exact: yes.
 */
export const nonMaxSuppression: Rule = {
  says: 'everything it reads stays whole; data says how many boxes it gives',
  exact: 'yes',
  suppresses: true,
  axes: (call) => {
    const read = Array.from({ length: call.count }, (_, i) => call.optional(i)?.axes ?? []);
    for (const axis of read.flat()) call.lanes.freeze(axis, 'operator', 'is read as boxes and scores');
    return [{ axes: [openAxis(call, 0), plain(3)], dtype: 'int64' }];
  },
};
