import type { VerifyOptions } from '../options/types.js';
import { verifyOptions } from '../options/verifying.js';
import { GIVE_DATA } from '../schema/advice.js';
import { checked, invalid } from '../schema/check.js';

/** errors: OPTION_INVALID, before any file is opened. */
export function checkVerifyOptions(given: unknown): VerifyOptions {
  const options = checked(verifyOptions, given);
  if (options.labels !== undefined && options.data === undefined)
    throw invalid('labels need data that hold them', GIVE_DATA);
  return options;
}
