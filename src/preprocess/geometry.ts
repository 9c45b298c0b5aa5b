import type { ImagePreprocessing } from './imageSpec.js';
import { pairOf } from './imageSpec.js';

/** Height and width, in pixels. */
export type Size = readonly [height: number, width: number];

/** Where an image comes to lie in what the model sees. */
export interface Geometry {
  /** What the whole image is resized to. */
  readonly resized: Size;
  /** Where its upper left corner lies in the result; negative where it is cropped. */
  readonly offset: readonly [top: number, left: number];
}

/** How an image of one size becomes one of another: `size` is what the model sees. */
export function geometryOf(spec: ImagePreprocessing, image: Size, size: Size): Geometry {
  const resized = resizedTo(spec, image, size);
  if (spec.resize === 'letterbox')
    return { resized, offset: spec.anchor === 'top-left' ? [0, 0] : letterboxed(resized, size) };
  return { resized, offset: [centred(spec, resized[0], size[0]), centred(spec, resized[1], size[1])] };
}

function resizedTo(spec: ImagePreprocessing, image: Size, size: Size): Size {
  const [height, width] = image;
  switch (spec.resize) {
    case 'none':
      return image;
    case 'stretch':
      return spec.resizeTo === undefined ? size : pairOf(spec.resizeTo);
    case 'letterbox': {
      const ratio = Math.min(size[0] / height, size[1] / width);
      return [longer(height * ratio), longer(width * ratio)];
    }
    default:
      return shortest(image, spec.resizeTo ?? size);
  }
}

const longer = (length: number): number => Math.max(1, roundEven(length));

/** The shorter edge becomes so long; the other one in the same ratio, rounded down. Of two lengths the image covers both. */
function shortest([height, width]: Size, edges: number | Size): Size {
  if (typeof edges !== 'number' && edges[0] !== edges[1]) {
    const ratio = Math.max(edges[0] / height, edges[1] / width);
    return [Math.max(edges[0], Math.floor(height * ratio)), Math.max(edges[1], Math.floor(width * ratio))];
  }
  const edge = typeof edges === 'number' ? edges : edges[0];
  return height <= width
    ? [edge, Math.floor((edge * width) / height)]
    : [Math.floor((edge * height) / width), edge];
}

/** In the centre, as Ultralytics has it: of an odd margin the smaller half lies above and on the left. */
const letterboxed = (resized: Size, size: Size): readonly [number, number] => [
  Math.round((size[0] - resized[0]) / 2 - 0.1),
  Math.round((size[1] - resized[1]) / 2 - 0.1),
];

/** Where an axis begins in the centre of another one. What is padded has the smaller half of an odd margin in front. */
function centred({ rounding = 'even' }: ImagePreprocessing, length: number, within: number): number {
  if (length <= within)
    return rounding === 'even' ? Math.floor((within - length) / 2) : Math.ceil((within - length) / 2);
  const margin = (length - within) / 2;
  return -(rounding === 'even' ? roundEven(margin) : Math.floor(margin));
}

/** To the nearest whole number, and of two to the even one, as Python does. */
function roundEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
