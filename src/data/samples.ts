import { EspalierError } from '../base/errors.js';
import { HAS_FILES } from '../platform/index.js';
import { NUMERIC_TYPES, type NumericType } from '../runtime/dtypes.js';
import type { NumericData, Tensor, ValueInfo } from '../runtime/runtime.js';
import { invalid, shown } from '../schema/check.js';
import { isRecord } from '../schema/fields.js';
import { isBlob, isUrl, type PathLike, pathFrom } from '../schema/sources.js';
import { arrayFrom, type SampleArray } from './arrays.js';
import { type DataArray, type Dataset, datasetOf as datasetOfTensors, loadData } from './data.js';
import { datasetOfFiles, type SampleContext } from './fileSamples.js';
import { isFileList, sampleFiles } from './sampleFiles.js';

/** Arrays by the names of a model's inputs, as `{ input: new Float32Array(…) }`; labels beside them. */
export type Samples = Readonly<Record<string, SampleArray>>;

/**
 * Samples in all forms that a call takes them in: what `loadData` takes or gave, a folder of images, a pattern or a list of their paths or
 * Blobs, arrays by name, or one object of arrays after another, each of them a sample or some. Arrays are not copied: they have to stay
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
  'a path or file: URL of an .npz, a folder of .npy, or a folder or pattern of images, a list of such paths, a Blob or File of one, what loadData gave, or arrays by the names of the inputs';

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
    if (files !== undefined) return datasetOfFiles(files, context);
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

function tensorsOf(
  name: string,
  given: unknown,
  inputs: readonly ValueInfo[],
): Readonly<Record<string, Tensor>> {
  if (!isRecord(given))
    throw invalid(
      `${name} must be an object of arrays by the names of the inputs, not ${shown(given)}`,
      `The model's inputs: ${inputs.map((input) => input.name).join(', ')}.`,
    );
  const entries = Object.entries(given).map(([key, value]): [string, Tensor] => [
    key,
    arrayFrom(
      `${name}.${key}`,
      value,
      inputs.find((input) => input.name === key),
    ),
  ]);
  if (entries.length === 0) throw mismatch(`${name} holds no arrays`);
  return Object.fromEntries(entries);
}

/** Names of first axes that count samples. */
const BATCH = /batch|^[nb]$|(^|_)bs($|_)/i;

/** Objects of arrays one after the other: rows of samples where the model's first axes count them, else each of them a sample. */
function datasetOfFeeds(given: readonly unknown[], inputs: readonly ValueInfo[]): Dataset {
  if (given.length === 0) throw mismatch('data holds no samples');
  const feeds = given.map((feed, i) => tensorsOf(`data[${i}]`, feed, inputs));
  const names = Object.keys(feeds[0]!);
  for (const [i, feed] of feeds.entries()) {
    const other = [
      ...names.filter((name) => !(name in feed)),
      ...Object.keys(feed).filter((name) => !names.includes(name)),
    ];
    if (other.length > 0) throw mismatch(`data[0] and data[${i}] do not both have "${other[0]}"`);
  }
  const columns = names.map((name) => ({
    name,
    input: inputs.find((input) => input.name === name),
    all: feeds.map((feed) => feed[name]!),
  }));
  const rows = columns.every(({ input, all }) => input === undefined || countsRows(input, all));
  return datasetOfTensors(
    Object.fromEntries(
      columns.map(({ name, input, all }) => [name, together(name, all, rows, input !== undefined)]),
    ),
  );
}

/** Whether an input's first axis counts samples, as far as its shape and what it is given tell. */
function countsRows({ shape }: ValueInfo, all: readonly Tensor[]): boolean {
  if (all.every(({ dims }) => dims.length === 0)) return all.every(({ data }) => data[0] === all[0]!.data[0]);
  const [first] = shape;
  if (shape.length > 0 && all.some(({ dims }) => dims.length !== shape.length)) return false;
  if (typeof first === 'number') return all.every(({ dims }) => dims[0] === first);
  return BATCH.test(first ?? '') || all.every(({ dims }) => dims[0] === 1);
}

/** End to end along the first axis, or as rows of a new one. */
function together(name: string, all: readonly Tensor[], rows: boolean, isInput: boolean): Tensor {
  const [first] = all as readonly [Tensor];
  if (rows && isInput && first.dims.length === 0) return first;
  const along = rows && first.dims.length > 0;
  const inner = (dims: readonly number[]): readonly number[] => (along ? dims.slice(1) : dims);
  for (const [i, { dims, type }] of all.entries()) {
    if (type !== first.type)
      throw mismatch(`"${name}" is of ${first.type} in data[0], of ${type} in data[${i}]`);
    if (inner(dims).join() !== inner(first.dims).join())
      throw mismatch(
        `"${name}" has the shape [${first.dims.join(', ')}] in data[0], [${dims.join(', ')}] in data[${i}]`,
      );
  }
  const count = along ? all.reduce((sum, { dims }) => sum + dims[0]!, 0) : all.length;
  const dims = [count, ...inner(first.dims)];
  if (first.type === 'string')
    return { type: 'string', dims, data: all.flatMap(({ data }) => data as readonly string[]) };
  const data = new (first.data.constructor as new (length: number) => NumericData)(
    all.reduce((sum, { data }) => sum + data.length, 0),
  );
  let at = 0;
  for (const { data: part } of all) {
    (data as Float32Array).set(part as Float32Array, at);
    at += part.length;
  }
  return { type: first.type as NumericType, data, dims };
}

const mismatch = (what: string): EspalierError =>
  new EspalierError('DATA_MISMATCH', what, {}, 'Each object has an array for each input of the model.');
