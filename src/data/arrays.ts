import { EspalierError } from '../base/errors.js';
import { NUMERIC_TYPES, type NumericType } from '../runtime/dtypes.js';
import type { DType, NumericData, Tensor, ValueInfo } from '../runtime/runtime.js';
import { invalid, shown } from '../schema/check.js';
import { isRecord } from '../schema/fields.js';

/** Numbers or texts in arrays of arrays, as JSON has them: their nesting is their shape. */
export type Nested = readonly (number | bigint | boolean | string | Nested)[];

/** An array that says its shape. onnxruntime's tensors are such. */
export interface ShapedArray {
  readonly data: NumericData | Nested | readonly string[];
  readonly dims: readonly number[];
  /** By default what the array is of; 'float16' for its bits in a Uint16Array, 'bool' for 0 and 1 in a Uint8Array. */
  readonly type?: DType;
}

/** One number, a typed array whose shape follows from the model's input, nested arrays, or an array with its shape. */
export type SampleArray =
  | number
  | bigint
  | boolean
  | string
  | NumericData
  | Uint8ClampedArray
  | Nested
  | ShapedArray;

const TYPES: Readonly<Record<string, NumericType>> = {
  Float16Array: 'float16',
  Float32Array: 'float32',
  Float64Array: 'float64',
  Int8Array: 'int8',
  Int16Array: 'int16',
  Int32Array: 'int32',
  BigInt64Array: 'int64',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  Uint16Array: 'uint16',
  Uint32Array: 'uint32',
  BigUint64Array: 'uint64',
};
/** Types that another array holds: the bits of a half, and Booleans. */
const HELD: Readonly<Partial<Record<DType, NumericType>>> = { float16: 'uint16', bool: 'uint8' };
/** NumPy's own bound on axes; what is nested deeper may hold itself. */
const MOST_AXES = 64;

/**
 * A tensor of what was given. Where it does not say its shape, and is not nested, it has that of the input: as many samples as
 * its length holds.
 *
 * errors: OPTION_INVALID for what is no array of numbers; DATA_MALFORMED for a shape that is not of its length; DATA_MISMATCH where the
 * input's shape does not divide it, or leaves too much open to tell.
 */
export function arrayFrom(name: string, given: unknown, input: ValueInfo | undefined): Tensor {
  if (isRecord(given)) return shapedFrom(name, given, input);
  const flat = flatOf(name, given);
  const { data, nested } = flat;
  const type = flat.type === 'uint16' && input?.dtype === 'float16' ? 'float16' : flat.type;
  return { type, data, dims: nested ?? dimsFor(name, data.length, input) };
}

function shapedFrom(
  name: string,
  given: Readonly<Record<string, unknown>>,
  input: ValueInfo | undefined,
): Tensor {
  const { data, dims, type } = given as {
    readonly data?: unknown;
    readonly dims?: unknown;
    readonly type?: unknown;
  };
  if (data === undefined || dims === undefined) throw noArray(name, given);
  if (!(Array.isArray(dims) || ArrayBuffer.isView(dims)) || !Array.from(dims as number[]).every(isLength))
    throw invalid(`${name}.dims must be an array of whole numbers from 0 on, not ${shown(dims)}`);
  const own = Array.from(dims as number[]);
  const elements = own.reduce((product, length) => product * length, 1);
  const flat = flatOf(`${name}.data`, data);
  const stated = type ?? (flat.type === 'uint16' && input?.dtype === 'float16' ? 'float16' : flat.type);
  const fits =
    typeof stated === 'string' &&
    (stated === flat.type ||
      HELD[stated as DType] === flat.type ||
      (flat.type === 'float64' && !ArrayBuffer.isView(data) && NUMERIC_TYPES.has(stated)));
  if (!fits)
    throw invalid(
      `${name}.type must be '${flat.type}', as its data are, not ${shown(type)}`,
      'Leave it out.',
    );
  const kept =
    stated === flat.type || HELD[stated as DType] === flat.type ? (stated as NumericType) : flat.type;
  return sized(name, { type: kept, data: flat.data, dims: own }, elements);
}

function sized(name: string, tensor: Tensor, elements: number): Tensor {
  if (tensor.data.length === elements) return tensor;
  throw new EspalierError(
    'DATA_MALFORMED',
    `${name} has ${tensor.data.length} elements, not ${elements} as its dims [${tensor.dims.join(', ')}] say`,
  );
}

