import { optionSet } from '../schema/declaration.js';
import { whole } from '../schema/fields.js';
import { calibrationOptions, data, samples } from './calibration.js';
import { callOptions } from './call.js';
import type { CalibrationOptions, CallOptions, VerifyOptions } from './interfaces.js';
import { labels } from './planning.js';
import { seed } from './scoring.js';

export const verifyOptions = optionSet<VerifyOptions, CalibrationOptions & CallOptions>({
  name: 'VerifyOptions',
  about: 'On what two models are compared, and how often they are measured: options of `verify`.',
  bases: [calibrationOptions, callOptions],
  own: {
    runs: {
      takes: whole(0),
      help: 'measured runs of each model; 0 measures no time',
      defaults: [{ words: 'about a second of them, 5 at least' }],
      sign: 'N',
    },
    data: { ...data, more: '', defaults: [{ words: 'random numbers, which the result says' }] },
    labels: { ...labels, more: 'For accuracy.' },
    samples: { ...samples, defaults: [{ words: 'all, or 16 random ones' }] },
    seed: { ...seed, help: 'seed of random samples' },
  },
});
