import { EspalierError } from '../base/errors.js';
import type { Dataset } from '../data/dataset.js';
import { GIVE_DATA } from '../schema/advice.js';
import type { OpenedCalibrationOptions } from './opened.js';

/** The samples. errors: OPTION_INVALID where there are none. */
export function datasetFrom({ data }: OpenedCalibrationOptions): Dataset {
  if (data === undefined)
    throw new EspalierError(
      'OPTION_INVALID',
      'what was asked for looks at activations, and there are no calibration data',
      {},
      GIVE_DATA,
    );
  return data;
}