/** The shape of an input, with as many samples on its first axis as so many elements are. */
function dimsFor(name: string, length: number, input: ValueInfo | undefined): readonly number[] {
  if (input === undefined) return [length];
  const { shape } = input;
  if (shape.length === 0) return length === 1 ? [] : [length];
  const [first, ...rest] = shape;
  const takes = `[${shape.map((axis) => (axis === '' ? '?' : axis)).join(', ')}]`;
  const open = rest.filter((axis) => typeof axis === 'string').length;
  const fixed = rest.reduce<number>((product, axis) => product * (typeof axis === 'number' ? axis : 1), 1);
  if (open > 1 || (open === 1 && typeof first === 'string'))
    throw mismatch(
      `${name} does not say its shape, and that of the input, ${takes}, leaves more than one axis open`,
      'Give it as { data, dims }.',
    );
  const step = open === 1 ? fixed * (first as number) : fixed;
  if (step === 0 || length % step !== 0)
    throw mismatch(
      `${name} has ${length} elements, which is no multiple of ${step}: the input takes ${takes}`,
      'Give as many numbers as the samples have together.',
    );
  if (open === 0) return [length / step, ...(rest as number[])];
  return [first as number, ...rest.map((axis) => (typeof axis === 'number' ? axis : length / step))];
}

interface Flat {
  readonly type: DType;
  readonly data: NumericData | readonly string[];
  /** The shape, where the nesting says it. */
  readonly nested?: readonly number[];
}

function flatOf(name: string, given: unknown): Flat {
  if (ArrayBuffer.isView(given)) {
    const type = TYPES[Object.prototype.toString.call(given).slice(8, -1)];
    if (type === undefined) throw noArray(name, given);
    const { buffer, byteOffset, byteLength } = given;
    if (type === 'float16') return { type, data: new Uint16Array(buffer, byteOffset, byteLength / 2) };
    // A Buffer and clamped bytes are bytes, with other methods.
    if (type === 'uint8') return { type, data: new Uint8Array(buffer, byteOffset, byteLength) };
    return { type, data: given as NumericData };
  }
  if (!Array.isArray(given)) return { ...numbersFrom(name, [given]), nested: [] };
  const dims: number[] = [];
  for (let level: unknown = given; Array.isArray(level); [level] = level) {
    dims.push(level.length);
    if (dims.length > MOST_AXES) throw noArray(name, given);
  }
  const leaves: unknown[] = [];
  collect(name, given, dims, 0, leaves);
  const flat = numbersFrom(name, leaves);
  return dims.length > 1 ? { ...flat, nested: dims } : flat;
}

function collect(name: string, given: unknown, dims: readonly number[], axis: number, into: unknown[]): void {
  if (axis === dims.length) {
    into.push(given);
    return;
  }
  if (!Array.isArray(given) || given.length !== dims[axis])
    throw mismatch(
      `${name} is no regular array: where [${dims.join(', ')}] begins, ${shown(given)} follows`,
      'Samples of unlike lengths have to be padded.',
    );
  for (const part of given) collect(name, part, dims, axis + 1, into);
}

function numbersFrom(name: string, leaves: readonly unknown[]): Flat {
  if (leaves.every((leaf) => typeof leaf === 'number'))
    return { type: 'float64', data: Float64Array.from(leaves as number[]) };
  if (leaves.length > 0 && leaves.every((leaf) => typeof leaf === 'string'))
    return { type: 'string', data: leaves };
  if (leaves.every((leaf) => typeof leaf === 'boolean'))
    return { type: 'bool', data: Uint8Array.from(leaves, Number) };
  if (leaves.every((leaf) => typeof leaf === 'bigint')) {
    if (leaves.every((leaf) => BigInt.asIntN(64, leaf) === leaf))
      return { type: 'int64', data: BigInt64Array.from(leaves) };
    if (leaves.every((leaf) => BigInt.asUintN(64, leaf) === leaf))
      return { type: 'uint64', data: BigUint64Array.from(leaves) };
    throw invalid(`${name} holds whole numbers beyond 64 bits`);
  }
  const [first] = leaves;
  const other = leaves.find(
    (leaf) =>
      typeof leaf !== typeof first || !['number', 'boolean', 'bigint', 'string'].includes(typeof leaf),
  );
  throw noArray(name, other);
}

const isLength = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const noArray = (name: string, given: unknown): EspalierError =>
  invalid(
    `${name} must be an array of numbers, not ${shown(given)}`,
    'Give a typed array, or an array with its shape: { data, dims }.',
  );

const mismatch = (what: string, todo: string): EspalierError =>
  new EspalierError('DATA_MISMATCH', what, {}, todo);
