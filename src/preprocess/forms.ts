import { isRecord } from '../schema/fields.js';
import type { ImagePreprocessing } from './imageSpec.js';
import { IMAGE_PRESET_NAMES, type ImagePresetName } from './presets.js';

/**
 * How images become what a model sees: a name, a JSON file, what such a file holds (Hugging Face's preprocessor_config.json, timm's
 * config.json), or `ImagePreprocessing`.
 */
export type Preprocessing =
  | ImagePresetName
  | (string & {})
  | ImagePreprocessing
  | Readonly<Record<string, unknown>>;

/** The names that there are, in words. */
export const NAMES = `one of ${IMAGE_PRESET_NAMES.join(', ')}, or a JSON file`;

/** Whether it may be a preprocessing, as far as can be seen before any file is opened. */
export const mayBePreprocessing = (given: unknown): boolean =>
  (typeof given === 'string' && given !== '') || isRecord(given);

/** The forms in which a preprocessing may be given, in words. */
export const PREPROCESSING_FORMS = `${NAMES}, or an object of what such a file holds`;
