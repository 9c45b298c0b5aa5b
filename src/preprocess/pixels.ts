import { resample } from '../native/resample.js';
import type { DecodedImage } from '../platform/index.js';
import { type Geometry, geometryOf, type Size } from './geometry.js';
import type { ResolvedPreprocessing } from './resolved.js';

/** Bytes of what a model sees of an image, before they become its values. */
export interface SeenPixels {
  /** [height, width, channels] */
  readonly bytes: Uint8Array;
  /** The rows and columns that are of the image; the others were filled. */
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** Pixels of a resized image, before it is cropped. */
const MOST_PIXELS = 2 ** 26;

/** An image in the size, place and colours that a model sees. errors: RangeError for one of extreme edges; the signal's reason */
export async function seenPixels(
  image: DecodedImage,
  to: ResolvedPreprocessing,
  signal?: AbortSignal,
): Promise<SeenPixels> {
  const { spec, size } = to;
  const channels = spec.channels === 'grey' ? 1 : 3;
  const own = channels === 1 ? greyOf(image.pixels) : image.pixels;
  const geometry = geometryOf(spec, [image.height, image.width], size);
  const [toHeight, toWidth] = geometry.resized;
  if (toHeight * toWidth > MOST_PIXELS)
    throw new RangeError(`its edges are so unlike that it would become ${toWidth} x ${toHeight} pixels`);
  const resized = await resample(
    own,
    {
      ...{ width: image.width, height: image.height, channels },
      ...{ toWidth, toHeight, filter: spec.filter, antialias: spec.antialias },
    },
    signal && { signal },
  );
  const fill = spec.fill === 'mean' ? 0 : spec.fill;
  const seen = placed(resized, geometry, size, channels, fill);
  if (spec.channels === 'BGR') swapEnds(seen.bytes);
  return seen;
}

/** What of an image lies within the size, and the fill around it. */
function placed(
  pixels: Uint8Array,
  { resized: [height, width], offset: [y, x] }: Geometry,
  [toHeight, toWidth]: Size,
  channels: number,
  fill: number,
): SeenPixels {
  const [top, left] = [Math.max(0, y), Math.max(0, x)];
  const [bottom, right] = [Math.min(toHeight, y + height), Math.min(toWidth, x + width)];
  const bytes = new Uint8Array(toHeight * toWidth * channels);
  if (fill !== 0) bytes.fill(fill);
  for (let row = top; row < bottom; row++) {
    const from = ((row - y) * width + left - x) * channels;
    const part = pixels.subarray(from, from + (right - left) * channels);
    bytes.set(part, (row * toWidth + left) * channels);
  }
  return { bytes, top, left, bottom, right };
}

/** Luma of ITU-R BT.601, rounded, with weights in units of 2⁻¹⁶: what Pillow calls 'L'. */
function greyOf(rgb: Uint8Array): Uint8Array<ArrayBuffer> {
  const grey = new Uint8Array(rgb.length / 3);
  for (let from = 0, to = 0; to < grey.length; from += 3, to += 1)
    grey[to] = (rgb[from]! * 19_595 + rgb[from + 1]! * 38_470 + rgb[from + 2]! * 7471 + 0x8000) >> 16;
  return grey;
}

function swapEnds(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += 3) {
    const red = bytes[at]!;
    bytes[at] = bytes[at + 2]!;
    bytes[at + 2] = red;
  }
}

/** What a model sees of an image, in the colours that people see. */
export function pictureOf({ bytes }: SeenPixels, { spec, size }: ResolvedPreprocessing): DecodedImage {
  const [height, width] = size;
  const pixels = new Uint8Array(height * width * 3);
  if (spec.channels === 'grey')
    for (let from = 0, to = 0; from < bytes.length; from += 1, to += 3) pixels.fill(bytes[from]!, to, to + 3);
  else pixels.set(bytes);
  if (spec.channels === 'BGR') swapEnds(pixels);
  return { pixels, width, height };
}
