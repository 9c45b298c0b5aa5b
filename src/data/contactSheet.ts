import { resample } from '../native/resample.js';
import type { Caption, DecodedImage } from '../platform/index.js';
import { numbersOf } from '../runtime/dtypes.js';
import type { DataArray, Dataset } from './dataset.js';

/** Images that a sheet shows at most, and the longer edge of each, in pixels. */
const MOST_IMAGES = 48;
const EDGE = 128;
const GAP = 8;
const LINE = 16;
const PAPER = 248;

/** Several images side by side, with a word under each. */
export interface ContactSheet {
  readonly image: DecodedImage;
  readonly captions: readonly Caption[];
}

/**
 * What a model sees of samples, as one image: those of the first array that holds images, each with its class, where there is one, and how it
 * looks to the model: cropped, letterboxed, in its size. Undefined where no array holds images.
 *
 * errors: those of reading the samples
 */
export async function contactSheet(
  dataset: Dataset,
  signal?: AbortSignal,
): Promise<ContactSheet | undefined> {
  const array = [...dataset.arrays.values()].find((own) => own.picture !== undefined || isImages(own));
  if (array === undefined) return undefined;
  const count = Math.min(array.dims[0]!, MOST_IMAGES);
  const words = await captionsOf(dataset, count);
  const pictures: DecodedImage[] = [];
  for (let index = 0; index < count; index++)
    pictures.push(await smaller(await pictureOf(array, index, signal), signal));
  return arranged(pictures, words);
}

/** [samples, 1 or 3, height, width] or with the channels last. */
const isImages = ({ dims, type }: DataArray): boolean =>
  type !== undefined && dims.length === 4 && (isChannels(dims[1]!) || isChannels(dims[3]!)) && dims[2]! > 4;

const isChannels = (length: number): boolean => length === 1 || length === 3;

/** As it was made of a file; of numbers alone from black, the least of them, to white. */
async function pictureOf(array: DataArray, index: number, signal?: AbortSignal): Promise<DecodedImage> {
  if (array.picture !== undefined) return array.picture(index, signal);
  const { dims } = array;
  const data = numbersOf({ type: array.type!, data: await array.read(index, index + 1, signal), dims });
  const first = isChannels(dims[1]!);
  const [channels, height, width] = first ? dims.slice(1) : [dims[3]!, dims[1]!, dims[2]!];
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < data.length; i++) {
    least = Math.min(least, data[i]!);
    most = Math.max(most, data[i]!);
  }
  const pixels = new Uint8Array(height! * width! * 3);
  const scale = most > least ? 255 / (most - least) : 0;
  for (let pixel = 0; pixel < height! * width!; pixel++)
    for (let channel = 0; channel < 3; channel++) {
      const own = Math.min(channel, channels! - 1);
      const at = first ? own * height! * width! + pixel : pixel * channels! + own;
      pixels[pixel * 3 + channel] = Math.round((data[at]! - least) * scale);
    }
  return { pixels, width: width!, height: height! };
}

async function smaller(image: DecodedImage, signal?: AbortSignal): Promise<DecodedImage> {
  const ratio = EDGE / Math.max(image.width, image.height);
  const [width, height] = [image.width, image.height].map((length) =>
    Math.max(1, Math.round(length * ratio)),
  );
  const pixels = await resample(
    image.pixels,
    {
      ...{ width: image.width, height: image.height, channels: 3, toWidth: width!, toHeight: height! },
      // Of small images the pixels themselves are to be seen.
      ...{ filter: ratio > 1 ? 'nearest' : 'bilinear', antialias: true },
    },
    signal && { signal },
  );
  return { pixels, width: width!, height: height! };
}

async function captionsOf({ arrays, classes }: Dataset, count: number): Promise<readonly string[]> {
  const names = arrays.get('class')?.texts;
  if (names !== undefined) return names.call(arrays.get('class'), 0, count);
  const label = [...arrays.values()].find(({ dims, type }) => dims.length === 1 && type !== undefined);
  if (label === undefined) return [];
  const numbers = await label.read(0, count);
  return Array.from(
    numbers as ArrayLike<number | bigint>,
    (number) => classes?.[Number(number)] ?? `${number}`,
  );
}

function arranged(pictures: readonly DecodedImage[], words: readonly string[]): ContactSheet {
  const columns = Math.ceil(Math.sqrt(pictures.length * 1.5));
  const rows = Math.ceil(pictures.length / columns);
  const [across, down] = [EDGE + GAP, EDGE + GAP + (words.length > 0 ? LINE : 0)];
  const [width, height] = [columns * across + GAP, rows * down + GAP];
  const pixels = new Uint8Array(width * height * 3).fill(PAPER);
  const captions: Caption[] = [];
  for (const [index, picture] of pictures.entries()) {
    const left = GAP + (index % columns) * across;
    const top = GAP + Math.floor(index / columns) * down;
    const x = left + Math.floor((EDGE - picture.width) / 2);
    const y = top + Math.floor((EDGE - picture.height) / 2);
    for (let row = 0; row < picture.height; row++)
      pixels.set(
        picture.pixels.subarray(row * picture.width * 3, (row + 1) * picture.width * 3),
        ((y + row) * width + x) * 3,
      );
    if (words[index] !== undefined)
      captions.push({ text: words[index], x: left + EDGE / 2, y: top + EDGE + LINE - 4, width: EDGE });
  }
  return { image: { pixels, width, height }, captions };
}
