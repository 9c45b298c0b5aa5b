import { EspalierError } from '../base/errors.js';
import { FileProblem, openFile, readBytes } from '../platform/index.js';
import { broken } from '../preprocess/broken.js';
import { FLAC_START, flacHeader, readFlac } from '../preprocess/flac.js';
import { atRate } from '../preprocess/soundRate.js';
import { type SoundPreprocessing, soundInputs, soundPreprocessing } from '../preprocess/soundSpec.js';
import { readWav, type SoundHeader, WAV_START, wavHeader } from '../preprocess/wav.js';
import { numberToHalf, zeros } from '../runtime/dtypes.js';
import type { NumericData, ValueInfo } from '../runtime/runtime.js';
import { NO_MODEL, type SampleContext } from './context.js';
import { checkRange, type DataArray, type Dataset, datasetOf } from './dataset.js';
import { arraysOf, labelled } from './labelled.js';
import type { SampleFile, SampleFiles } from './sampleFiles.js';

/** Seconds of a sound at most, where the model takes any length: shorter ones are padded to the longest. */
const LONGEST = 30;

/**
 * Sounds as samples: waveforms of one channel, at the model's rate, from their start on. They are decoded when they are asked for.
 *
 * errors: DATA_MISMATCH where the model takes no waveforms; DATA_MALFORMED with the file; those of `soundPreprocessing`
 */
export async function datasetOfSounds(listed: SampleFiles, context: SampleContext): Promise<Dataset> {
  const { inputs, model = NO_MODEL, preprocess, sampleRate, labels: asked, most } = context;
  const found = soundInputs(inputs);
  const to = await soundPreprocessing(preprocess, sampleRate, model);
  const { files: all, labels, warnings } = await labelled(listed, context, model);
  const files = all.slice(0, most);
  const frames: number[] = [];
  for (const file of files) frames.push(framesAt(await headerOf(file), to.rate));
  const length = found.length ?? Math.min(LONGEST * to.rate, Math.max(1, ...frames));
  const { wave, mask, rate } = found;
  const own = labels && { ...labels, numbers: labels.numbers.slice(0, files.length) };
  const arrays = [
    new SoundArray(wave, files, length, to),
    ...(mask === undefined ? [] : [maskOf(mask, frames, length)]),
    ...(rate === undefined
      ? []
      : datasetOf({
          [rate.name]: { type: 'int64', data: BigInt64Array.of(BigInt(to.rate)), dims: [] },
        }).arrays.values()),
    ...datasetOf(arraysOf(own, asked)).arrays.values(),
  ];
  return {
    source: listed.source,
    arrays: new Map(arrays.map((array) => [array.name, array])),
    preprocessing: describe(to, length),
    files: files.map(({ name }) => name),
    ...(labels !== undefined && labels.classes.length > 0 && { classes: labels.classes }),
    warnings,
  };
}

function describe({ from, rate, normalises }: SoundPreprocessing, length: number): string {
  const seconds = Number((length / rate).toPrecision(3));
  return `${from}: mono, ${rate} Hz, the first ${seconds} s (${length} samples)${normalises ? ', mean 0 and variance 1' : ''}`;
}

const framesAt = ({ frames, rate }: SoundHeader, to: number): number => Math.ceil((frames * to) / rate);

const isFlac = ({ name, place }: SampleFile): boolean =>
  /\.flac$/i.test(name) || (typeof place !== 'string' && /flac/.test(place.type));

async function headerOf(file: SampleFile): Promise<SoundHeader> {
  const opened = await openFile(file.place).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  try {
    const start = await opened.read(0, isFlac(file) ? FLAC_START : WAV_START);
    const header = isFlac(file) ? flacHeader(start) : wavHeader(start, opened.state.size);
    if (typeof header === 'string')
      throw broken(file.name, `the sound cannot be read (${header})`, undefined);
    return header;
  } finally {
    await opened.close();
  }
}

function unreadable({ name }: SampleFile, error: unknown): unknown {
  if (!(error instanceof FileProblem)) return error;
  return new EspalierError(
    'FILE_UNREADABLE',
    `the sound cannot be read (${error.message})`,
    { file: name },
    '',
    {
      cause: error,
    },
  );
}

const maskOf = ({ name }: ValueInfo, frames: readonly number[], length: number): DataArray => {
  const read = async (from: number, to: number): Promise<NumericData> => {
    checkRange(name, from, to, frames.length);
    const mask = new Int32Array((to - from) * length);
    for (let row = from; row < to; row++)
      mask.fill(1, (row - from) * length, (row - from) * length + Math.min(length, frames[row]!));
    return mask;
  };
  return { name, type: 'int32', descr: 'int32', dims: [frames.length, length], read };
};

class SoundArray implements DataArray {
  readonly name: string;
  readonly type: 'float16' | 'float32' | 'float64';
  readonly descr: string;
  readonly dims: readonly number[];

  constructor(
    { name, dtype, shape }: ValueInfo,
    readonly files: readonly SampleFile[],
    readonly length: number,
    readonly to: SoundPreprocessing,
  ) {
    this.name = name;
    this.type = dtype as SoundArray['type'];
    this.descr = dtype;
    this.dims = [files.length, ...(shape.length === 3 ? [1] : []), length];
  }

  async read(from: number, to: number, signal?: AbortSignal): Promise<NumericData> {
    checkRange(this.name, from, to, this.files.length);
    const out = zeros(this.type, (to - from) * this.length) as Float32Array;
    for (let index = from; index < to; index++) {
      signal?.throwIfAborted();
      const wave = await this.#wave(this.files[index]!);
      const at = (index - from) * this.length;
      const own = wave.subarray(0, this.length);
      out.set(this.type === 'float16' ? Uint16Array.from(own, numberToHalf) : own, at);
      if (this.to.padding !== 0) out.fill(this.to.padding, at + own.length, at + this.length);
    }
    return out;
  }

  async #wave(file: SampleFile): Promise<Float32Array> {
    const bytes = await readBytes(file.place).catch((error: unknown) => {
      throw unreadable(file, error);
    });
    const sound = isFlac(file) ? await readFlac(bytes) : readWav(bytes);
    if (typeof sound === 'string') throw broken(file.name, `the sound cannot be read (${sound})`, undefined);
    const wave = atRate(sound.mono, sound.rate, this.to.rate);
    return this.to.normalises ? normalised(wave.subarray(0, this.length)) : wave;
  }
}

/** With a mean of 0 and a variance of 1, as Wav2Vec2's feature extractor makes them. */
function normalised(wave: Float32Array): Float32Array {
  const mean = wave.reduce((sum, value) => sum + value, 0) / wave.length;
  const variance = wave.reduce((sum, value) => sum + (value - mean) ** 2, 0) / wave.length;
  return wave.map((value) => (value - mean) / Math.sqrt(variance + 1e-7));
}
