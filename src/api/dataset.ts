import { type Dataset, loadData } from '../calibration/data.js';
import { EspalierError } from '../errors.js';
import type { CalibrationOptions } from './types.js';

/** Samples, opened where they are a path. errors: OPTION_INVALID where there are none, and those of `loadData`. */
export async function datasetFrom({ data }: CalibrationOptions): Promise<Dataset> {
  if (data === undefined)
    throw new EspalierError(
      'OPTION_INVALID',
      'what was asked for looks at activations, and there are no calibration data',
      {},
      'Give --data FILE: an .npz, or a folder of .npy files, with arrays named as the inputs.',
    );
  return typeof data === 'string' ? loadData(data) : data;
}
