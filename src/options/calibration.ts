import * as v from 'valibot';
import { optionAs, quoted, text } from '../base/words.js';
import { mayBeSamples, SAMPLE_FORMS, type SampleSource } from '../data/samples.js';
import { mayBePreprocessing, PREPROCESSING_FORMS, type Preprocessing } from '../preprocess/forms.js';
import { IMAGE_PRESET_NAMES } from '../preprocess/presets.js';
import { isRuntime, type Runtime } from '../runtime/runtime.js';
import { optionSet } from '../schema/declaration.js';
import { described, type Field, like, positive, textsOf, whole, words } from '../schema/fields.js';
import { callOptions } from './call.js';
import { HEADING } from './headings.js';
import type {
  ApplyOptions,
  CalibrationOptions,
  CallOptions,
  FreeOptions,
  InspectOptions,
  ShapeOptions,
} from './interfaces.js';

/** The samples themselves. */
export const data = {
  takes: like<SampleSource>(
    { type: 'SampleSource', from: { SampleSource: 'data/samples' } },
    SAMPLE_FORMS,
    mayBeSamples,
    'text',
  ),
  help: {
    api: 'samples, such as `{ input: new Float32Array(…) }`, `{ input: { data, dims } }`, a sequence of such objects, a file, or a folder of images or sounds',
    cli: 'samples: a folder or pattern of images or sounds; texts (.txt, .csv, .jsonl); .npz, .safetensors or a folder of .npy, arrays named as the inputs, first axis = sample',
  },
  more: 'What looks at activations needs them; without them weights alone are looked at.',
  sign: 'FILE',
  heading: HEADING.samples,
};

/** What is done to files of samples before the model sees them. */
export const preprocess = {
  takes: like<Preprocessing>(
    { type: 'Preprocessing', from: { Preprocessing: 'preprocess/forms' } },
    PREPROCESSING_FORMS,
    mayBePreprocessing,
    'text',
  ),
  help: {
    api: 'how images become what the model sees',
    cli: `how images become what the model sees: ${IMAGE_PRESET_NAMES.join(', ')}, or a JSON file such as preprocessor_config.json`,
  },
  more: 'docs/samples.md says what each does.',
  defaults: [
    { words: 'what preprocessor_config.json or config.json beside the model, or its metadata, say' },
  ],
  sign: 'HOW',
  heading: HEADING.samples,
};

/** Where texts stand in tables and JSON lines. */
export const column = {
  takes: words(),
  help: 'of tables and JSON lines: the column that holds the texts; a,b for pairs',
  defaults: [{ words: 'the one that usual names tell, or the only one of texts' }],
  sign: 'NAME',
  heading: HEADING.samples,
};

/** How often sounds are sampled. */
export const sampleRate = {
  takes: whole(1, 1_000_000),
  help: 'of sounds: how many samples a second the model takes',
  defaults: [{ words: 'sampling_rate in preprocessor_config.json beside the model' }],
  sign: 'N',
  heading: HEADING.samples,
};

/** How many of the samples are used. */
export const samples = {
  takes: whole(1),
  help: 'use at most this many samples',
  defaults: [{ words: 'all' }],
  advice: 'Leave it out to use all.',
  sign: 'N',
  heading: HEADING.samples,
};

/** Bytes of what is known from samples that are held at once, where nobody says otherwise. */
export const DEFAULT_MEMORY = 2 ** 30;

/** How much of what is known from samples is held at once, in bytes. */
export const memory = {
  takes: described(positive(), { says: 'a number above 0', type: 'number', form: 'bytes' }),
  help: {
    api: 'hold about this many bytes of what is known from samples, beside the model and the runtime',
    cli: 'hold about this much of what is known from samples, beside the model and the runtime: 500MB, 2GiB',
  },
  defaults: [{ words: '1 GiB' }],
  more: 'With less, large models are run over the samples several times, and layers are refitted on fewer of them.',
  advice: text`For example ${optionAs('memory', '500_000_000', '500MB')}.`,
  sign: 'N',
  heading: HEADING.samples,
};

/** What runs the model. */
export const runtime = {
  takes: like<Runtime>(
    { type: 'Runtime', from: { Runtime: 'runtime/runtime' } },
    'an object with a function load, as onnxruntime() gives it',
    isRuntime,
  ),
  help: 'what runs the model',
  defaults: [{ words: 'onnxruntime-node, or onnxruntime-web where only that is installed' }],
};

/** The declarations of `CalibrationOptions`: data, number of samples, runtime. */
export const calibrationOptions = optionSet<CalibrationOptions>({
  name: 'CalibrationOptions',
  about: 'Samples that show what the model does, and what runs it on them.',
  own: {
    data,
    preprocess,
    column,
    sampleRate,
    samples,
    runtime,
  },
});

type Shapes = Readonly<Record<string, readonly number[]>>;

const SHAPES = 'an object of inputs and their lengths';
const lengths: Field<readonly number[]> = v.array(whole(1), 'an array of lengths, such as [1, 3, 640, 640]');

/** Lengths of the axes of inputs, by the inputs' names. */
const shapes: Field<Shapes> = described(
  v.pipe(
    v.custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), SHAPES),
    v.record(v.string(), lengths, SHAPES),
  ),
  { says: SHAPES, type: 'Readonly<Record<string, readonly number[]>>', form: 'lengths' },
);

/** The declarations of `ShapeOptions`: the lengths of inputs that the model leaves open. */
export const shapeOptions = optionSet<ShapeOptions>({
  name: 'ShapeOptions',
  about: 'What lengths are, where a model leaves them open.',
  own: {
    shape: {
      takes: shapes,
      help: {
        api: 'shapes of inputs, for lengths that the model leaves open: `{ input: [1, 3, 640, 640] }`',
        cli: 'the shape of an input, for lengths that the model leaves open: input=1x3x640x640',
      },
      more: text`Multiply-adds are counted at these lengths; what they leave open ${quoted('data')} decides, and then names. Errors: OPTION_INVALID where an input has no such shape.`,
      advice: text`Give each input's lengths: ${optionAs('shape', '{ input: [1, 3, 640, 640] }', 'input=1x3x640x640')}.`,
      sign: 'NAME=DIMS',
      heading: HEADING.samples,
    },
  },
});

/** The declarations of `FreeOptions`: the inputs and outputs whose axes may shrink. */
export const freeOptions = optionSet<FreeOptions>({
  name: 'FreeOptions',
  about: 'Inputs and outputs that need not stay as they are.',
  own: {
    free: {
      takes: textsOf('an array of globs'),
      help: 'inputs and outputs whose axes may shrink, such as states and caches',
      more: "They are given by name or by globs, as `h` and `hn`, or `past_key_values*` and `present*`. The plan and the pruned model's metadata say which indices stay (`interface`).",
      sign: 'GLOB',
      heading: HEADING.where,
    },
  },
});

/** The declarations of `InspectOptions`, all of them of its bases. */
export const inspectOptions = optionSet<
  InspectOptions,
  CalibrationOptions & ShapeOptions & FreeOptions & CallOptions
>({
  name: 'InspectOptions',
  about: 'What an inspection may look at beside the model: options of `inspect`.',
  bases: [calibrationOptions, shapeOptions, freeOptions, callOptions],
});

/** The declarations of `ApplyOptions`, all of them of its bases. */
export const applyOptions = optionSet<ApplyOptions, CalibrationOptions & ShapeOptions & CallOptions>({
  name: 'ApplyOptions',
  about: 'What a replay may look at beside the plan: options of `apply`.',
  bases: [calibrationOptions, shapeOptions, callOptions],
  own: { memory },
});
