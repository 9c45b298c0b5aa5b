import { EspalierError } from '../base/errors.js';
import type { Real } from '../coupling/linearMap.js';
import type { NativeOptions } from '../native/index.js';
import { type NativeMoments, type Patches, sampled } from '../native/moments.js';
import { halvesToNumbers } from '../runtime/dtypes.js';
import type { Tensor } from '../runtime/runtime.js';
import { type Layer, mixesAll, type WeightUse } from './layers.js';

/** Elements as float32. */
export function float32(tensor: Tensor, value: string): Float32Array {
  const { data, type } = tensor;
  if (data instanceof Float32Array) return data;
  if (type === 'float16') return halvesToNumbers(data as Uint16Array);
  if (data instanceof Float64Array) return Float32Array.from(data);
  throw new EspalierError('RUNTIME_FAILED', `the value holds ${type}, not floats`, { tensor: value });
}

/** The elements of a tensor as real numbers: integers are dequantised, floats are as they are. */
export function real(tensor: Tensor, by: Real | undefined): Tensor {
  const { data, type } = tensor;
  if (by === undefined || !/^u?int(8|16)$/.test(type)) return tensor;
  const numbers = Float32Array.from(data as ArrayLike<number>, (q) => (q - by.zeroPoint) * by.scale);
  return { ...tensor, type: 'float32', data: numbers };
}

/** The part of its input that a use of a weight reads: all of it, or one index of an axis. */
export function dataAt(
  { data, part, reals }: Pick<WeightUse, 'data' | 'part' | 'reals'>,
  given: Tensor,
): { readonly x: Float32Array; readonly dims: readonly number[] } {
  const tensor = real(given, reals?.data);
  const x = float32(tensor, data);
  if (part === undefined) return { x, dims: tensor.dims };
  return { x: taken(x, tensor.dims, part.axis, [part.index]), dims: tensor.dims.with(part.axis, 1) };
}

/** The elements at some indices of an axis. */
export function taken(
  data: Float32Array,
  dims: readonly number[],
  axis: number,
  indices: readonly number[],
): Float32Array {
  const length = dims[axis]!;
  if (indices.length === length) return data;
  const outer = dims.slice(0, axis).reduce((product, own) => product * own, 1);
  const inner = dims.slice(axis + 1).reduce((product, own) => product * own, 1);
  const out = new Float32Array(outer * indices.length * inner);
  let at = 0;
  for (let o = 0; o < outer; o++)
    for (const index of indices) {
      const from = (o * length + index) * inner;
      if (inner === 1) out[at] = data[from]!;
      else out.set(data.subarray(from, from + inner), at);
      at += inner;
    }
  return out;
}

/** The inputs of a layer at one use of its weight, as rows or as a convolution's patches. */
export interface InputRows {
  readonly x: Float32Array;
  readonly patches?: Patches;
  readonly rows: number;
}

/** Channels-last values of a convolution, transposed to channels first; other values as they are. */
export function channelsFirst({ window }: WeightUse, values: ChannelValues): ChannelValues {
  const { data, dims, axis } = values;
  if (window === undefined || axis < 2 || axis !== dims.length - 1) return values;
  const [batch, channels] = [dims[0]!, dims[axis]!];
  const space = dims.slice(1, axis);
  const positions = space.reduce((product, length) => product * length, 1);
  const turned = new Float32Array(data.length);
  for (let n = 0; n < batch && data.length > 0; n++)
    for (let position = 0; position < positions; position++)
      for (let channel = 0; channel < channels; channel++)
        turned[(n * channels + channel) * positions + position] =
          data[(n * positions + position) * channels + channel]!;
  return { data: turned, dims: [batch, channels, ...space], axis: 1 };
}

