import { isRecord } from '../schema/fields.js';
import type { Json } from './huggingFace.js';
import { checkImageSpec } from './imageSpec.js';
import type { StatedPreprocessing } from './resolved.js';

/** What a configuration of timm says of images: `pretrained_cfg` of config.json, or that object itself. */
export function timmIn(config: Json): Json | undefined {
  const inner = config.pretrained_cfg ?? config;
  return isRecord(inner) && Array.isArray(inner.input_size) && inner.input_size.length === 3
    ? inner
    : undefined;
}

/**
 * What timm's evaluation transform does: the shorter edge becomes size / crop_pct, the centre is cropped.
 *
 * Source: https://huggingface.co/docs/timm/reference/data
 * errors: OPTION_INVALID for a field that cannot be what it is
 */
export function ofTimm(config: Json, file: string): Omit<StatedPreprocessing, 'from'> {
  const [, height, width] = config.input_size as readonly number[];
  const kept = typeof config.crop_pct === 'number' ? config.crop_pct : 0.875;
  const edge = Math.floor(Math.min(height!, width!) / kept);
  const squashes = config.crop_mode === 'squash';
  const spec = checkImageSpec(
    {
      resize: squashes ? 'stretch' : 'shortest',
      resizeTo: squashes ? [Math.floor(height! / kept), Math.floor(width! / kept)] : edge,
      size: [height, width],
      filter: config.interpolation ?? 'bilinear',
      ...(config.mean !== undefined && { mean: config.mean }),
      ...(config.std !== undefined && { std: config.std }),
    },
    { file },
  );
  return { spec };
}
