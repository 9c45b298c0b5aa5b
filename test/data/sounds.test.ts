import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SampleContext } from '../../src/data/context.js';
import { datasetFor } from '../../src/data/samples.js';
import { atRate } from '../../src/preprocess/soundRate.js';
import { readWav } from '../../src/preprocess/wav.js';
import type { ValueInfo } from '../../src/runtime/runtime.js';
import { folderOf } from './images.js';

/** A WAV of 16 bits; `data`: of each channel in turn. */
function wav(
  data: readonly number[],
  { rate = 8000, channels = 1, claims = data.length * 2, tag = 1 } = {},
): Uint8Array {
  const bytes = Buffer.alloc(44 + data.length * 2);
  bytes.write('RIFF');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(tag, 20);
  bytes.writeUInt16LE(channels, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(rate * channels * 2, 28);
  bytes.writeUInt16LE(channels * 2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(claims, 40);
  for (const [i, value] of data.entries()) bytes.writeInt16LE(value, 44 + 2 * i);
  return bytes;
}

const wave = (length: number | string = 'samples', more: readonly (number | string)[] = []): ValueInfo => ({
  name: 'audio',
  dtype: 'float32',
  shape: ['n', ...more, length],
});

const opened = async (files: Readonly<Record<string, Uint8Array>>, more: Partial<SampleContext> = {}) =>
  datasetFor(await folderOf(files), { inputs: [wave()], sampleRate: 8000, ...more });

const values = async (dataset: Awaited<ReturnType<typeof opened>>, name = 'audio') => {
  const array = dataset.arrays.get(name)!;
  return Array.from(await array.read(0, array.dims[0] ?? 1), Number);
};

const half = 2 ** 14;

describe('sounds as samples', () => {
  test('padded to the longest, cut to what the model takes', async () => {
    const files = { '1.wav': wav([half]), '2.wav': wav([half, -half, half]) };
    const open = await opened(files);
    expect(open.arrays.get('audio')!.dims).toEqual([2, 3]);
    expect(await values(open)).toEqual([0.5, 0, 0, 0.5, -0.5, 0.5]);
    const fixed = await opened(files, { inputs: [wave(2, [1])] });
    expect(fixed.arrays.get('audio')!.dims).toEqual([2, 1, 2]);
    expect(await values(fixed)).toEqual([0.5, 0, 0.5, -0.5]);
  });

  test('channels become their mean', async () => {
    const stereo = await opened({ 'a.wav': wav([half, 0, -half, -half], { channels: 2 }) });
    expect(await values(stereo)).toEqual([0.25, -0.5]);
  });

  test('a mask, the rate as an input, and labels of folders', async () => {
    const inputs: ValueInfo[] = [
      wave(),
      { name: 'attention_mask', dtype: 'int64', shape: ['n', 'samples'] },
      { name: 'sr', dtype: 'int64', shape: [] },
    ];
    const dataset = await opened({ 'no/1.wav': wav([1]), 'yes/2.wav': wav([1, 2]) }, { inputs });
    expect(await values(dataset, 'attention_mask')).toEqual([1, 0, 1, 1]);
    expect(await values(dataset, 'sr')).toEqual([8000]);
    expect(await values(dataset, 'label')).toEqual([0, 1]);
  });

  test('a stream that was never closed', async () => {
    expect(await values(await opened({ 'a.wav': wav([half, half], { claims: 0xffff_ffff }) }))).toEqual([
      0.5, 0.5,
    ]);
  });
});

describe('another rate', () => {
  test.each([
    [8000, 16_000],
    [44_100, 16_000],
    [16_000, 11_025],
  ])('a tone below both bands stays that tone: %i to %i Hz', (from, to) => {
    const tone = (rate: number) =>
      Float32Array.from({ length: rate / 5 }, (_, i) => Math.sin((2 * Math.PI * 300 * i) / rate));
    const [made, expected] = [atRate(tone(from), from, to), tone(to)];
    expect(made).toHaveLength(expected.length);
    const inner = Array.from(made.slice(200, -200), (value, i) => Math.abs(value - expected[i + 200]!));
    expect(Math.max(...inner)).toBeLessThan(0.01);
  });

  test('a tone above the lower band is gone', () => {
    const tone = Float32Array.from({ length: 4000 }, (_, i) => Math.sin((2 * Math.PI * 7000 * i) / 16_000));
    expect(Math.max(...atRate(tone, 16_000, 8000).slice(100, -100).map(Math.abs))).toBeLessThan(0.05);
  });
});

describe('what is wrong is told', () => {
  const good = { 'a.wav': wav([1, 2, 3]) };
  test.each<[string, Readonly<Record<string, Uint8Array>>, Partial<SampleContext>, string, RegExp]>([
    ['no rate', good, { sampleRate: undefined as never }, 'OPTION_INVALID', /sampleRate: 16000/],
    [
      'a model of spectra',
      good,
      { preprocess: { n_fft: 400, sampling_rate: 16_000 } },
      'DATA_MISMATCH',
      /waveforms/,
    ],
    [
      'a model of images',
      good,
      { inputs: [{ name: 'x', dtype: 'float32', shape: [1, 3, 8, 8] }] },
      'DATA_MISMATCH',
      /no input/,
    ],
    ['no WAV', { 'a.wav': new TextEncoder().encode('<html>') }, {}, 'DATA_MALFORMED', /a\.wav/],
    ['no bytes', { 'a.wav': new Uint8Array() }, {}, 'DATA_MALFORMED', /it is no WAV/],
    ['no samples', { 'a.wav': wav([]).subarray(0, 36) }, {}, 'DATA_MALFORMED', /no samples/],
    ['packed samples', { 'a.wav': wav([1], { tag: 85 }) }, {}, 'DATA_MALFORMED', /format 85/],
    ['no channels', { 'a.wav': wav([1], { channels: 0 }) }, {}, 'DATA_MALFORMED', /0 channels/],
    ['no FLAC', { 'a.flac': wav([1]) }, {}, 'DATA_MALFORMED', /it is no FLAC/],
  ])('%s', async (_, files, more, code, words) => {
    const problem = await opened(files, more).catch((error: unknown) => error);
    expect(problem).toMatchObject({ code, message: expect.stringMatching(words) });
  });
});

test('whatever the bytes are, a WAV has no more samples than its file', () => {
  const whole = wav(Array.from({ length: 40 }, (_, i) => i));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 12 }),
      fc.nat(whole.length),
      (changes, length) => {
        const bytes = Uint8Array.from(whole.subarray(0, length));
        for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
        const sound = readWav(bytes);
        if (typeof sound === 'string') return;
        expect(sound.frames * sound.channels).toBeLessThanOrEqual(length);
        expect(sound.mono).toHaveLength(sound.frames);
      },
    ),
    { numRuns: 2000 },
  );
});
