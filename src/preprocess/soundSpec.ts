import { EspalierError, option, text } from '../base/errors.js';
import type { ValueInfo } from '../runtime/runtime.js';
import { invalid } from '../schema/check.js';
import { isRecord } from '../schema/fields.js';
import { configBeside, type ModelOrigin } from './beside.js';
import type { Preprocessing } from './forms.js';
import { readConfig } from './fromFile.js';
import type { Json } from './huggingFace.js';

/** What is done to sounds before a model hears them. */
export interface SoundPreprocessing {
  /** Samples in a second. */
  readonly rate: number;
  /** Whether each is brought to a mean of 0 and a variance of 1. */
  readonly normalises: boolean;
  /** What stands behind the end of a shorter one. */
  readonly padding: number;
  /** Who says so. */
  readonly from: string;
}

/** Fields that configurations of processors have which make features of sounds, such as spectra. */
const OF_FEATURES = ['n_fft', 'num_mel_bins', 'hop_length', 'n_mels', 'nb_max_frames'];

/**
 * What is done to sounds: as preprocessor_config.json says, the one that was given or that which lies beside the model; the rate first as
 * `sampleRate` has it.
 *
 * errors: OPTION_INVALID where nothing says the rate; DATA_MISMATCH where the model takes features of sounds
 */
export async function soundPreprocessing(
  preprocess: Preprocessing | undefined,
  sampleRate: number | undefined,
  model: ModelOrigin,
): Promise<SoundPreprocessing> {
  const { config, file } = await statedFor(preprocess, model);
  const features = OF_FEATURES.find((field) => field in config);
  if (features !== undefined)
    throw new EspalierError(
      'DATA_MISMATCH',
      `the model takes features of sounds ("${features}" in its configuration), and only waveforms are made here`,
      { file },
      'Give arrays by the names of the inputs: an .npz, or a folder of .npy files.',
    );
  const rate = sampleRate ?? config.sampling_rate;
  if (typeof rate !== 'number' || !Number.isSafeInteger(rate) || rate < 1)
    throw invalid(
      'nothing says how many samples a second the model takes',
      text`Give ${option('sampleRate', 16_000)}, or put the model's preprocessor_config.json beside it.`,
    );
  return {
    rate,
    normalises: config.do_normalize === true,
    padding: typeof config.padding_value === 'number' ? config.padding_value : 0,
    from: sampleRate === undefined ? file : file === '' ? 'as asked for' : `as asked for, else ${file}`,
  };
}

async function statedFor(
  preprocess: Preprocessing | undefined,
  model: ModelOrigin,
): Promise<{ readonly config: Json; readonly file: string }> {
  if (typeof preprocess === 'string') return { config: await readConfig(preprocess), file: preprocess };
  if (isRecord(preprocess)) return { config: preprocess as Json, file: 'preprocess' };
  return (await configBeside(model, 'preprocessor_config.json')) ?? { config: {}, file: '' };
}

/** The inputs of a model that hears: the waveform, and what may stand beside it. */
export interface SoundInputs {
  readonly wave: ValueInfo;
  /** Samples of each, where the model fixes them. */
  readonly length: number | undefined;
  /** 1 where there is sound, 0 where it was padded. */
  readonly mask: ValueInfo | undefined;
  /** The rate itself, as a number. */
  readonly rate: ValueInfo | undefined;
}

/** Inputs that take waveforms: floats, [sounds, samples] or [sounds, 1, samples]. errors: DATA_MISMATCH where there is none, or several */
export function soundInputs(inputs: readonly ValueInfo[]): SoundInputs {
  const waves = inputs.filter(
    ({ dtype, shape }) =>
      dtype.startsWith('float') &&
      (shape.length === 2 || (shape.length === 3 && [1, ''].includes(shape[1]!))),
  );
  const named = waves.filter(({ name }) =>
    /audio|wav|speech|signal|sound|pcm|input_values|samples/i.test(name),
  );
  const [wave, ...others] = named.length > 0 ? named : waves;
  if (wave === undefined || others.length > 0)
    throw new EspalierError(
      'DATA_MISMATCH',
      `the data are sounds, and ${wave === undefined ? 'no input' : 'more than one input'} of the model may take waveforms: its inputs are ${inputs.map(({ name, dtype, shape }) => `"${name}" ${dtype} [${shape.map((l) => (l === '' ? '?' : l)).join(', ')}]`).join(', ')}`,
      {},
      'Give arrays by the names of the inputs: an .npz, or a folder of .npy files.',
    );
  const last = wave.shape.at(-1);
  return {
    wave,
    length: typeof last === 'number' ? last : undefined,
    mask: inputs.find(({ name, shape }) => /mask/i.test(name) && shape.length === 2),
    rate: inputs.find(({ name, shape }) => /^sr$|rate/i.test(name) && shape.length === 0),
  };
}
