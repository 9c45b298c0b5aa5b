import { EspalierError, option, optionAs, text } from '../base/errors.js';
import type { NumericType } from '../runtime/dtypes.js';
import type { Size } from './geometry.js';
import type { ImageInput, Layout } from './imageInput.js';
import { type ImagePreprocessing, pairOf } from './imageSpec.js';

/** A preprocessing before the model is known. */
export interface StatedPreprocessing {
  readonly spec: ImagePreprocessing;
  /** What the model sees where neither it nor `spec` says: pixels of either edge. */
  readonly size?: number;
  /** The share of the shorter edge that a crop keeps, where `spec` has no `resizeTo`. */
  readonly kept?: number;
  /** Who says so: a name, a file. */
  readonly from: string;
}

/** A preprocessing for an input of a model: nothing is left open. */
export interface ResolvedPreprocessing {
  readonly input: string;
  readonly type: NumericType;
  readonly batched: boolean;
  readonly layout: Layout;
  readonly size: Size;
  /** What is done, with `resizeTo` for this size. */
  readonly spec: Required<Omit<ImagePreprocessing, 'size' | 'resizeTo' | 'layout' | 'mean' | 'std'>> &
    Pick<ImagePreprocessing, 'resizeTo'>;
  /** (byte · scale - mean) / std, for each channel in the model's order. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly from: string;
  /** What was decided between those that say different things, in plain words. */
  readonly notes: readonly string[];
}

/** Channels of an image in each order. */
const COUNT = { RGB: 3, BGR: 3, grey: 1 } as const;

/**
 * What is done to images for an input.
 *
 * errors: DATA_MISMATCH where the preprocessing contradicts the input, OPTION_INVALID where no size is known
 */
export function resolve(stated: StatedPreprocessing, input: ImageInput): ResolvedPreprocessing {
  const { spec, from } = stated;
  const notes: string[] = [];
  const layout = spec.layout ?? input.layout ?? 'NCHW';
  if (input.layout !== undefined && layout !== input.layout)
    throw mismatch(input, `the preprocessing lays images out as ${layout}, the input as ${input.layout}`);
  const channels = spec.channels ?? (input.channels === 1 ? 'grey' : 'RGB');
  if (input.channels !== undefined && COUNT[channels] !== input.channels)
    throw mismatch(
      input,
      `the preprocessing gives ${COUNT[channels]} channels (${channels}), the input takes ${input.channels}`,
    );
  const size = sizeOf(stated, input, notes);
  const raw = !input.type.startsWith('float') && spec.scale === undefined;
  if (raw) notes.push(`the input takes ${input.type}: pixels as they are, 0 to 255`);
  const values = { scale: 1 / 255, mean: 0, std: 1, ...spec, ...(raw && { scale: 1, mean: 0, std: 1 }) };
  const resizeTo = edgesFor(stated, size);
  return {
    ...{ input: input.name, type: input.type, batched: input.batched, layout, size, from, notes },
    spec: {
      ...{ filter: 'bilinear', antialias: true, fill: 0, anchor: 'centre', rounding: 'even' },
      ...omit(spec),
      ...(resizeTo !== undefined && { resizeTo }),
      ...{ channels, scale: values.scale },
    },
    mean: perChannel('mean', values.mean, COUNT[channels]),
    std: perChannel('std', values.std, COUNT[channels]),
  };
}

function omit({ resize, filter, antialias, fill, anchor, rounding }: ImagePreprocessing) {
  return {
    resize,
    ...(filter !== undefined && { filter }),
    ...(antialias !== undefined && { antialias }),
    ...(fill !== undefined && { fill }),
    ...(anchor !== undefined && { anchor }),
    ...(rounding !== undefined && { rounding }),
  };
}

function sizeOf({ spec, size }: StatedPreprocessing, input: ImageInput, notes: string[]): Size {
  const said = spec.size ?? size;
  const stated = said === undefined ? undefined : pairOf(said);
  const [height, width] = [input.height ?? stated?.[0], input.width ?? stated?.[1]];
  if (height === undefined || width === undefined)
    throw new EspalierError(
      'OPTION_INVALID',
      `the input "${input.name}" takes images of any size, and nothing says which`,
      {},
      text`Give it: ${optionAs('shape', `{ '${input.name}': [1, 3, 224, 224] }`, `${input.name}=1x3x224x224`)}, or "size" in a JSON file for ${option('preprocess')}.`,
    );
  if (spec.size !== undefined && stated !== undefined && (stated[0] !== height || stated[1] !== width))
    notes.push(`the preprocessing is of ${stated.join(' x ')}, the model takes ${height} x ${width}`);
  return [height, width];
}

/** The edges that images are resized to, in proportion where the model takes another size than the preprocessing was written for. */
function edgesFor({ spec, kept }: StatedPreprocessing, size: Size): ImagePreprocessing['resizeTo'] {
  const { resize, resizeTo } = spec;
  if (resize === 'none' || resize === 'letterbox') return undefined;
  if (resizeTo === undefined) {
    if (kept === undefined || resize !== 'shortest') return undefined;
    const edges = size.map((length) => Math.floor(length / kept)) as [number, number];
    return edges[0] === edges[1] ? edges[0] : edges;
  }
  if (spec.size === undefined) return resizeTo;
  const written = pairOf(spec.size);
  const scaled = (edge: number, axis: 0 | 1): number => Math.round((edge * size[axis]) / written[axis]);
  if (typeof resizeTo === 'number') {
    const ratio = Math.max(size[0] / written[0], size[1] / written[1]);
    return Math.round(resizeTo * ratio);
  }
  return [scaled(resizeTo[0], 0), scaled(resizeTo[1], 1)];
}

function perChannel(field: string, given: number | readonly number[], channels: number): readonly number[] {
  if (typeof given === 'number') return Array(channels).fill(given);
  if (given.length === 1) return Array(channels).fill(given[0]);
  if (given.length === channels) return given;
  // Of colours, and the model sees grey: what they are on average.
  if (channels === 1) return [given.reduce((sum, value) => sum + value, 0) / given.length];
  throw new EspalierError(
    'OPTION_INVALID',
    `the preprocessing has a ${field} of ${given.length} channels, and images have ${channels}`,
  );
}

const mismatch = (input: ImageInput, what: string): EspalierError =>
  new EspalierError('DATA_MISMATCH', what, { tensor: input.name });
