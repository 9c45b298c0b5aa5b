import { optionSet } from '../schema/declaration.js';
import { preprocess, samples, shapeOptions } from './calibration.js';
import { callOptions } from './call.js';
import type { CallOptions, SampleOptions, ShapeOptions } from './interfaces.js';
import { labels } from './planning.js';

/** The declarations of `SampleOptions`: how files become samples, and their labels. */
export const sampleOptions = optionSet<SampleOptions, ShapeOptions & CallOptions>({
  name: 'SampleOptions',
  about: 'How files become samples: options of `samples`.',
  bases: [shapeOptions, callOptions],
  own: { preprocess, labels, samples },
});
