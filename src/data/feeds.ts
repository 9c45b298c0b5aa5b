import { EspalierError } from '../base/errors.js';
import type { NumericType } from '../runtime/dtypes.js';
import type { NumericData, Tensor, ValueInfo } from '../runtime/runtime.js';
import { invalid, shown } from '../schema/check.js';
import { isRecord } from '../schema/fields.js';
import { arrayFrom } from './arrays.js';
import { type Dataset, datasetOf as datasetOfTensors } from './dataset.js';

/** An object of arrays as tensors, by the names of inputs. `name`: how the caller knows it. errors: as `arrayFrom` */
export function tensorsOf(
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
export function datasetOfFeeds(given: readonly unknown[], inputs: readonly ValueInfo[]): Dataset {
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
