import { mayBeSamples, SAMPLE_FORMS, type SampleSource } from '../data/samples.js';
import { isRuntime, type Runtime } from '../runtime/runtime.js';
import { GIVE_DATA } from '../schema/advice.js';
import { checked, invalid, optionsOf } from '../schema/check.js';
import { action, integer, like, signal, whole, words } from '../schema/fields.js';
import type { VerifyOptions } from './types.js';

export const verifyOptions = optionsOf<VerifyOptions>({
  data: like<SampleSource>('SampleSource', SAMPLE_FORMS, mayBeSamples),
  labels: words(),
  samples: whole(1),
  seed: integer(),
  runs: whole(0),
  runtime: like<Runtime>('Runtime', 'an object with a function load, as onnxruntime() gives it', isRuntime),
  signal: signal(),
  onProgress: action<NonNullable<VerifyOptions['onProgress']>>('(progress: Progress) => void'),
  threads: whole(1, 1024),
});

/** errors: OPTION_INVALID, before any file is opened. */
export function checkVerifyOptions(given: unknown): VerifyOptions {
  const options = checked(verifyOptions, given);
  if (options.labels !== undefined && options.data === undefined)
    throw invalid('labels need data that hold them', GIVE_DATA);
  return options;
}
