import type { ImagePreprocessing } from './imageSpec.js';

/** Means and standard deviations of ImageNet's training images, as torchvision's models were trained with. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
/** Those of the images that CLIP was trained on. */
const CLIP = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
} as const;

/** What a name stands for, and how large images are where the model leaves that open. */
export interface ImagePreset {
  readonly spec: ImagePreprocessing;
  /** Of the model that the family is known by. */
  readonly size?: number;
  /** The share of the shorter edge that the crop keeps. */
  readonly kept?: number;
  readonly says: string;
}

/** Preprocessings that have a name, each as the reference of its family does it. */
export const IMAGE_PRESETS = {
  imagenet: {
    spec: { resize: 'shortest', ...IMAGENET },
    size: 224,
    kept: 0.875,
    says: 'torchvision and timm: 7/8 of the shorter edge, ImageNet mean and std',
  },
  '0..1': { spec: { resize: 'stretch' }, says: 'the whole image, bytes / 255' },
  '-1..1': {
    spec: { resize: 'stretch', mean: 0.5, std: 0.5 },
    says: 'the whole image, bytes / 127.5 - 1',
  },
  yolo: {
    spec: { resize: 'letterbox', fill: 114, antialias: false },
    size: 640,
    says: 'Ultralytics: letterboxed in grey 114, bytes / 255',
  },
  clip: {
    spec: { resize: 'shortest', filter: 'bicubic', rounding: 'down', ...CLIP },
    size: 224,
    says: 'CLIP: the shorter edge by bicubic, its mean and std',
  },
} as const satisfies Readonly<Record<string, ImagePreset>>;

/** The name of a preprocessing. */
export type ImagePresetName = keyof typeof IMAGE_PRESETS;

/** Their names. */
export const IMAGE_PRESET_NAMES = Object.keys(IMAGE_PRESETS) as readonly ImagePresetName[];

/** Whether a text is such a name. */
export const isPresetName = (name: string): name is ImagePresetName => Object.hasOwn(IMAGE_PRESETS, name);
