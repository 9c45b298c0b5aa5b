import { Zip, ZipPassThrough } from 'fflate';
import { viewOf } from '../base/bytes.js';
import { EspalierError } from '../base/errors.js';
import { bytesOf, type NumericType } from '../runtime/dtypes.js';
import type { DataArray, Dataset } from './dataset.js';

/** Samples that are read and written at once. */
const AT_ONCE = 32;
/** An archive of this library's has no larger sizes in it. */
const MOST_BYTES = 2 ** 32 - 1;

/**
 * Samples as an `.npz`, piece by piece: stored uncompressed, so that `loadData` reads parts of it where they lie. It depends on the samples alone.
 *
 * errors: those of reading the arrays; OPTION_INVALID beyond 4 GB; the signal's reason
 */
export async function* npzOf({ arrays }: Dataset, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  checkSize([...arrays.values()]);
  const pieces: Uint8Array[] = [];
  const zip = new Zip((error, data) => {
    if (error !== null) throw error;
    pieces.push(data);
  });
  for (const array of arrays.values()) {
    const entry = new ZipPassThrough(`${array.name}.npy`);
    // Years count from 1980 in archives.
    entry.mtime = new Date(1980, 0, 1);
    zip.add(entry);
    for await (const bytes of npyOf(array, signal)) {
      entry.push(bytes);
      yield* pieces.splice(0);
    }
    entry.push(new Uint8Array(), true);
  }
  zip.end();
  yield* pieces.splice(0);
}

function checkSize(arrays: readonly DataArray[]): void {
  const bytes = arrays.reduce(
    (sum, { dims, type }) => sum + dims.reduce((a, b) => a * b, 1) * bytesOf(type ?? 'uint8'),
    0,
  );
  if (bytes < MOST_BYTES) return;
  throw new EspalierError(
    'OPTION_INVALID',
    `the samples are ${(bytes / 1e9).toFixed(1)} GB, and an archive of them holds 4.2 GB`,
    {},
    'Take fewer of them.',
  );
}

const DESCR: Readonly<Record<NumericType, string>> = {
  float16: '<f2',
  float32: '<f4',
  float64: '<f8',
  int8: '|i1',
  int16: '<i2',
  int32: '<i4',
  int64: '<i8',
  uint8: '|u1',
  uint16: '<u2',
  uint32: '<u4',
  uint64: '<u8',
  bool: '|b1',
};

/** The bytes of an array's `.npy`, piece by piece. Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
async function* npyOf(array: DataArray, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const { dims, type, texts } = array;
  const count = dims[0] ?? 1;
  if (texts !== undefined) {
    const all = await texts.call(array, 0, count, signal);
    const points = all.map((text) => Array.from(text, (letter) => letter.codePointAt(0)!));
    const width = Math.max(1, ...points.map(({ length }) => length));
    yield header(`<U${width}`, dims);
    const bytes = new Uint8Array(4 * width * points.length);
    const view = viewOf(bytes);
    for (const [i, own] of points.entries())
      for (const [j, point] of own.entries()) view.setUint32(4 * (i * width + j), point, true);
    yield bytes;
    return;
  }
  if (type === undefined) return;
  yield header(DESCR[type], dims);
  for (let from = 0; from < count; from += AT_ONCE) {
    const data = await array.read(from, Math.min(count, from + AT_ONCE), signal);
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
}

/** A header, filled up so that the elements begin at a multiple of 64 bytes. */
function header(descr: string, dims: readonly number[]): Uint8Array {
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(', ');
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  const before = 10;
  const text = `${dict.padEnd(64 * Math.ceil((dict.length + before + 1) / 64) - before - 1)}\n`;
  const bytes = new Uint8Array(before + text.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  viewOf(bytes).setUint16(8, text.length, true);
  bytes.set(new TextEncoder().encode(text), before);
  return bytes;
}
