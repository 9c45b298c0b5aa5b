import { option, text } from '../base/errors.js';
import { kindOf } from '../platform/index.js';
import { invalid, shown } from '../schema/check.js';
import { isRecord } from '../schema/fields.js';
import { nearest } from '../schema/near.js';
import { type ModelOrigin, statedBeside } from './beside.js';
import { NAMES, type Preprocessing } from './forms.js';
import { statedIn, statedInFile } from './fromFile.js';
import { IMAGE_FIELDS } from './imageSpec.js';
import { IMAGE_PRESET_NAMES, IMAGE_PRESETS, isPresetName } from './presets.js';
import type { StatedPreprocessing } from './resolved.js';

/**
 * The preprocessing that was asked for, else that which lies beside the model.
 *
 * errors: OPTION_INVALID where there is neither, or it cannot be used; FILE_NOT_FOUND, FILE_UNREADABLE
 */
export async function statedFor(
  preprocess: Preprocessing | undefined,
  model: ModelOrigin,
): Promise<StatedPreprocessing> {
  if (preprocess === undefined) {
    const found = await statedBeside(model);
    if (found !== undefined) return found;
    throw invalid('nothing says how images become what the model sees', GIVE_PREPROCESSING);
  }
  if (typeof preprocess === 'string') return statedByName(preprocess);
  const stated = isRecord(preprocess) ? statedIn(preprocess, 'preprocess') : undefined;
  if (stated !== undefined) return { ...stated, from: 'preprocess' };
  throw invalid(
    text`${option('preprocess')} must say how images are preprocessed, not ${shown(preprocess)}`,
    `Its fields: ${IMAGE_FIELDS.join(', ')}.`,
  );
}

async function statedByName(name: string): Promise<StatedPreprocessing> {
  if (isPresetName(name)) return { ...IMAGE_PRESETS[name], from: name };
  if (/\.json$/i.test(name) || (await kindOf(name).catch(() => undefined)) === 'file')
    return statedInFile(name);
  const near = nearest(name, IMAGE_PRESET_NAMES);
  throw invalid(
    text`${option('preprocess')} must be ${NAMES}, not ${shown(name)}`,
    near === undefined ? '' : text`Did you mean ${option('preprocess', near)}?`,
  );
}

/** What to do where no preprocessing is known. */
const GIVE_PREPROCESSING = text`Give ${option('preprocess')}: ${NAMES}; or put the model's preprocessor_config.json beside it.`;
