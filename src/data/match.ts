import { EspalierError } from '../base/errors.js';
import { bytesOf } from '../runtime/dtypes.js';
import type { DType, Feeds, NumericData, Tensor, ValueInfo } from '../runtime/runtime.js';
import { convert } from './convert.js';
import type { DataArray, Dataset } from './dataset.js';

/** How a dataset's arrays become a model's inputs. */
export interface Match {
  readonly samples: number;
  /**
   * Samples for each run: 'any', a number that the model fixes, or 'one' where an input has no axis for samples (a state,
   * a sequence without batch), so that the model takes one at a time.
   */
  readonly batch: 'any' | 'one' | number;
  readonly inputs: readonly MatchedInput[];
}

interface MatchedInput {
  readonly input: ValueInfo;
  readonly type: DType;
  readonly array: DataArray;
  /** 'batch': the array's leading axis is the input's. 'sample': the input is one sample. 'constant': no axes at all. */
  readonly how: 'batch' | 'sample' | 'constant';
}

/** The model's inputs for a run of consecutive samples, from sample `from` on. */
export interface Batch {
  readonly feeds: Feeds;
  /** Of the first sample. */
  readonly from: number;
  readonly samples: number;
}

/** Finds an array for each input. Errors: DATA_MISMATCH, naming the input and what the data have instead. */
export function matchInputs(dataset: Dataset, inputs: readonly ValueInfo[]): Match {
  const matched = inputs.map((input) => matchInput(dataset, input));
  const sampled = matched.filter(({ how }) => how !== 'constant');
  const samples = commonLength(
    dataset,
    sampled.map(({ array }) => array),
  );

  const fixed = sampled.filter(({ how, input }) => how === 'batch' && typeof input.shape[0] === 'number');
  const lengths = [...new Set(fixed.map(({ input }) => input.shape[0] as number))];
  if (lengths.length > 1) {
    const words = fixed.map(({ input }) => `"${input.name}" ${input.shape[0]}`).join(', ');
    throw mismatch(dataset, `the model's inputs take unlike numbers of samples: ${words}`);
  }
  const single = sampled.find(({ how }) => how === 'sample');
  if (single !== undefined && lengths[0] !== undefined && lengths[0] !== 1)
    throw mismatch(
      dataset,
      `"${single.input.name}" is given sample by sample, but "${fixed[0]!.input.name}" takes ${lengths[0]} at once`,
    );
  const batch = single !== undefined || sampled.length === 0 ? 'one' : (lengths[0] ?? 'any');
  if (typeof batch === 'number' && samples < batch)
    throw mismatch(dataset, `the model takes ${batch} samples at once, and there are ${samples}`);
  return { samples, batch, inputs: matched };
}

/** Feeds of at most `size` samples each, until `samples` are used up; a rest that the model cannot take is left out. */
export async function* batches(
  match: Match,
  { size, samples = match.samples, signal }: { size: number; samples?: number; signal?: AbortSignal },
): AsyncGenerator<Batch> {
  const step = match.batch === 'any' ? Math.max(1, size) : match.batch === 'one' ? 1 : match.batch;
  const end = Math.min(samples, match.samples);
  for (let from = 0; from < end; from += step) {
    const to = match.batch === 'any' ? Math.min(from + step, end) : from + step;
    if (to > match.samples) return;
    yield { feeds: await feedsOf(match, from, to, signal), from, samples: to - from };
  }
}

/** The feeds of samples `from` to `to`, exclusive. Errors: DATA_MISMATCH, DATA_MALFORMED. */
export async function feedsOf(match: Match, from: number, to: number, signal?: AbortSignal): Promise<Feeds> {
  signal?.throwIfAborted();
  const feeds: Record<string, Tensor> = {};
  for (const input of match.inputs) feeds[input.input.name] = await feed(input, from, to, signal);
  return feeds;
}

/** Bytes that a text takes, more or less: what is given at once need not be exact. */
const TEXT_BYTES = 64;

/** Bytes of all inputs of one sample. */
export const bytesPerSample = ({ inputs }: Match): number =>
  inputs.reduce(
    (sum, { array, type }) =>
      sum + (type === 'string' ? TEXT_BYTES : bytesOf(type)) * array.dims.slice(1).reduce((a, b) => a * b, 1),
    0,
  );

