import { viewOf } from '../base/bytes.js';
import { bytesOf, type NumericType } from '../runtime/dtypes.js';

/** What the header of an `.npy` says. Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
export interface NpyHeader {
  /** NumPy's name of the element type, such as '<f4'. */
  readonly descr: string;
  /** Nothing where the elements are no numbers. Neither numbers nor texts (records, pickled objects): such an array can be listed only. */
  readonly type: NumericType | undefined;
  /** Where the elements are texts, bytes of each: as UTF-32 or as single bytes, filled up with zeros. */
  readonly text: { readonly wide: boolean; readonly bytes: number } | undefined;
  readonly bigEndian: boolean;
  /** First axis fastest. */
  readonly fortran: boolean;
  readonly dims: readonly number[];
  /** Where the elements begin. */
  readonly start: number;
  /** Of the elements; nothing for elements without a known size. */
  readonly bytes: number | undefined;
}

const TYPES: Readonly<Record<string, NumericType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};

/** Headers are some hundred bytes; NumPy itself refuses more than ten thousand unless told otherwise. */
const MAX_HEADER = 65_536;
/** NumPy's own bound. */
const MAX_AXES = 64;

/** How many bytes of the file `parseHeader` needs, or in plain words why these are not the start of an `.npy`. */
export function headerLength(start: Uint8Array): number | string {
  const view = viewOf(start);
  if (start.length < 10) return 'it is too short for an .npy';
  if (view.getUint32(0) !== 0x934e554d || view.getUint16(4) !== 0x5059)
    return 'it does not begin as an .npy does';
  const major = start[6]!;
  if (major < 1 || major > 3) return `it is of .npy version ${major}, which is not known`;
  if (major > 1 && start.length < 12) return 'it is too short for an .npy';
  const length = major === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
  return length > MAX_HEADER ? `its header claims ${length} bytes` : length;
}

/** `start`: at least `headerLength` bytes. A string says in plain words what is wrong. */
export function parseHeader(start: Uint8Array): NpyHeader | string {
  const length = headerLength(start);
  if (typeof length === 'string') return length;
  if (start.length < length) return `its header claims ${length} bytes, and there are ${start.length}`;
  const words = new TextDecoder().decode(start.subarray(start[6] === 1 ? 10 : 12, length));

  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(words)?.[1];
  const shape = /'shape'\s*:\s*\(([\dL,\s]*)\)/.exec(words)?.[1];
  const descr = /'descr'\s*:\s*(?:'([^']*)'|(\[))/.exec(words);
  if (fortran === undefined || shape === undefined || descr === null) return 'its header cannot be read';

  const dims = shape
    .split(',')
    .map((dim) => dim.trim().replace(/L$/, ''))
    .filter((dim) => dim !== '')
    .map(Number);
  if (dims.length > MAX_AXES) return `its shape has ${dims.length} axes, and NumPy has ${MAX_AXES} at most`;
  const elements = dims.reduce((product, dim) => product * dim, 1);
  if (![...dims, elements].every(Number.isSafeInteger)) return `its shape (${shape}) is beyond all bounds`;

  const code = descr[1] ?? 'records';
  const type = /^[<>=|]/.test(code) ? TYPES[code.slice(1)] : undefined;
  const [, kind, letters] = /^[<>=|]([US])(\d+)$/.exec(code) ?? [];
  const text =
    kind === undefined ? undefined : { wide: kind === 'U', bytes: Number(letters) * (kind === 'U' ? 4 : 1) };
  const each = text?.bytes ?? (type && bytesOf(type));
  const bytes = each === undefined ? undefined : elements * each;
  if (bytes !== undefined && !Number.isSafeInteger(bytes)) return `its shape (${shape}) is beyond all bounds`;
  return {
    descr: code,
    type,
    text,
    bigEndian: code.startsWith('>'),
    fortran: fortran === 'True' && dims.length > 1,
    dims,
    start: length,
    bytes,
  };
}

/** Reverses the bytes of every element, in place. */
export function swapBytes(bytes: Uint8Array, size: number): void {
  if (size === 1) return;
  for (let at = 0; at + size <= bytes.length; at += size)
    for (let [low, high] = [at, at + size - 1]; low < high; low++, high--) {
      const byte = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = byte;
    }
}

/** Elements with the first axis fastest, put in the order in which the last one is. */
export function toRowMajor(bytes: Uint8Array, size: number, dims: readonly number[]): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const index = dims.map(() => 0);
  const strides = dims.map((_, axis) => dims.slice(0, axis).reduce((product, dim) => product * dim, size));
  let from = 0;
  for (let to = 0; to < out.length; to += size) {
    for (let byte = 0; byte < size; byte++) out[to + byte] = bytes[from + byte]!;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      from += strides[axis]!;
      if (index[axis]! < dims[axis]!) break;
      from -= strides[axis]! * dims[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/**
 * Texts of so many bytes each, without the zeros that fill them up. Single bytes are read as UTF-8, and what is no character becomes
 * the replacement character.
 */
export function textsOf(
  bytes: Uint8Array,
  { wide, bytes: each }: NonNullable<NpyHeader['text']>,
  count: number,
): string[] {
  const view = viewOf(bytes);
  const single = new TextDecoder();
  return Array.from({ length: count }, (_, i) => {
    const start = i * each;
    if (!wide) {
      let end = start + each;
      while (end > start && bytes[end - 1] === 0) end -= 1;
      return single.decode(bytes.subarray(start, end));
    }
    let text = '';
    for (let at = start; at < start + each; at += 4) {
      const point = view.getUint32(at, true);
      text += point > 0x10ffff ? '\ufffd' : String.fromCodePoint(point);
    }
    return text.replace(/\0+$/, '');
  });
}
