import { EspalierError } from '../base/errors.js';
import { type NumericType, numberToHalf, zeros } from '../runtime/dtypes.js';
import type { NumericData } from '../runtime/runtime.js';
import type { SeenPixels } from './pixels.js';
import type { ResolvedPreprocessing } from './resolved.js';

/** What each byte becomes in a channel: tables of 256 values as the model's element type has them. */
export class PixelValues {
  readonly #tables: readonly NumericData[];
  readonly #to: ResolvedPreprocessing;

  /** errors: DATA_MISMATCH where the model's type cannot hold the values */
  constructor(to: ResolvedPreprocessing) {
    this.#to = to;
    this.#tables = to.mean.map((mean, channel) =>
      tableOf(to, (byte) => (byte * to.spec.scale - mean) / to.std[channel]!),
    );
  }

  /** Writes what the model sees of an image, [channels, height, width] or [height, width, channels], at an element of an array. */
  write({ bytes, ...box }: SeenPixels, into: NumericData, at: number): void {
    const { size, layout, spec } = this.#to;
    const [channels, area] = [this.#tables.length, size[0] * size[1]];
    const [pixelStep, channelStep] = layout === 'NCHW' ? [1, area] : [channels, 1];
    for (const [channel, table] of this.#tables.entries()) {
      let to = at + channel * channelStep;
      for (let from = channel; from < bytes.length; from += channels, to += pixelStep)
        into[to] = table[bytes[from]!]!;
    }
    if (spec.fill === 'mean') this.#clear(box, into, at);
  }

  /** Zeros around the image. */
  #clear(box: Omit<SeenPixels, 'bytes'>, into: NumericData, at: number): void {
    const { size, layout } = this.#to;
    const [height, width] = size;
    const channels = this.#tables.length;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        if (y >= box.top && y < box.bottom && x >= box.left && x < box.right) continue;
        for (let channel = 0; channel < channels; channel++) {
          const place =
            layout === 'NCHW' ? (channel * height + y) * width + x : (y * width + x) * channels + channel;
          (into as Float32Array)[at + place] = 0;
        }
      }
  }
}

/** Whole numbers that types hold. */
const RANGES: Readonly<Partial<Record<NumericType, readonly [number, number]>>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  uint16: [0, 65_535],
  uint32: [0, 2 ** 32 - 1],
  uint64: [0, 2 ** 53],
};

function tableOf({ input, type }: ResolvedPreprocessing, value: (byte: number) => number): NumericData {
  const table = zeros(type, 256);
  const [least, most] = RANGES[type] ?? [-Infinity, Infinity];
  for (let byte = 0; byte < 256; byte++) {
    const own = value(byte);
    if (type === 'float16') table[byte] = numberToHalf(own);
    else if (type.startsWith('float')) table[byte] = own;
    else {
      const whole = Math.round(own);
      if (Math.abs(own - whole) > 1e-6 || whole < least || whole > most)
        throw new EspalierError(
          'DATA_MISMATCH',
          `the input takes ${type}, and the preprocessing makes ${own} of the byte ${byte}`,
          { tensor: input },
          'Write a preprocessing for it whose values are whole numbers: { "resize": "stretch", "scale": 1 }.',
        );
      if (table instanceof BigInt64Array || table instanceof BigUint64Array) table[byte] = BigInt(whole);
      else table[byte] = whole;
    }
  }
  return table;
}