/** Class labels, one for each sample: whole numbers, or texts. Errors: DATA_MISMATCH. */
export async function readLabels(
  dataset: Dataset,
  name: string,
  samples: number,
): Promise<Int32Array | readonly string[]> {
  const array = find(dataset, name, `there is no array "${name}" to take the labels from`);
  const where = { file: dataset.source, tensor: name };
  if (array.dims.length < 1 || array.dims[0] !== samples || array.dims.slice(1).some((dim) => dim !== 1))
    throw new EspalierError(
      'DATA_MISMATCH',
      `labels are one whole number or text for each of ${samples} samples; this array is ${describe(array)}`,
      where,
    );
  if (array.texts !== undefined) return array.texts(0, samples);
  const data = await array.read(0, samples);
  const labels =
    array.type === undefined ? `elements of type ${array.descr}` : convert(data, array.type, 'int32');
  if (typeof labels === 'string')
    throw new EspalierError(
      'DATA_MISMATCH',
      `labels are whole numbers or texts; this array holds ${labels}`,
      where,
    );
  return labels as Int32Array;
}

function matchInput(dataset: Dataset, input: ValueInfo): MatchedInput {
  const { name, dtype, shape } = input;
  if (dtype === 'other')
    throw mismatch(
      dataset,
      `the input "${name}" takes no numbers: it is a sequence, a map or an optional, or of a type that JavaScript lacks, and the runtime takes tensors alone`,
      name,
      'Export the model with tensors in its place.',
    );
  const array = find(dataset, name, `the model's input "${name}" has no array`);
  const { dims } = array;
  if (dtype === 'string' ? array.texts === undefined : array.type === undefined) {
    const wanted = dtype === 'string' ? 'texts' : 'numbers';
    throw mismatch(
      dataset,
      `the input "${name}" takes ${wanted}, and the array has elements of type ${array.descr}, which are no ${wanted}`,
      name,
      wanted === 'texts' ? "Texts are arrays of NumPy's type U or S: array.astype(str)." : '',
    );
  }
  const matched = (how: MatchedInput['how']): MatchedInput => ({ input, type: dtype, array, how });

  if (dims.length === 0 && shape.length === 0) return matched('constant');
  // A shape without axes may be that of a scalar, or mean that the file does not tell the shape.
  if (shape.length === 0) return matched(dims.length === 1 ? 'sample' : 'batch');
  const offset = dims.length - shape.length;
  const wrong = shape.findIndex(
    (length, axis) =>
      (axis > 0 || offset === 1) && typeof length === 'number' && length !== dims[axis + offset],
  );
  if ((offset === 0 || offset === 1) && wrong < 0) return matched(offset === 0 ? 'batch' : 'sample');
  const reason =
    offset === 0 || offset === 1
      ? `axis ${wrong + offset} is ${dims[wrong + offset]}, not ${shape[wrong]}`
      : `it has ${dims.length} axes`;
  throw mismatch(
    dataset,
    `the input "${name}" takes ${describe({ descr: dtype, dims: shape })}, the array is ${describe(array)}: ${reason}`,
    name,
  );
}

async function feed(
  { input, type, array, how }: MatchedInput,
  from: number,
  to: number,
  signal?: AbortSignal,
): Promise<Tensor> {
  const range = how === 'constant' ? ([0, 1] as const) : ([from, to] as const);
  const dims = how === 'batch' ? [to - from, ...array.dims.slice(1)] : array.dims.slice(1);
  if (type === 'string') return { type, data: await array.texts!(...range, signal), dims };
  const read = array.read(...range, signal);
  const data: NumericData | string = convert(await read, array.type!, type);
  if (typeof data === 'string')
    throw new EspalierError(
      'DATA_MISMATCH',
      `the input takes ${type}, which cannot hold the array's value ${data} (${array.descr})`,
      { tensor: input.name },
    );
  return { type, data, dims };
}

function commonLength(dataset: Dataset, arrays: readonly DataArray[]): number {
  const first = arrays[0];
  if (first === undefined) return 1;
  const other = arrays.find(({ dims }) => dims[0] !== first.dims[0]);
  if (other !== undefined)
    throw mismatch(
      dataset,
      `"${first.name}" holds ${first.dims[0]} samples, "${other.name}" ${other.dims[0]}`,
    );
  if (first.dims[0] === 0) throw mismatch(dataset, `"${first.name}" holds no samples`);
  return first.dims[0]!;
}

function find(dataset: Dataset, name: string, missing: string): DataArray {
  const array = dataset.arrays.get(name);
  if (array !== undefined) return array;
  const names = [...dataset.arrays.keys()].map((key) => `"${key}"`).join(', ');
  throw mismatch(dataset, `${missing}; the data have ${names}`, name);
}

const describe = ({ descr, dims }: { descr: string; dims: readonly (number | string)[] }): string =>
  `${descr} [${dims.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`;

function mismatch(dataset: Dataset, what: string, tensor?: string, todo = ''): EspalierError {
  return new EspalierError(
    'DATA_MISMATCH',
    `the data do not fit the model: ${what}`,
    { file: dataset.source, ...(tensor === undefined ? {} : { tensor }) },
    todo || 'Arrays are named as the inputs, and their leading axis is the sample.',
  );
}
