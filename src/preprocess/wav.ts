import { viewOf } from '../base/bytes.js';

/** What the header of a sound says: of a WAV, also where its samples lie. */
export interface SoundHeader {
  /** Samples of a channel in a second. */
  readonly rate: number;
  readonly channels: number;
  /** Samples of each channel. */
  readonly frames: number;
}

interface WavHeader extends SoundHeader {
  readonly bits: number;
  readonly float: boolean;
  /** Where its samples begin in the file. */
  readonly start: number;
}

/** Bytes of the start of a file that its header is looked for in. */
export const WAV_START = 65_536;

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/**
 * The header of a WAV, whose samples are whole numbers of 8 to 32 bits, or floats.
 * Format: http://www-mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html
 *
 * start: of the file, all of it or its first `WAV_START` bytes; size: of the file.
 * returns: in plain words why it cannot be read
 */
export function wavHeader(start: Uint8Array, size: number): WavHeader | string {
  const view = viewOf(start);
  const text = (at: number): string => String.fromCharCode(...start.subarray(at, at + 4));
  if (start.length < 12 || text(0) !== 'RIFF' || text(8) !== 'WAVE') return 'it is no WAV';
  let format: Omit<WavHeader, 'frames' | 'start'> | string | undefined;
  for (let at = 12; at + 8 <= start.length; ) {
    const bytes = view.getUint32(at + 4, true);
    const name = text(at);
    if (name === 'fmt ' && at + 24 <= start.length) format = formatOf(viewOf(start.subarray(at + 8)), bytes);
    if (typeof format === 'string') return format;
    if (name === 'data') {
      if (format === undefined) return 'its samples come before their format';
      // A stream that was never closed claims more than it has.
      const there = Math.min(bytes, Math.max(0, size - at - 8));
      const frames = Math.floor(there / ((format.channels * format.bits) / 8));
      return { ...format, frames, start: at + 8 };
    }
    at += 8 + bytes + (bytes % 2);
  }
  return 'it has no samples';
}

function formatOf(view: DataView, bytes: number): Omit<WavHeader, 'frames' | 'start'> | string {
  const tag = view.getUint16(0, true);
  // Of the extensible form the first two bytes of a longer name say what the short form says.
  const kind = tag === EXTENSIBLE && bytes >= 26 && view.byteLength >= 26 ? view.getUint16(24, true) : tag;
  const [channels, rate, bits] = [view.getUint16(2, true), view.getUint32(4, true), view.getUint16(14, true)];
  if (kind !== PCM && kind !== FLOAT)
    return `its samples are of format ${kind}, and only plain ones can be read`;
  const known = kind === FLOAT ? [32, 64] : [8, 16, 24, 32];
  if (channels === 0 || rate === 0 || !known.includes(bits))
    return `it claims ${channels} channels of ${bits} bits, ${rate} times a second`;
  return { rate, channels, bits, float: kind === FLOAT };
}

/** All samples of a WAV, from -1 to 1, as the mean of its channels. returns: in plain words why they cannot be read */
export function readWav(bytes: Uint8Array): (SoundHeader & { readonly mono: Float32Array }) | string {
  const header = wavHeader(bytes, bytes.length);
  if (typeof header === 'string') return header;
  const { channels, frames, bits, start } = header;
  const view = viewOf(bytes);
  const mono = new Float32Array(frames);
  const size = bits / 8;
  const sample = reader(view, header);
  for (let frame = 0, at = start; frame < frames; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++, at += size) sum += sample(at);
    mono[frame] = sum / channels;
  }
  return { ...header, mono };
}

function reader(view: DataView, { bits, float }: WavHeader): (at: number) => number {
  if (float) return bits === 32 ? (at) => view.getFloat32(at, true) : (at) => view.getFloat64(at, true);
  switch (bits) {
    case 8:
      return (at) => (view.getUint8(at) - 128) / 128;
    case 16:
      return (at) => view.getInt16(at, true) / 2 ** 15;
    case 24:
      return (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23;
    default:
      return (at) => view.getInt32(at, true) / 2 ** 31;
  }
}
