import { absolutePath, baseName, folderOf, kindOf, pathIn, readText } from '../platform/index.js';
import { isRecord } from '../schema/fields.js';
import { parsed, statedIn } from './fromFile.js';
import type { Json } from './huggingFace.js';
import { IMAGE_PRESETS } from './presets.js';
import type { StatedPreprocessing } from './resolved.js';

/** A model, as far as it says how its samples are made: where it lies, and what its metadata say. */
export interface ModelOrigin {
  /** Its path; a model that was given as bytes has none. */
  readonly path?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Files that say how images are preprocessed, in the order in which they are asked. */
const FILES = ['preprocessor_config.json', 'processor_config.json', 'config.json'];

/** Files of a model beside it: in its folder, and in that above where exports put the model into a folder of its own (`onnx/`). */
export async function besideModel({ path }: ModelOrigin, name: string): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const folder = folderOf(absolutePath(path));
  const above = /^onnx/i.test(baseName(folder)) ? [folderOf(folder)] : [];
  for (const place of [folder, ...above]) {
    const file = pathIn(place, name);
    if ((await kindOf(file).catch(() => undefined)) === 'file') return file;
  }
  return undefined;
}

/** The object of a JSON file beside a model; undefined where there is none, or none that can be read. */
export async function configBeside(
  model: ModelOrigin,
  name: string,
): Promise<{ readonly file: string; readonly config: Json } | undefined> {
  const file = await besideModel(model, name);
  const config = file === undefined ? undefined : parsed(await readText(file).catch(() => ''));
  return file === undefined || config === undefined ? undefined : { file, config };
}

/**
 * How images are preprocessed, as files beside a model or its own metadata say; undefined where they say nothing.
 *
 * errors: OPTION_INVALID where such a file contradicts itself
 */
export async function statedBeside(model: ModelOrigin): Promise<StatedPreprocessing | undefined> {
  for (const name of FILES) {
    const found = await configBeside(model, name);
    if (found === undefined) continue;
    const { image_processor: inner } = found.config;
    const stated = statedIn(isRecord(inner) ? inner : found.config, found.file);
    if (stated !== undefined) return { ...stated, from: found.file };
  }
  return ofMetadata(model.metadata);
}

/** Ultralytics writes what a model is into its metadata; its images are letterboxed, those of classifiers cropped. */
function ofMetadata(metadata: Readonly<Record<string, string>>): StatedPreprocessing | undefined {
  if (!/ultralytics/i.test(metadata.author ?? '') && !/ultralytics/i.test(metadata.description ?? ''))
    return undefined;
  const from = "the model's metadata (Ultralytics)";
  if (metadata.task === 'classify') return { spec: { resize: 'shortest' }, size: 224, from };
  const edges = /^\[(\d+), *(\d+)\]$/.exec(metadata.imgsz ?? '');
  if (edges === null) return { ...IMAGE_PRESETS.yolo, from };
  const { spec } = IMAGE_PRESETS.yolo;
  return { spec: { ...spec, size: [Number(edges[1]), Number(edges[2])] }, from };
}