/** The input x of a use of a weight, as rows or as patches. `every`: the stride at which positions are taken. */
export function rowsOf(
  layer: Layer,
  at: WeightUse,
  given: Float32Array,
  lying: readonly number[],
  every = 1,
): InputRows {
  const { data: x, dims, axis } = channelsFirst(at, { data: given, dims: lying, axis: at.axis });
  const use = { ...at, axis };
  const channels = dims[use.axis]!;
  const before = dims.slice(0, use.axis).reduce((product, own) => product * own, 1);
  const after = dims.slice(use.axis + 1);
  const inner = after.reduce((product, own) => product * own, 1);
  const { window } = use;
  if (window === undefined && inner === 1 && every === 1) return { x, rows: before };
  if (window === undefined) {
    const patches = pointsOf(dims, use.axis, every);
    return { x, patches, rows: Math.ceil((before * inner) / every) };
  }
  const kernel = layer.layout.taps.map((axis) => layer.weight.dims[axis]!);
  const { strides, dilations } = window;
  const pads = padsOf(window.pads, after, kernel, strides, dilations);
  const windows = after.map(
    (length, d) =>
      Math.floor(
        (length + pads[d]! + pads[d + after.length]! - dilations[d]! * (kernel[d]! - 1) - 1) / strides[d]!,
      ) + 1,
  );
  const rows = Math.ceil((before * windows.reduce((product, own) => product * own, 1)) / every);
  return {
    x,
    patches: { batch: before, channels, lengths: after, kernel, strides, dilations, pads, every },
    rows,
  };
}

function padsOf(
  pads: readonly number[] | 'SAME_UPPER' | 'SAME_LOWER',
  lengths: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): readonly number[] {
  if (typeof pads !== 'string') return pads;
  const totals = lengths.map((length, d) =>
    Math.max(
      0,
      (Math.ceil(length / strides[d]!) - 1) * strides[d]! + dilations[d]! * (kernel[d]! - 1) + 1 - length,
    ),
  );
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total) => Math.ceil(total / 2));
  return pads === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small];
}

/** Elements and where their channels lie. */
export interface ChannelValues {
  readonly data: Float32Array;
  readonly dims: readonly number[];
  readonly axis: number;
}

/** Whether subsampled positions take less memory as rows than all of x does. */
const isSparse = (layer: Layer, every: number): boolean => every > 1 && every >= layer.taps;

/**
 * The input x of a use of a weight at subsampled positions, at the stride `every`. Where the positions take less memory than all of x,
 * they are copied as rows, and x is not kept.
 */
export function sampledRows(
  layer: Layer,
  use: WeightUse,
  x: Float32Array,
  dims: readonly number[],
  every: number,
): InputRows {
  const found = rowsOf(layer, use, x, dims, every);
  const { patches, rows } = found;
  if (patches === undefined || !isSparse(layer, every)) return found;
  return { x: sampled(found.x, patches), rows };
}

/**
 * Values at the outputs of the positions of `sampledRows`: as rows where those are, else all of them, channels first. Of grouped
 * convolutions always the latter.
 */
export function valuesAt(layer: Layer, use: WeightUse, values: ChannelValues, every: number): ChannelValues {
  const whole = channelsFirst(use, values);
  if (!mixesAll(layer) || !isSparse(layer, every)) return whole;
  const { data, dims, axis } = whole;
  const patches = pointsOf(dims, axis, every);
  const rows = Math.ceil((patches.batch * patches.lengths[0]!) / every);
  return { data: sampled(data, patches), dims: [rows, dims[axis]!], axis: 1 };
}

/** Each position by itself, whatever axes there are. */
function pointsOf(dims: readonly number[], axis: number, every: number): Patches {
  const product = (lengths: readonly number[]): number => lengths.reduce((all, own) => all * own, 1);
  const one = [1];
  return {
    ...{
      batch: product(dims.slice(0, axis)),
      channels: dims[axis]!,
      lengths: [product(dims.slice(axis + 1))],
    },
    ...{ kernel: one, strides: one, dilations: one, pads: [0, 0], every },
  };
}

/** Adds a batch. y: [rows, out], or as the patches have it. */
export function feed(
  moments: NativeMoments,
  { x, patches }: InputRows,
  y: Float32Array,
  options: NativeOptions,
): Promise<void> {
  return moments.add(x, y, { ...options, ...(patches !== undefined && { patches }) });
}
