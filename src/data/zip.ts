import { textOf, viewOf } from '../base/bytes.js';
import { crc32, inflated, type OpenedFile } from '../platform/index.js';

/** One file in a zip archive, its claims checked against the archive's own size. */
export interface ZipEntry {
  readonly name: string;
  readonly deflated: boolean;
  /** Where its bytes lie in the archive, and how many. */
  readonly start: number;
  readonly packed: number;
  /** Bytes when unpacked. */
  readonly bytes: number;
  readonly crc: number;
}

/** An archive that cannot be read, in plain words. The caller knows the file and turns it into an `EspalierError`. */
export class ZipFault extends Error {}

/** Deflate reaches 1032:1 and no more (zlib's technical notes), so a claim beyond it is a lie. */
const MAX_RATIO = 1032;
const END = 22;
const MAX_COMMENT = 65_535;
const MAX_DIRECTORY = 16 * 1024 * 1024;

/** The list of an archive's files. Format: https://pkware.cachefly.net/webdocs/APPNOTE/APPNOTE-6.3.9.TXT */
export async function readZipEntries(file: OpenedFile): Promise<readonly ZipEntry[]> {
  const { start, length, count } = await findDirectory(file);
  const directory = await readExactly(file, start, length);
  const view = viewOf(directory);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > directory.length || view.getUint32(at, true) !== 0x02014b50)
      throw new ZipFault(`its directory lists ${count} files, but holds ${i}`);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const end = at + 46 + nameLength + extraLength;
    if (end > directory.length) throw new ZipFault('its directory is cut off');
    const name = textOf(directory.subarray(at + 46, at + 46 + nameLength));
    entries.push(await readEntry(file, directory.subarray(at, end), name));
    at = end + view.getUint16(at + 32, true);
  }
  // Entries that share their bytes would let a small archive unpack to its size times the number of its entries.
  if (entries.reduce((sum, { packed }) => sum + packed, 0) > file.state.size)
    throw new ZipFault('its files overlap each other');
  return entries;
}

async function findDirectory(file: OpenedFile) {
  const { size } = file.state;
  const tail = viewOf(
    await readExactly(file, Math.max(0, size - END - MAX_COMMENT), Math.min(size, END + MAX_COMMENT)),
  );
  let at = tail.byteLength - END;
  while (at >= 0 && tail.getUint32(at, true) !== 0x06054b50) at--;
  if (at < 0) throw new ZipFault('it is not a zip archive, or its end is missing');
  let count = tail.getUint16(at + 10, true);
  let length = tail.getUint32(at + 12, true);
  let start = tail.getUint32(at + 16, true);
  if (at >= 20 && tail.getUint32(at - 20, true) === 0x07064b50) {
    const record = viewOf(await readExactly(file, toNumber(tail.getBigUint64(at - 12, true)), 56));
    if (record.getUint32(0, true) !== 0x06064b50) throw new ZipFault('its zip64 directory is missing');
    count = toNumber(record.getBigUint64(32, true));
    length = toNumber(record.getBigUint64(40, true));
    start = toNumber(record.getBigUint64(48, true));
  }
  if (start + length > size || length > MAX_DIRECTORY)
    throw new ZipFault('its directory claims to lie outside of the file');
  return { start, length, count };
}

async function readEntry(file: OpenedFile, bytesOfRecord: Uint8Array, name: string): Promise<ZipEntry> {
  const record = viewOf(bytesOfRecord);
  const flags = record.getUint16(8, true);
  const method = record.getUint16(10, true);
  let packed = record.getUint32(20, true);
  let bytes = record.getUint32(24, true);
  let header = record.getUint32(42, true);
  const wide = zip64Extra(bytesOfRecord.subarray(46 + record.getUint16(28, true)));
  const take = () => {
    if (wide.length === 0) throw new ZipFault(`"${name}" lacks its 64-bit sizes`);
    return toNumber(wide.shift()!);
  };
  if (bytes === 0xffff_ffff) bytes = take();
  if (packed === 0xffff_ffff) packed = take();
  if (header === 0xffff_ffff) header = take();

  if (flags & 1) throw new ZipFault(`"${name}" is encrypted`);
  if (method !== 0 && method !== 8)
    throw new ZipFault(`"${name}" is packed with method ${method}; only stored and deflated can be read`);
  const local = viewOf(await readExactly(file, header, 30));
  if (local.getUint32(0, true) !== 0x04034b50)
    throw new ZipFault(`"${name}" is not where the directory says`);
  const start = header + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  if (start + packed > file.state.size)
    throw new ZipFault(`"${name}" claims to reach beyond the end of the file`);
  if (method === 0 ? packed !== bytes : bytes > packed * MAX_RATIO)
    throw new ZipFault(`"${name}" claims to hold ${bytes} bytes in ${packed}`);
  return { name, deflated: method === 8, start, packed, bytes, crc: record.getUint32(16, true) };
}

/** The 64-bit numbers of the zip64 extra field, in order. */
function zip64Extra(bytes: Uint8Array): bigint[] {
  const extra = viewOf(bytes);
  let at = 0;
  while (at + 4 <= bytes.length) {
    const end = at + 4 + extra.getUint16(at + 2, true);
    if (extra.getUint16(at, true) === 1 && end <= bytes.length) {
      const numbers = [];
      for (let p = at + 4; p + 8 <= end; p += 8) numbers.push(extra.getBigUint64(p, true));
      return numbers;
    }
    at = end;
  }
  return [];
}

/**
 * Unpacks the first `want` bytes of a deflated entry. Never holds more than they and a chunk.
 * With `want` all of it, the checksum is compared.
 */
export async function inflate(
  file: OpenedFile,
  entry: ZipEntry,
  want: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const out = new Uint8Array(want);
  let filled = 0;
  try {
    for await (const chunk of inflated(chunks(file, entry.start, entry.packed))) {
      signal?.throwIfAborted();
      if (filled + chunk.length > entry.bytes)
        throw new ZipFault(`"${entry.name}" holds more than it claims`);
      const part = chunk.subarray(0, want - filled);
      out.set(part, filled);
      filled += part.length;
      if (filled === want && want < entry.bytes) break;
    }
  } catch (error) {
    if (error instanceof ZipFault || signal?.aborted) throw error;
    const words = error instanceof Error ? error.message : String(error);
    throw new ZipFault(`"${entry.name}" cannot be unpacked (${words})`);
  }
  if (filled < want) throw new ZipFault(`"${entry.name}" holds less than it claims`);
  if (want === entry.bytes && crc32(out) !== entry.crc)
    throw new ZipFault(`"${entry.name}" has a wrong checksum`);
  return out;
}

/** A part of the file, piece by piece. */
async function* chunks(file: OpenedFile, start: number, bytes: number): AsyncGenerator<Uint8Array> {
  const step = 256 * 1024;
  for (let at = 0; at < bytes; at += step)
    yield await readExactly(file, start + at, Math.min(step, bytes - at));
}

/** `bytes` at `at`, or a `ZipFault` where the file is shorter; nothing is set aside for them then. */
export async function readExactly(
  file: OpenedFile,
  at: number,
  bytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (at + bytes > file.state.size) throw new ZipFault('it is cut off');
  const read = await file.read(at, bytes);
  if (read.length < bytes) throw new ZipFault('it is cut off');
  return read;
}

function toNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ZipFault('it claims sizes beyond all bounds');
  return Number(value);
}
