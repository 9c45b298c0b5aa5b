import { optionSet } from '../schema/declaration.js';
import { whole } from '../schema/fields.js';
import { calibrationOptions, data, samples } from './calibration.js';
import { callOptions } from './call.js';
import type { CalibrationOptions, CallOptions, VerifyOptions } from './interfaces.js';
import { labels } from './planning.js';
import { seed } from './scoring.js';

/** Random samples that two models are compared on where there are no others. */
export const RANDOM_SAMPLES = 16;

/** Measured runs of each model, however slow it is, where no number is asked for. */
export const LEAST_RUNS = 5;

/** The declarations of `VerifyOptions`: the samples, and how often each model is measured. */
export const verifyOptions = optionSet<VerifyOptions, CalibrationOptions & CallOptions>({
  name: 'VerifyOptions',
  about: 'On what two models are compared, and how often they are measured: options of `verify`.',
  bases: [calibrationOptions, callOptions],
  own: {
    runs: {
      takes: whole(0),
      help: 'measured runs of each model; 0 measures no time',
      defaults: [{ words: `about a second of them, ${LEAST_RUNS} at least` }],
      sign: 'N',
    },
    data: { ...data, more: '', defaults: [{ words: 'random numbers, which the result says' }] },
    labels: { ...labels, more: 'For accuracy.' },
    samples: { ...samples, defaults: [{ words: `all, or ${RANDOM_SAMPLES} random ones` }] },
    seed: { ...seed, help: 'seed of random samples' },
  },
});
