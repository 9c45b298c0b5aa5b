import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';

/** The bytes of an `.npy`, with whatever header is wanted. */
export function npy(descr: string, shape: string, data: Uint8Array, { fortran = false, version = 1 } = {}) {
  const dict = `{'descr': ${descr.startsWith('[') ? descr : `'${descr}'`}, 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${shape}), }`;
  const before = version === 1 ? 10 : 12;
  const text = `${dict.padEnd(64 * Math.ceil((dict.length + before + 1) / 64) - before - 1)}\n`;
  const head = Buffer.alloc(before);
  head.write('\x93NUMPY', 'latin1');
  head[6] = version;
  if (version === 1) head.writeUInt16LE(text.length, 8);
  else head.writeUInt32LE(text.length, 8);
  return Buffer.concat([head, strToU8(text), data]);
}

export const bytes = (data: ArrayBufferView): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

export const float32 = (shape: string, ...values: number[]): Buffer =>
  npy('<f4', shape, bytes(new Float32Array(values)));

export const int64 = (shape: string, ...values: bigint[]): Buffer =>
  npy('<i8', shape, bytes(new BigInt64Array(values)));

export const npz = (files: Readonly<Record<string, Uint8Array>>, level: 0 | 6 = 6): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(files).map(([name, data]) => [`${name}.npy`, data])), { level });

export async function written(name: string, data: Uint8Array): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'espalier-data-')), name);
  await writeFile(path, data);
  return path;
}
