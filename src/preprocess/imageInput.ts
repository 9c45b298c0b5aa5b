import { EspalierError } from '../base/errors.js';
import { NUMERIC_TYPES, type NumericType } from '../runtime/dtypes.js';
import type { ValueInfo } from '../runtime/runtime.js';

/** Where the channels of an image lie. */
export type Layout = 'NCHW' | 'NHWC';

/** The input of a model that takes images: what its shape says of them. */
export interface ImageInput {
  readonly name: string;
  readonly type: NumericType;
  /** Whether the first axis counts images, or there is no such axis. */
  readonly batched: boolean;
  /** Where the shape tells it. */
  readonly layout: Layout | undefined;
  readonly channels: number | undefined;
  readonly height: number | undefined;
  readonly width: number | undefined;
}

/** Numbers of channels that images have: grey, colours. */
const CHANNELS = [1, 3];

/**
 * The input that takes images.
 *
 * errors: DATA_MISMATCH where none can be one, or several
 */
export function imageInput(inputs: readonly ValueInfo[]): ImageInput {
  const found = inputs.flatMap((input) => asImage(input) ?? []);
  if (found.length === 1) return found[0]!;
  const all = inputs.map(
    ({ name, dtype, shape }) => `"${name}" ${dtype} [${shape.map(lengthOf).join(', ')}]`,
  );
  throw new EspalierError(
    'DATA_MISMATCH',
    found.length === 0
      ? `the data are images, and the model takes none: its inputs are ${all.join(', ')}`
      : `the model has several inputs that may take images: ${found.map(({ name }) => `"${name}"`).join(', ')}`,
    {},
    'Give arrays by the names of the inputs: an .npz, or a folder of .npy files.',
  );
}

const lengthOf = (length: number | string): number | string => (length === '' ? '?' : length);

/** What an input says of images; undefined where it can take none. */
function asImage({ name, dtype, shape }: ValueInfo): ImageInput | undefined {
  if (!NUMERIC_TYPES.has(dtype) || dtype === 'bool' || (shape.length !== 4 && shape.length !== 3))
    return undefined;
  const batched = shape.length === 4;
  const own = batched ? shape.slice(1) : shape;
  const layout = layoutOf(own);
  const [first, second, third] = own;
  const ordered = layout === 'NHWC' ? [third, first, second] : [first, second, third];
  const [channels, height, width] = ordered.map((length) =>
    typeof length === 'number' ? length : undefined,
  );
  // Lengths that are known and are those of no image: a sequence of vectors, a state.
  if (layout === undefined && own.some((length) => typeof length === 'number')) {
    if (own.every((length) => typeof length === 'number') || !batched) return undefined;
    if (typeof first === 'number' && typeof third === 'number') return undefined;
  }
  if (layout === undefined && !batched) return undefined;
  const type = dtype as NumericType;
  if (layout === undefined)
    return { name, type, batched, layout, channels: undefined, height: undefined, width: undefined };
  return { name, type, batched, layout, channels, height, width };
}

/** By a number of channels that images have, else by the names of axes. */
function layoutOf([first, second, third]: readonly (number | string)[]): Layout | undefined {
  const isChannels = (length: number | string | undefined): boolean =>
    typeof length === 'number' ? CHANNELS.includes(length) : /chan|^c$/i.test(length ?? '');
  const [front, back] = [isChannels(first), isChannels(third)];
  if (front && back) return typeof second === 'number' && CHANNELS.includes(second) ? 'NCHW' : undefined;
  if (front) return 'NCHW';
  if (back) return 'NHWC';
  return undefined;
}
