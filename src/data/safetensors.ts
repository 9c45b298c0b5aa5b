import { textOf, viewOf } from '../base/bytes.js';
import type { OpenedFile } from '../platform/index.js';
import { fromBytes, type NumericType } from '../runtime/dtypes.js';
import type { NumericData } from '../runtime/runtime.js';
import { isRecord } from '../schema/fields.js';
import { readExactly, ZipFault } from './zip.js';

/** An array of a `.safetensors`: what its header says, checked against the file's size. */
export interface SafeTensor {
  readonly name: string;
  /** The file's name of the element type, such as 'F32'. */
  readonly descr: string;
  /** The type that its elements are given in; undefined where there is none for them. */
  readonly type: NumericType | undefined;
  readonly dims: readonly number[];
  /** Where its elements begin in the file, and bytes of each. */
  readonly start: number;
  readonly size: number;
}

const TYPES: Readonly<Record<string, readonly [bytes: number, type: NumericType | undefined]>> = {
  F64: [8, 'float64'],
  F32: [4, 'float32'],
  F16: [2, 'float16'],
  BF16: [2, 'float32'],
  I64: [8, 'int64'],
  I32: [4, 'int32'],
  I16: [2, 'int16'],
  I8: [1, 'int8'],
  U64: [8, 'uint64'],
  U32: [4, 'uint32'],
  U16: [2, 'uint16'],
  U8: [1, 'uint8'],
  BOOL: [1, 'bool'],
};

/** As the format's own library has it. */
const MOST_HEADER = 100_000_000;

/** Whether a file begins as a `.safetensors` does: eight bytes of a length, and a JSON object. */
export const isSafetensors = (start: Uint8Array): boolean =>
  start.length >= 9 && start[6] === 0 && start[7] === 0 && start[8] === 0x7b;

/**
 * The arrays of a file. Format: https://huggingface.co/docs/safetensors
 *
 * errors: ZipFault in plain words where the file contradicts itself
 */
export async function readSafetensors(file: OpenedFile): Promise<readonly SafeTensor[]> {
  const { size } = file.state;
  const length = Number(viewOf(await readExactly(file, 0, 8)).getBigUint64(0, true));
  if (length > MOST_HEADER || 8 + length > size) throw new ZipFault(`its header claims ${length} bytes`);
  const header = parsed(textOf(await readExactly(file, 8, length)));
  const tensors = Object.entries(header).flatMap(([name, entry]) =>
    name === '__metadata__' ? [] : [tensorOf(name, entry, 8 + length, size)],
  );
  return tensors;
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const header: unknown = JSON.parse(text);
    if (isRecord(header)) return header;
  } catch {
    // As below.
  }
  throw new ZipFault('its header is no JSON object');
}

function tensorOf(name: string, entry: unknown, base: number, fileSize: number): SafeTensor {
  const {
    dtype,
    shape,
    data_offsets: offsets,
  } = (isRecord(entry) ? entry : {}) as Readonly<Record<string, unknown>>;
  const [bytes, type] = TYPES[String(dtype)] ?? [0, undefined];
  if (bytes === 0) throw new ZipFault(`"${name}" has the element type ${String(dtype)}, which is not known`);
  if (!isLengths(shape) || !isLengths(offsets) || offsets.length !== 2)
    throw new ZipFault(`"${name}" has no shape, or no place`);
  const [from, to] = offsets as readonly [number, number];
  const elements = shape.reduce((product, axis) => product * axis, 1);
  if (to - from !== elements * bytes || base + to > fileSize)
    throw new ZipFault(`"${name}" takes ${elements * bytes} bytes, and ${to - from} are there`);
  return { name, descr: String(dtype), type, dims: shape, start: base + from, size: bytes };
}

const isLengths = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 0);

/** Elements of their bytes. */
export function elementsOf({ descr, type, size }: SafeTensor, bytes: Uint8Array): NumericData {
  if (descr !== 'BF16' || type === undefined) return fromBytes(type ?? 'uint8', bytes);
  // The upper half of a float32.
  const wide = new Uint8Array(bytes.length * 2);
  for (let i = 0; i < bytes.length; i += size) wide.set(bytes.subarray(i, i + size), 2 * i + 2);
  return fromBytes('float32', wide);
}
