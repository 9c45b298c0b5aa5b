import { HAS_FILES } from '../platform/index.js';
import { NUMERIC_TYPES, type NumericType } from '../runtime/dtypes.js';
import { invalid, shown } from '../schema/check.js';
import { isRecord } from '../schema/fields.js';
import { isBlob, isUrl, type PathLike, pathFrom } from '../schema/sources.js';
import type { SampleArray } from './arrays.js';
import type { SampleContext } from './context.js';
import { loadData } from './data.js';
import { type DataArray, type Dataset, datasetOf as datasetOfTensors } from './dataset.js';
import { datasetOfFeeds, tensorsOf } from './feeds.js';
import { isFileList, sampleFiles } from './sampleFiles.js';

/** Arrays by the names of a model's inputs, as `{ input: new Float32Array(…) }`; labels beside them. */
export type Samples = Readonly<Record<string, SampleArray>>;

/**
 * Samples in all forms that a call takes them in: what `loadData` takes or gave, a folder of images or sounds, texts, a pattern or a list of their
 * paths or Blobs, arrays by name, or one object of arrays after another, each of them a sample or some. Arrays are not copied: they have to stay
 * as they are until the call ends.
 */
export type SampleSource =
  | PathLike
  | Blob
  | readonly (PathLike | Blob)[]
  | Dataset
  | Samples
  | Iterable<Samples>
  | AsyncIterable<Samples>;

const FORMS =
  'a path or file: URL of an .npz, a .safetensors, a folder of .npy, texts, or a folder or pattern of images or sounds, a list of such paths, a Blob or File of one, what loadData gave, or arrays by the names of the inputs';

/** Whether it may be samples, as far as can be seen before the model's inputs are known. */
export const mayBeSamples = (given: unknown): boolean =>
  typeof given === 'string' ||
  (typeof given === 'object' &&
    given !== null &&
    !ArrayBuffer.isView(given) &&
    !(given instanceof ArrayBuffer) &&
    !(given instanceof Map));

/** The forms in which samples may be given, in words for error messages and the documentation. */
export const SAMPLE_FORMS = FORMS;

/**
 * Samples as a dataset. An array without a shape gets that of the input that it is named as.
 *
 * errors: those of `loadData` and of `datasetOfFiles`; OPTION_INVALID for what is no array; DATA_MALFORMED and DATA_MISMATCH for shapes that do not fit.
 */
export async function datasetFor(given: unknown, context: SampleContext): Promise<Dataset> {
  const { inputs, most = Number.POSITIVE_INFINITY, signal } = context;
  const isPath = typeof given === 'string' || isUrl(given);
  if (isBlob(given) || isFileList(given) || (isPath && HAS_FILES)) {
    const files = await sampleFiles(given);
    // What makes samples of files is loaded where there are such.
    if (files !== undefined) return (await import('./fileSamples.js')).datasetOfFiles(files, context);
  }
  if (isBlob(given)) return loadData(given);
  if (isPath) return loadData(HAS_FILES ? pathFrom('data', given) : given);
  if (isDataset(given)) return given;
  if (typeof given === 'object' && given !== null && mayBeSamples(given)) {
    if (Symbol.iterator in given || Symbol.asyncIterator in given) {
      const feeds: unknown[] = [];
      for await (const feed of given as AsyncIterable<unknown>) {
        signal?.throwIfAborted();
        feeds.push(feed);
        if (feeds.length >= most) break;
      }
      return datasetOfFeeds(feeds, inputs);
    }
    if (isRecord(given)) return datasetOfTensors(tensorsOf('data', given, inputs));
  }
  throw invalid(`data must be ${FORMS}, not ${shown(given)}`);
}

/**
 * Arrays in memory as samples: each with its shape, as `{ data, dims }`, or nested; a flat one is of that many samples. `source`: its name, for people.
 *
 * errors: OPTION_INVALID for what is no array; DATA_MALFORMED for a shape that is not of its length.
 */
export function datasetOf(arrays: Samples, source = 'memory'): Dataset {
  if (typeof source !== 'string') throw invalid(`source must be a name, not ${shown(source)}`);
  return datasetOfTensors(tensorsOf('arrays', arrays, []), source);
}

/** What `loadData` gave, or an object of that form. */
export function isDataset(given: unknown): given is Dataset {
  if (!isRecord(given)) return false;
  const { arrays, source } = given as { readonly arrays?: unknown; readonly source?: unknown };
  if (typeof source !== 'string' || !(arrays instanceof Map)) return false;
  for (const [name, array] of arrays as Map<unknown, unknown>)
    if (!isDataArray(array))
      throw invalid(`data.arrays must hold arrays as loadData gives them: ${shown(name)} is ${shown(array)}`);
  return true;
}

function isDataArray(given: unknown): given is DataArray {
  if (!isRecord(given)) return false;
  const { name, type, descr, dims, read } = given as Readonly<Partial<Record<keyof DataArray, unknown>>>;
  return (
    typeof name === 'string' &&
    (type === undefined || NUMERIC_TYPES.has(type as NumericType)) &&
    typeof descr === 'string' &&
    Array.isArray(dims) &&
    dims.every((length) => Number.isSafeInteger(length) && length >= 0) &&
    typeof read === 'function'
  );
}
