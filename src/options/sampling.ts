import { optionSet } from '../schema/declaration.js';
import { column, preprocess, runtime, sampleRate, samples, shapeOptions } from './calibration.js';
import { callOptions } from './call.js';
import type { CallOptions, CheckSamplesOptions, SampleOptions, ShapeOptions } from './interfaces.js';
import { labels } from './planning.js';

/** The declarations of `SampleOptions`: how files become samples, and their labels. */
export const sampleOptions = optionSet<SampleOptions, ShapeOptions & CallOptions>({
  name: 'SampleOptions',
  about: 'How files become samples: options of `samples`.',
  bases: [shapeOptions, callOptions],
  own: { preprocess, column, sampleRate, labels, samples },
});

/** The declarations of `CheckSamplesOptions`: those of the samples, and what runs the model on them. */
export const checkSamplesOptions = optionSet<CheckSamplesOptions, SampleOptions>({
  name: 'CheckSamplesOptions',
  about: 'On which samples a model is tried: options of `checkSamples`.',
  bases: [sampleOptions],
  own: { runtime },
});
