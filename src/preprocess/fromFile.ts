import { EspalierError } from '../base/errors.js';
import { FileProblem, readText } from '../platform/index.js';
import { isRecord } from '../schema/fields.js';
import { isImageProcessor, type Json, ofImageProcessor } from './huggingFace.js';
import { checkImageSpec, IMAGE_FIELDS } from './imageSpec.js';
import type { StatedPreprocessing } from './resolved.js';
import { ofTimm, timmIn } from './timm.js';

/** What an object says of images, in whichever form; undefined where it says nothing. errors: OPTION_INVALID */
export function statedIn(config: Json, file: string): Omit<StatedPreprocessing, 'from'> | undefined {
  if (isImageProcessor(config)) return { spec: ofImageProcessor(config, file) };
  const timm = timmIn(config);
  if (timm !== undefined) return ofTimm(timm, file);
  return 'resize' in config || IMAGE_FIELDS.some((field) => field in config && field !== 'size')
    ? { spec: checkImageSpec(config, { file }) }
    : undefined;
}

/** The object of a JSON file. errors: FILE_NOT_FOUND, FILE_UNREADABLE, OPTION_INVALID for what is none */
export async function readConfig(file: string): Promise<Json> {
  const text = await readText(file).catch((cause: unknown) => {
    if (!(cause instanceof FileProblem)) throw cause;
    const code = cause.reason === 'missing' ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE';
    throw new EspalierError(code, `the file cannot be read (${cause.message})`, { file }, '', { cause });
  });
  const config = parsed(text);
  if (config !== undefined) return config;
  throw new EspalierError('OPTION_INVALID', 'the file holds no JSON object', { file });
}

/** A JSON object; undefined where the text is none. */
export function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A preprocessing in a JSON file. errors: FILE_NOT_FOUND, FILE_UNREADABLE, OPTION_INVALID where it says nothing of images */
export async function statedInFile(file: string): Promise<StatedPreprocessing> {
  const stated = statedIn(await readConfig(file), file);
  if (stated !== undefined) return { ...stated, from: file };
  throw new EspalierError(
    'OPTION_INVALID',
    'the file says nothing of how images are preprocessed',
    { file },
    `Expected: a preprocessor_config.json of Hugging Face, a config.json of timm, or ${IMAGE_FIELDS.join(', ')}.`,
  );
}
