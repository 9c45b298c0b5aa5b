import * as v from 'valibot';
import { EspalierError } from '../base/errors.js';
import { shown } from '../schema/check.js';

/** How a pixel between others is made of them: names as Pillow has them. */
export type ImageFilter = 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos';

/**
 * What is done to an image before a model sees it: it is resized, cropped or padded in its centre to `size`, and each byte becomes
 * (byte · scale - mean) / std.
 */
export interface ImagePreprocessing {
  /**
   * 'shortest': its shorter edge becomes `resizeTo`; 'stretch': both edges, whatever its aspect; 'letterbox': as large as fits into `size`;
   * 'none': it stays as it is.
   */
  readonly resize: 'shortest' | 'stretch' | 'letterbox' | 'none';
  /** Pixels of the shorter edge, or [height, width]; by default those of `size`. */
  readonly resizeTo?: number | readonly [number, number];
  /** [height, width] that the model sees; by default those that it takes. */
  readonly size?: number | readonly [number, number];
  /** By default 'bilinear'. */
  readonly filter?: ImageFilter;
  /** Whether every pixel counts where an image shrinks, as in Pillow and torchvision; OpenCV looks at the nearest ones alone. By default true. */
  readonly antialias?: boolean;
  /** The grey, 0 to 255, around an image that is smaller than `size`; 'mean' for what becomes 0. By default 0. */
  readonly fill?: number | 'mean';
  /** Where a letterboxed image lies. By default 'centre'. */
  readonly anchor?: 'centre' | 'top-left';
  /** How half a pixel is rounded where a crop is not quite in the centre: 'even' as torchvision, 'down' as Hugging Face. By default 'even'. */
  readonly rounding?: 'even' | 'down';
  /** By default 'RGB', or 'grey' for a model that takes one channel. */
  readonly channels?: 'RGB' | 'BGR' | 'grey';
  /** By default 1/255. */
  readonly scale?: number;
  /** For each channel in the model's order, or one for all. By default 0. */
  readonly mean?: number | readonly number[];
  /** The same; by default 1. */
  readonly std?: number | readonly number[];
  /** Where the channels lie; by default where the model's input says. */
  readonly layout?: 'NCHW' | 'NHWC';
}

/** Longer edges are of no image that a model sees. */
const LONGEST = 32_768;

const oneOf = <const T extends string>(...names: readonly T[]) =>
  v.picklist(names, `one of ${names.map((name) => `'${name}'`).join(', ')}`);
const EDGES = `a whole number from 1 to ${LONGEST}, or [height, width] of such`;
const edge = v.pipe(v.number(EDGES), v.integer(EDGES), v.minValue(1, EDGES), v.maxValue(LONGEST, EDGES));
const edges = v.union([edge, v.tuple([edge, edge], EDGES)], EDGES);
const FILL = "a number from 0 to 255, or 'mean'";
const fill = v.union([v.pipe(v.number(FILL), v.minValue(0), v.maxValue(255)), v.literal('mean')], FILL);
const NUMBERS = 'a number, or an array of 1 to 4';
const real = v.pipe(v.number(NUMBERS), v.finite(NUMBERS));
const numbers = v.union([real, v.pipe(v.array(real), v.minLength(1), v.maxLength(4))], NUMBERS);
const DIVISORS = 'a number other than 0, or an array of 1 to 4 such';
const divisor = v.pipe(real, v.notValue(0, DIVISORS));
const divisors = v.union([divisor, v.pipe(v.array(divisor), v.minLength(1), v.maxLength(4))], DIVISORS);
const optional = <const S extends v.GenericSchema>(schema: S) => v.exactOptional(schema);

const schema = v.strictObject({
  resize: oneOf('shortest', 'stretch', 'letterbox', 'none'),
  resizeTo: optional(edges),
  size: optional(edges),
  filter: optional(oneOf('nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos')),
  antialias: optional(v.boolean('true or false')),
  fill: optional(fill),
  anchor: optional(oneOf('centre', 'top-left')),
  rounding: optional(oneOf('even', 'down')),
  channels: optional(oneOf('RGB', 'BGR', 'grey')),
  scale: optional(v.pipe(v.number('a number'), v.finite('a number'))),
  mean: optional(numbers),
  std: optional(divisors),
  layout: optional(oneOf('NCHW', 'NHWC')),
});

/** Fields of `ImagePreprocessing`. */
export const IMAGE_FIELDS: readonly string[] = Object.keys(schema.entries);

/**
 * What was given, if it says how images are preprocessed.
 *
 * where: the file that it stands in, if in any.
 * errors: OPTION_INVALID with the field, what it was and what it must be
 */
export function checkImageSpec(given: unknown, where: { readonly file?: string } = {}): ImagePreprocessing {
  const result = v.safeParse(schema, given, { abortEarly: true });
  if (result.success) return result.output as ImagePreprocessing;
  const [issue] = result.issues;
  const field = v.getDotPath(issue) ?? 'it';
  const unknown = issue.type === 'strict_object' && issue.expected === 'never';
  const what = unknown
    ? `there is no field "${field}"`
    : `"${field}" must be ${issue.message}, not ${shown(issue.input)}`;
  throw new EspalierError(
    'OPTION_INVALID',
    `the preprocessing cannot be used: ${what}`,
    where,
    `Its fields: ${IMAGE_FIELDS.join(', ')}.`,
  );
}

/** Height and width, of one length both. */
export const pairOf = (edges: number | readonly [number, number]): readonly [number, number] =>
  typeof edges === 'number' ? [edges, edges] : edges;
