import { EspalierError } from '../base/errors.js';
import { Limiter } from '../base/limiter.js';
import { cores, type DecodedImage, FileProblem, type ImageDecoder, imageDecoder } from '../platform/index.js';
import { broken } from '../preprocess/broken.js';
import { pictureOf, type SeenPixels, seenPixels } from '../preprocess/pixels.js';
import type { ResolvedPreprocessing } from '../preprocess/resolved.js';
import { PixelValues } from '../preprocess/values.js';
import { zeros } from '../runtime/dtypes.js';
import type { NumericData } from '../runtime/runtime.js';
import { checkRange, type DataArray } from './dataset.js';
import type { SampleFile } from './sampleFiles.js';

/** Bytes of what models see of images that are kept, so that the next run over the samples need not decode them again. */
const KEPT_BYTES = 256 * 1024 * 1024;
/** Pixels of an image that is decoded while no other such is. */
const LARGE = 24_000_000;

/** Images that are decoded at the same time, of all calls together. */
const AT_ONCE = Math.min(cores(), 8);

const decoding = new Limiter(AT_ONCE);
const large = new Limiter(1);

/**
 * Images as the array of an input, [images, channels, height, width] or as the model lays them out: they are decoded when they are asked for,
 * several at once, and a few hundred megabytes of them are kept.
 *
 * errors: PACKAGE_MISSING where what decodes images is not installed
 */
export async function imageArray(
  files: readonly SampleFile[],
  to: ResolvedPreprocessing,
): Promise<DataArray> {
  return new ImageArray(files, to, await decoder());
}

/** What decodes images. errors: PACKAGE_MISSING with what to install */
export async function decoder(): Promise<ImageDecoder> {
  const found = await imageDecoder().catch((cause: unknown) => {
    const words = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new EspalierError(
      'PACKAGE_MISSING',
      `sharp, which reads images, is installed and cannot be loaded (${words})`,
      {},
      'Install it anew: npm install sharp',
      { cause },
    );
  });
  if (found !== undefined) return found;
  throw new EspalierError(
    'PACKAGE_MISSING',
    'sharp, which reads images, is not installed',
    {},
    'Install it: npm install sharp',
  );
}

class ImageArray implements DataArray {
  readonly name: string;
  readonly type: DataArray['type'];
  readonly descr: string;
  readonly dims: readonly number[];
  readonly #files: readonly SampleFile[];
  readonly #to: ResolvedPreprocessing;
  readonly #decoder: ImageDecoder;
  readonly #values: PixelValues;
  readonly #kept = new Map<number, SeenPixels>();
  #keptBytes = 0;

  constructor(files: readonly SampleFile[], to: ResolvedPreprocessing, decoder: ImageDecoder) {
    const channels = to.mean.length;
    this.name = to.input;
    this.type = to.type;
    this.descr = to.type;
    this.dims = [files.length, ...(to.layout === 'NCHW' ? [channels, ...to.size] : [...to.size, channels])];
    this.#files = files;
    this.#to = to;
    this.#decoder = decoder;
    this.#values = new PixelValues(to);
  }

  async read(from: number, to: number, signal?: AbortSignal): Promise<NumericData> {
    checkRange(this.name, from, to, this.#files.length);
    const each = this.dims.slice(1).reduce((product, length) => product * length, 1);
    const out = zeros(this.#to.type, (to - from) * each);
    let next = from;
    let failed = false;
    const decodeOneAfterAnother = async (): Promise<void> => {
      while (next < to && !failed) {
        signal?.throwIfAborted();
        const index = next;
        next += 1;
        this.#values.write(await this.#seen(index, signal), out, (index - from) * each);
      }
    };
    const all = await Promise.allSettled(
      Array.from({ length: Math.min(AT_ONCE, to - from) }, () =>
        decodeOneAfterAnother().catch((error: unknown) => {
          failed = true;
          throw error;
        }),
      ),
    );
    for (const one of all) if (one.status === 'rejected') throw one.reason;
    return out;
  }

  async picture(index: number, signal?: AbortSignal): Promise<DecodedImage> {
    checkRange(this.name, index, index + 1, this.#files.length);
    return pictureOf(await this.#seen(index, signal), this.#to);
  }

  async #seen(index: number, signal?: AbortSignal): Promise<SeenPixels> {
    const kept = this.#kept.get(index);
    if (kept !== undefined) return kept;
    const { place, name } = this.#files[index]!;
    await decoding.enter();
    try {
      const seen = await this.#decoded(place, signal);
      if (this.#keptBytes + seen.bytes.length <= KEPT_BYTES && !this.#kept.has(index)) {
        this.#kept.set(index, seen);
        this.#keptBytes += seen.bytes.length;
      }
      return seen;
    } catch (error) {
      if (error instanceof RangeError)
        throw broken(name, `the image cannot be used: ${error.message}`, error);
      if (!(error instanceof FileProblem)) throw error;
      if (error.reason === 'missing')
        throw new EspalierError('FILE_NOT_FOUND', 'the image is gone', { file: name }, '', { cause: error });
      throw broken(name, `the image cannot be read (${error.message})`, error);
    } finally {
      decoding.leave();
    }
  }

  async #decoded(place: string | Blob, signal?: AbortSignal): Promise<SeenPixels> {
    const image = await this.#decoder.open(place);
    const isLarge = image.width * image.height > LARGE;
    if (isLarge) await large.enter();
    try {
      return await seenPixels(await image.decode(), this.#to, signal);
    } finally {
      if (isLarge) large.leave();
    }
  }
}
