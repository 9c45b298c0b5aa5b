import sharp from 'sharp';
import { bytes, npy } from '../data/files.js';
import { random } from '../support/random.js';
import { CACHE_HEADS, DIMS, WORDS } from './models.js';

type Arrays = Readonly<Record<string, Uint8Array>>;

/** Samples of these networks, as arrays in .npz files. */
export function samples(): Readonly<Record<string, Arrays>> {
  const next = random(3);
  const array = (...dims: readonly number[]): Uint8Array =>
    npy('<f4', shapeOf(dims), bytes(Float32Array.from({ length: lengthOf(dims) }, next)));
  const integers = (dims: readonly number[], at: (index: number) => number): Uint8Array =>
    npy(
      '<i8',
      shapeOf(dims),
      bytes(BigInt64Array.from({ length: lengthOf(dims) }, (_, index) => BigInt(at(index)))),
    );
  const whole = (limit: number, ...dims: readonly number[]): Uint8Array =>
    integers(dims, () => Math.floor(((next() + 1) / 2) * limit));
  const label = whole(10, 6);
  return {
    'samples.npz': { input: array(6, 3, 224, 224), label },
    'sound.npz': { x: array(32, 40, 20), h: array(32, 1, 1, 32) },
    'images.npz': { input: array(32, 3, 32, 32), label: whole(10, 32) },
    'tokens.npz': {
      input_ids: whole(WORDS, 16, 6),
      'past_key_values.0.key': array(16, CACHE_HEADS, 4, DIMS),
      'past_key_values.0.value': array(16, CACHE_HEADS, 4, DIMS),
    },
  };
}

const lengthOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const shapeOf = (dims: readonly number[]): string => `${dims.join(', ')}${dims.length === 1 ? ',' : ''}`;

/** A picture of coloured noise, the same for the same name. */
export async function photo(name: string): Promise<Buffer> {
  const next = random([...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 65_537);
  const [width, height] = [12, 9];
  const data = Buffer.from(Uint8Array.from({ length: width * height * 3 }, () => 128 + 127 * next()));
  const raw = sharp(data, { raw: { width, height, channels: 3 } });
  return raw.resize(320, 240, { kernel: 'cubic' }).jpeg().toBuffer();
}

/** Lines of five to ten words. */
export function texts(): readonly string[] {
  const words = 'the a good bad plot film was seen told not very and but slow loud end start of it'.split(
    ' ',
  );
  const next = random(11);
  const drawn = (limit: number): number => Math.floor(((next() + 1) / 2) * limit);
  return Array.from({ length: 32 }, () =>
    Array.from({ length: 5 + drawn(6) }, () => words[drawn(words.length)]).join(' '),
  );
}

/** A quarter of a second of noise as a WAV file: one channel of 16 bits at 16 kHz. */
export function sound(seed: number, loudness: number): Uint8Array {
  const [rate, length, next] = [16_000, 4000, random(Math.round(seed * 1000))];
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + 2 * length, 4);
  head.write('WAVEfmt ', 8);
  for (const [at, value] of Object.entries({ 16: 16, 24: rate, 28: 2 * rate }))
    head.writeUInt32LE(value, Number(at));
  for (const [at, value] of Object.entries({ 20: 1, 22: 1, 32: 2, 34: 16 }))
    head.writeUInt16LE(value, Number(at));
  head.write('data', 36);
  head.writeUInt32LE(2 * length, 40);
  return Buffer.concat([head, bytes(Int16Array.from({ length }, () => 32_767 * loudness * next()))]);
}
