import type { StoredType } from '../../src/model/document.js';
import { fromBytes, type NumericType, numbersOf } from '../../src/runtime/dtypes.js';
import type { NumericData } from '../../src/runtime/runtime.js';

/** A recorded tensor. `data` is undefined where JavaScript has no array of its elements: bfloat16, 4 and 8 bit floats. */
export interface Recorded {
  readonly dtype: StoredType;
  readonly dims: readonly number[];
  readonly data: NumericData | readonly string[] | undefined;
}

/** Element types by their number in TensorProto.DataType. source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
const DTYPES: readonly StoredType[] = (
  'float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64 uint32 uint64 complex64 complex128 ' +
  'bfloat16 float8e4m3fn float8e4m3fnuz float8e5m2 float8e5m2fnuz uint4 int4 float4e2m1 float8e8m0 uint2 int2'
).split(' ') as StoredType[];

/** Each has the same bits in the field that holds it, widened; those of int32_data lose their upper bytes. */
const ARRAYS: ReadonlySet<string> = new Set<NumericType>([
  'float32',
  'float64',
  'float16',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
]);

export const hasArray = (dtype: string): dtype is NumericType => ARRAYS.has(dtype);

/** A tensor's elements as numbers; undefined for text and for types without an array. */
export const recordedNumbers = ({ dtype, dims, data }: Recorded): ArrayLike<number> | undefined =>
  data === undefined || !hasArray(dtype)
    ? undefined
    : numbersOf({ type: dtype, data: data as NumericData, dims });

/** Reads the TensorProto of a .pb file. */
export function readTensor(bytes: Uint8Array): Recorded {
  const dims: number[] = [];
  const strings: string[] = [];
  const varints: bigint[] = [];
  let dtype: StoredType | undefined;
  let raw: Uint8Array | undefined;
  for (const { field, value } of fields(bytes)) {
    if (field === 1) dims.push(...integers(value).map(Number));
    else if (field === 2) dtype = DTYPES[Number(value) - 1];
    else if (field === 4 || field === 9 || field === 10) raw = value as Uint8Array;
    else if (field === 5 || field === 7 || field === 11) varints.push(...integers(value));
    else if (field === 6) strings.push(new TextDecoder().decode(value as Uint8Array));
  }
  if (dtype === undefined) throw new Error('a recorded tensor has a type that is not known');
  if (dtype === 'string') return { dtype, dims, data: strings };
  if (!hasArray(dtype)) return { dtype, dims, data: undefined };
  const count = dims.reduce((a, b) => a * b, 1);
  return { dtype, dims, data: fromBytes(dtype, raw ?? narrowed(varints, count, dtype)) };
}

/** Integers of one of the typed fields, as the little-endian bytes of the tensor's own type. */
function narrowed(varints: readonly bigint[], count: number, dtype: NumericType): Uint8Array {
  const wide = new Uint8Array(BigInt64Array.from(varints).buffer);
  const size = fromBytes(dtype, wide).BYTES_PER_ELEMENT;
  const bytes = new Uint8Array(count * size);
  for (let i = 0; i < varints.length; i++) bytes.set(wide.subarray(8 * i, 8 * i + size), size * i);
  return bytes;
}

type Payload = bigint | Uint8Array;

const integers = (value: Payload): bigint[] => {
  if (typeof value === 'bigint') return [value];
  const found: bigint[] = [];
  for (let at = 0; at < value.length; ) {
    const [number, next] = varint(value, at);
    found.push(number);
    at = next;
  }
  return found;
};

/** The fields of a message in the protobuf wire format: `bytes` are the whole field, `value` is what it holds. */
export function* fields(message: Uint8Array): Generator<{
  readonly field: number;
  readonly value: Payload;
  readonly bytes: Uint8Array;
}> {
  for (let at = 0; at < message.length; ) {
    const begin = at;
    const [key, start] = varint(message, at);
    const field = Number(key >> 3n);
    const wire = Number(key & 7n);
    if (wire === 0) {
      const [value, next] = varint(message, start);
      at = next;
      yield { field, value, bytes: message.subarray(begin, at) };
      continue;
    }
    const [length, from] = wire === 2 ? varint(message, start) : [wire === 1 ? 8n : 4n, start];
    at = from + Number(length);
    if (at > message.length) throw new Error('a message is cut off');
    yield { field, value: message.slice(from, at), bytes: message.subarray(begin, at) };
  }
}

/** The TensorProto of a tensor whose elements have an array. */
export function encodeTensor(name: string, { dtype, dims, data }: Recorded): Uint8Array {
  const text = new TextEncoder();
  const content = Array.isArray(data)
    ? data.map((item: string) => message(6, text.encode(item)))
    : [message(9, bytesOf(data as NumericData))];
  return Buffer.concat([
    ...dims.map((length) => encodeVarints(8, length)),
    encodeVarints(16, DTYPES.indexOf(dtype) + 1),
    message(8, text.encode(name)),
    ...content,
  ]);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: NumericData): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** A field that holds a message, bytes or text. */
export const message = (field: number, payload: Uint8Array): Uint8Array =>
  Buffer.concat([encodeVarints(field * 8 + 2, payload.length), payload]);

function encodeVarints(...numbers: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (const number of numbers) {
    let rest = number;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}

function varint(bytes: Uint8Array, from: number): readonly [value: bigint, next: number] {
  let value = 0n;
  for (let at = from, shift = 0n; at < bytes.length; at++, shift += 7n) {
    const byte = bytes[at]!;
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return [BigInt.asIntN(64, value), at + 1];
  }
  throw new Error('a message is cut off');
}
