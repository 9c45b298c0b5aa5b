import { EspalierError, type Where } from '../base/errors.js';
import type { DecodedImage } from '../platform/index.js';
import type { NumericType } from '../runtime/dtypes.js';
import type { NumericData, Tensor } from '../runtime/runtime.js';
import { invalid, shown } from '../schema/check.js';

/** Samples: arrays by name, whose leading axis is the sample. */
export interface Dataset {
  /** The file or folder, for people. */
  readonly source: string;
  readonly arrays: ReadonlyMap<string, DataArray>;
  /** How files became these arrays, in one line; undefined where they were arrays before. */
  readonly preprocessing?: string;
  /** Names of the classes that labels number, where folders or a table name them: the index is the number. */
  readonly classes?: readonly string[];
  /** The file of each sample, for people. */
  readonly files?: readonly string[];
  /** What about them may not be as it was meant. */
  readonly warnings?: readonly { readonly code: string; readonly text: string }[];
}

/**
 * One array of a dataset, with samples along its first axis: its element type and shape are known, its elements are
 * read in pieces on demand.
 */
export interface DataArray {
  readonly name: string;
  /** Nothing where the elements are no numbers (texts, records, objects). */
  readonly type: NumericType | undefined;
  /** What the file calls the element type. */
  readonly descr: string;
  readonly dims: readonly number[];
  /**
   * Samples `from` to `to`, exclusive, row-major. An array without axes is one sample.
   * What is stored uncompressed is read piece by piece; a compressed array is unpacked once and held.
   * Errors: DATA_MALFORMED.
   */
  read(from: number, to: number, signal?: AbortSignal): Promise<NumericData>;
  /** Of an array that was made of images: what the model sees of one, as an image. */
  picture?(index: number, signal?: AbortSignal): Promise<DecodedImage>;
  /** The same of an array of texts; absent where the elements are none. */
  texts?(from: number, to: number, signal?: AbortSignal): Promise<readonly string[]>;
}

/** Tensors in memory as samples. */
export function datasetOf(tensors: Readonly<Record<string, Tensor>>, source = 'memory'): Dataset {
  const arrays = Object.entries(tensors).map(([name, { type, data, dims }]): [string, DataArray] => {
    const numeric = type === 'string' ? undefined : type;
    const { stride, count } = layout(dims);
    if (data.length !== stride * count)
      throw new EspalierError(
        'DATA_MALFORMED',
        `"${name}" has ${data.length} elements, not ${stride * count} as its shape says`,
      );
    const read = async (from: number, to: number) => {
      checkRange(name, from, to, count);
      if (numeric === undefined) throw noNumbers(name, type, {});
      return (data as NumericData).slice(from * stride, to * stride) as NumericData;
    };
    const texts = async (from: number, to: number) => {
      checkRange(name, from, to, count);
      return (data as readonly string[]).slice(from * stride, to * stride);
    };
    return [name, { name, type: numeric, descr: type, dims, read, ...(type === 'string' && { texts }) }];
  });
  return { source, arrays: new Map(arrays) };
}

/** Samples, and elements of one. */
export function layout(dims: readonly number[]): { readonly count: number; readonly stride: number } {
  return { count: dims[0] ?? 1, stride: dims.slice(1).reduce((product, dim) => product * dim, 1) };
}

/** Whether an array of so many samples has these. errors: OPTION_INVALID */
export function checkRange(name: string, from: unknown, to: unknown, count: number): void {
  const within = (value: unknown): boolean =>
    Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= count;
  if (within(from) && within(to) && (from as number) <= (to as number)) return;
  throw invalid(
    `"${name}" has samples 0 to ${count}, exclusive; from ${shown(from)} to ${shown(to)} there are none`,
  );
}

/** The error DATA_MISMATCH for an array whose elements are texts or records. */
export const noNumbers = (name: string, descr: string, where: Where): EspalierError =>
  new EspalierError(
    'DATA_MISMATCH',
    `the array "${name}" has elements of type ${descr}, which are no numbers`,
    {
      ...where,
      tensor: name,
    },
  );
