import { numbersOf } from '../runtime/dtypes.js';
import type { Feeds, Tensor } from '../runtime/runtime.js';
import type { SampleInput, ShownImage } from './types.js';

/** The longer side of an image as it is shown, in pixels at most. */
const MOST_PIXELS = 96;
/** The shorter side of what is an image and not a list of vectors. */
const LEAST_SIDE = 8;
/** Numbers of an input that is no image. */
const MOST_VALUES = 200;
const MOST_TEXTS = 8;

/** One sample's input as something to look at: the first input that is an image, else the first one. */
export function sampleInput(feeds: Feeds, sample: number, samples: number): SampleInput | undefined {
  const own = Object.entries(feeds).map(([name, tensor]) => ({
    name,
    tensor: partOf(tensor, sample, samples),
  }));
  for (const { tensor } of own) {
    const image = tensor.type === 'string' ? undefined : imageOf(tensor);
    if (image !== undefined) return image;
  }
  const [first] = own;
  if (first === undefined) return undefined;
  const { name, tensor } = first;
  if (tensor.type === 'string')
    return { form: 'texts', name, texts: (tensor.data as readonly string[]).slice(0, MOST_TEXTS) };
  return { form: 'values', name, dims: tensor.dims, values: picked(numbersOf(tensor)) };
}

/** What of a batch is one sample's; all of it, where the tensor has no axis for samples. */
export function partOf({ type, data, dims }: Tensor, sample: number, samples: number): Tensor {
  if (dims.length === 0 || dims[0] !== samples) return { type, data, dims };
  const width = data.length / samples;
  return {
    type,
    data: data.slice(sample * width, (sample + 1) * width) as Tensor['data'],
    dims: dims.slice(1),
  };
}

/** Some hundred of the numbers, evenly spaced. */
export function picked(values: ArrayLike<number>, most = MOST_VALUES): number[] {
  const step = Math.max(1, values.length / most);
  return Array.from({ length: Math.min(values.length, most) }, (_, i) => values[Math.floor(i * step)]!);
}

/** How the axes of an image lie: [channels, height, width], [height, width, channels] or [height, width]. */
interface Layout {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  at(channel: number, y: number, x: number): number;
}

function layoutOf(dims: readonly number[]): Layout | undefined {
  const [a = 0, b = 0, c = 0] = dims;
  const isSide = (...sides: readonly number[]): boolean => sides.every((side) => side >= LEAST_SIDE);
  const isChannels = (count: number): count is 1 | 3 => count === 1 || count === 3;
  if (dims.length === 3 && isChannels(a) && isSide(b, c))
    return { channels: a, height: b, width: c, at: (channel, y, x) => (channel * b + y) * c + x };
  if (dims.length === 3 && isChannels(c) && isSide(a, b))
    return { channels: c, height: a, width: b, at: (channel, y, x) => (y * b + x) * c + channel };
  if (dims.length === 2 && isSide(a, b))
    return { channels: 1, height: a, width: b, at: (_, y, x) => y * b + x };
  return undefined;
}

/**
 * An image in 8 bits, made smaller by means over its pixels; black and white are the least and the greatest number. Undefined where axes are
 * not those of an image.
 */
export function imageOf(tensor: Tensor): ShownImage | undefined {
  const layout = layoutOf(
    tensor.dims[0] === 1 && tensor.dims.length === 4 ? tensor.dims.slice(1) : tensor.dims,
  );
  if (layout === undefined) return undefined;
  const values = numbersOf(tensor);
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  if (!Number.isFinite(low) || !Number.isFinite(high)) return undefined;
  const scale = Math.max(1, Math.max(layout.width, layout.height) / MOST_PIXELS);
  const [width, height] = [
    Math.max(1, Math.round(layout.width / scale)),
    Math.max(1, Math.round(layout.height / scale)),
  ];
  let pixels = '';
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < layout.channels; channel++) {
        const mean = meanOf(
          values,
          layout,
          channel,
          [(y * layout.height) / height, ((y + 1) * layout.height) / height],
          [(x * layout.width) / width, ((x + 1) * layout.width) / width],
        );
        pixels += String.fromCharCode(high > low ? Math.round((255 * (mean - low)) / (high - low)) : 0);
      }
  return {
    ...{ form: 'image', width, height, channels: layout.channels, from: [low, high] },
    pixels: btoa(pixels),
    size: [layout.width, layout.height],
  };
}

type Span = readonly [from: number, to: number];

function meanOf(
  values: ArrayLike<number>,
  { at }: Layout,
  channel: number,
  rows: Span,
  columns: Span,
): number {
  let sum = 0;
  let count = 0;
  for (let y = Math.floor(rows[0]); y < Math.max(Math.floor(rows[0]) + 1, Math.floor(rows[1])); y++)
    for (
      let x = Math.floor(columns[0]);
      x < Math.max(Math.floor(columns[0]) + 1, Math.floor(columns[1]));
      x++
    ) {
      sum += values[at(channel, y, x)]!;
      count += 1;
    }
  return sum / count;
}
