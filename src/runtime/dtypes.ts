import type { DType, NumericData, Tensor } from './runtime.js';

/** Element types that have a typed array. */
export type NumericType = Exclude<DType, 'string'>;

const ARRAYS = {
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

/** Their names. */
export const NUMERIC_TYPES: ReadonlySet<string> = new Set(Object.keys(ARRAYS));

/** Bytes of one element as it is held in memory: 1 to 8. */
export const bytesOf = (type: NumericType): number => ARRAYS[type].BYTES_PER_ELEMENT;

/** Zeros. */
export const zeros = (type: NumericType, length: number): NumericData => new ARRAYS[type](length);

/** Little-endian bytes as elements, copied where they are not aligned. */
export function fromBytes(type: NumericType, bytes: Uint8Array): NumericData {
  const size = bytesOf(type);
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new ARRAYS[type](aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / size);
}

/** Whether elements are floats: float16, float32 or float64. */
export const isFloat = (type: DType): boolean => type.startsWith('float');

/** A tensor's elements as numbers; 64-bit integers beyond 2^53 are rounded. Not for strings. */
export function numbersOf({ type, data }: Tensor): ArrayLike<number> {
  if (type === 'float16') return halvesToNumbers(data as Uint16Array);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    const numbers = new Float64Array(data.length);
    for (let i = 0; i < data.length; i++) numbers[i] = Number(data[i]);
    return numbers;
  }
  return data as ArrayLike<number>;
}

/** Every half there is, made when the first array of them comes. */
let everyHalf: Float32Array | undefined;

/** IEEE 754 half-precision numbers, given by their bits, as float32, which holds each of them exactly. */
export function halvesToNumbers(bits: Uint16Array): Float32Array {
  everyHalf ??= Float32Array.from({ length: 1 << 16 }, (_, half) => halfToNumber(half));
  const numbers = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) numbers[i] = everyHalf[bits[i]!]!;
  return numbers;
}

/** The IEEE 754 half-precision number of these 16 bits; subnormals, infinities and NaN included. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** Rounded to nearest, ties to even; what is beyond the range becomes infinite. */
export function numberToHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  // The distance between neighbours at this size: 2^-24 for subnormals, else 2^(exponent - 10).
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const step = 2 ** (Math.max(-14, size < 2 ** exponent ? exponent - 1 : exponent) - 10);
  const steps = roundToEven(size / step);
  // Counted in steps, a normal number is 1024 and more, and the bits of its exponent follow by themselves.
  return sign | (Math.round(Math.log2(step) + 24) * 1024 + steps);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
