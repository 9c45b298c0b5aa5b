import { EspalierError } from '../base/errors.js';
import { shown } from '../schema/check.js';
import { isRecord } from '../schema/fields.js';
import { checkImageSpec, type ImageFilter, type ImagePreprocessing } from './imageSpec.js';

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** Fields that configurations of Hugging Face's image processors have, and no preprocessing of ours. */
const OF_PROCESSORS = [
  ...['do_resize', 'do_rescale', 'do_normalize', 'do_center_crop', 'image_mean', 'image_std', 'resample'],
  ...['crop_size', 'image_processor_type', 'feature_extractor_type', 'rescale_factor'],
];

/** Whether an object configures an image processor, as preprocessor_config.json does. */
export const isImageProcessor = (given: Json): boolean => OF_PROCESSORS.some((field) => field in given);

/** `PIL.Image.Resampling`, by its numbers. */
const RESAMPLING: readonly ImageFilter[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'];

/** Processors whose `size`, where it is a single number, is that of the shorter edge. */
const BY_SHORTER_EDGE = /^(Bit|ChineseCLIP|CLIP|ConvNext|LeViT|MobileNet|MobileViT|PoolFormer)/;
/** Processors that resize by bicubic where their configuration does not say. */
const BICUBIC = /^(Bit|ChineseCLIP|CLIP|DeiT|LeViT|PoolFormer|Siglip)/;

/**
 * What an image processor of Hugging Face does, by its configuration: in this order it resizes, crops in the centre, rescales and
 * normalises. Fields that are missing mean what they do in the processors' own code.
 *
 * Source: https://huggingface.co/docs/transformers/main_classes/image_processor
 * errors: OPTION_INVALID for a field that cannot be what it is
 */
export function ofImageProcessor(config: Json, file: string): ImagePreprocessing {
  const type = processorOf(config);
  const on = (field: string, standard: boolean): boolean => {
    const value = config[field];
    return value === undefined || value === null ? standard : value === true;
  };
  const crops = on('do_center_crop', config.crop_size !== undefined && config.crop_size !== null);
  const crop = crops ? lengthsOf(config.crop_size, 'crop_size', file) : undefined;
  const resized = on('do_resize', true) ? resizing(config, type, crop, file) : { resize: 'none' as const };
  const normalises = on('do_normalize', config.image_mean !== undefined);
  return checkImageSpec(
    {
      ...resized,
      ...(crop !== undefined && { size: crop }),
      ...padding(config, file),
      ...filterOf(config, type, file),
      rounding: 'down',
      ...(on('do_flip_channel_order', false) && { channels: 'BGR' }),
      scale: on('do_rescale', true) ? (config.rescale_factor ?? 1 / 255) : 1,
      ...(normalises && { mean: config.image_mean ?? 0.5, std: config.image_std ?? 0.5 }),
    },
    { file },
  );
}

/** 'CLIP' of CLIPImageProcessor, CLIPFeatureExtractor, CLIPImageProcessorFast. */
function processorOf(config: Json): string {
  const name = config.image_processor_type ?? config.feature_extractor_type ?? '';
  return String(name).replace(/(ImageProcessor(Fast|Pil)?|FeatureExtractor)$/, '');
}

type Resizing = Pick<ImagePreprocessing, 'resize' | 'resizeTo' | 'size' | 'anchor' | 'fill'>;

function resizing(
  config: Json,
  type: string,
  crop: readonly [number, number] | undefined,
  file: string,
): Resizing {
  const { size } = config;
  if (size === undefined || size === null)
    return crop === undefined ? { resize: 'stretch' } : { resize: 'none' };
  if (isRecord(size)) {
    const { shortest_edge: shortest, longest_edge: longest } = size as Json;
    if (typeof shortest === 'number' && typeof longest === 'number' && crop === undefined)
      return { resize: 'letterbox', size: [shortest, longest], anchor: 'top-left', fill: 'mean' };
    if (typeof shortest === 'number') return byShorterEdge(config, shortest, crop);
    if (typeof longest === 'number')
      return { resize: 'letterbox', size: [longest, longest], anchor: 'top-left', fill: 'mean' };
  }
  const edges = lengthsOf(size, 'size', file)!;
  if (typeof size === 'number' && (BY_SHORTER_EDGE.test(type) || config.default_to_square === false))
    return byShorterEdge(config, size, crop);
  return { resize: 'stretch', resizeTo: edges, ...(crop === undefined && { size: edges }) };
}

/** Where there is a share that the crop keeps (ConvNeXT), edges below 384 are those of the crop. */
function byShorterEdge(config: Json, edge: number, crop: readonly [number, number] | undefined): Resizing {
  const kept = config.crop_pct;
  if (crop !== undefined || typeof kept !== 'number')
    return { resize: 'shortest', resizeTo: edge, ...(crop === undefined && { size: [edge, edge] }) };
  if (edge >= 384) return { resize: 'stretch', resizeTo: [edge, edge], size: [edge, edge] };
  return { resize: 'shortest', resizeTo: Math.floor(edge / kept), size: [edge, edge] };
}

/** A number, an object of height and width, or [height, width]. */
function lengthsOf(given: unknown, field: string, file: string): readonly [number, number] | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given === 'number') return [given, given];
  if (Array.isArray(given) && given.length === 2) return [Number(given[0]), Number(given[1])];
  if (isRecord(given)) {
    const { height, width, shortest_edge: shortest } = given as Json;
    if (typeof height === 'number' && typeof width === 'number') return [height, width];
    if (typeof shortest === 'number') return [shortest, shortest];
  }
  throw new EspalierError(
    'OPTION_INVALID',
    `the preprocessing cannot be used: "${field}" must be a number or { height, width }, not ${shown(given)}`,
    { file },
  );
}

/** What is smaller than `pad_size` is padded at its right and bottom, after its values were made. */
function padding(config: Json, file: string): Pick<ImagePreprocessing, 'size' | 'anchor' | 'fill'> {
  if (config.do_pad !== true) return {};
  const size = lengthsOf(config.pad_size, 'pad_size', file);
  return size === undefined ? {} : { size, anchor: 'top-left', fill: 'mean' };
}

function filterOf(config: Json, type: string, file: string): Pick<ImagePreprocessing, 'filter'> {
  const { resample } = config;
  if (resample === undefined || resample === null)
    return { filter: BICUBIC.test(type) ? 'bicubic' : 'bilinear' };
  const filter = typeof resample === 'number' ? RESAMPLING[resample] : undefined;
  if (filter !== undefined) return { filter };
  throw new EspalierError(
    'OPTION_INVALID',
    `the preprocessing cannot be used: "resample" must be a whole number from 0 to 5, not ${shown(resample)}`,
    { file },
  );
}
