import { viewOf } from '../base/bytes.js';
import { EspalierError } from '../base/errors.js';
import { importPackage } from '../platform/index.js';
import type { SoundHeader } from './wav.js';

/** As much of @wasm-audio-decoders/flac as is used here: it is an optional peer, so that its own types may be absent. */
interface FlacPackage {
  readonly FLACDecoder: new () => {
    readonly ready: Promise<void>;
    free(): void;
    decodeFile(bytes: Uint8Array): Promise<{
      readonly channelData: readonly Float32Array[];
      readonly sampleRate: number;
      readonly bitDepth: number;
      readonly errors: readonly { readonly message: string }[];
    }>;
  };
}

/** Bytes of the start of a file that its header takes. */
export const FLAC_START = 42;

/**
 * The header of a FLAC. Format: RFC 9639, section 8.2
 *
 * returns: in plain words why it cannot be read; `frames` 0 where the file does not say how many there are
 */
export function flacHeader(start: Uint8Array): SoundHeader | string {
  const view = viewOf(start);
  if (start.length < FLAC_START || view.getUint32(0) !== 0x664c6143 || (start[4]! & 0x7f) !== 0)
    return 'it is no FLAC';
  const packed = view.getBigUint64(18);
  const rate = Number(packed >> 44n);
  if (rate === 0) return 'it does not say its sample rate';
  return { rate, channels: Number((packed >> 41n) & 7n) + 1, frames: Number(packed & 0xf_ffff_ffffn) };
}

/**
 * All samples of a FLAC, as the mean of its channels.
 *
 * returns: in plain words why they cannot be read
 * errors: PACKAGE_MISSING
 */
export async function readFlac(
  bytes: Uint8Array,
): Promise<(SoundHeader & { readonly mono: Float32Array }) | string> {
  const header = flacHeader(bytes);
  if (typeof header === 'string') return header;
  const { FLACDecoder } = await flacPackage();
  const decoder = new FLACDecoder();
  try {
    await decoder.ready;
    const { channelData, sampleRate, bitDepth, errors } = await decoder.decodeFile(bytes);
    const [first] = channelData;
    if (errors.length > 0) return errors[0]!.message;
    if (first === undefined || first.length === 0) return 'it has no samples';
    // The decoder divides by the largest whole number, where others divide by the largest there are of negative ones.
    const [largest, unit] = [2 ** (bitDepth - 1) - 1, 2 ** (bitDepth - 1)];
    const mono = first.map(
      (_, frame) =>
        channelData.reduce((sum, own) => sum + Math.round(own[frame]! * largest), 0) /
        unit /
        channelData.length,
    );
    return { rate: sampleRate, channels: channelData.length, frames: mono.length, mono };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    decoder.free();
  }
}

async function flacPackage(): Promise<FlacPackage> {
  const found = (await importPackage('@wasm-audio-decoders/flac')) as
    | (Partial<FlacPackage> & { readonly default?: FlacPackage })
    | undefined;
  if (found?.FLACDecoder !== undefined) return found as FlacPackage;
  if (found?.default !== undefined) return found.default;
  throw new EspalierError(
    'PACKAGE_MISSING',
    '@wasm-audio-decoders/flac, which reads FLAC, is not installed',
    {},
    'Install it: npm install @wasm-audio-decoders/flac',
  );
}
