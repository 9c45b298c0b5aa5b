import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';

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
export async function readZipEntries(file: FileHandle, size: number): Promise<readonly ZipEntry[]> {
  const { start, length, count } = await findDirectory(file, size);
  const directory = await readExactly(file, start, length);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50)
      throw new ZipFault(`its directory lists ${count} files, but holds ${i}`);
    const nameLength = directory.readUInt16LE(at + 28);
    const extraLength = directory.readUInt16LE(at + 30);
    const end = at + 46 + nameLength + extraLength;
    if (end > directory.length) throw new ZipFault('its directory is cut off');
    const name = directory.toString('utf8', at + 46, at + 46 + nameLength);
    entries.push(await readEntry(file, size, directory.subarray(at, end), name));
    at = end + directory.readUInt16LE(at + 32);
  }
  // Entries that share their bytes would make an archive as large as its square.
  if (entries.reduce((sum, { packed }) => sum + packed, 0) > size)
    throw new ZipFault('its files overlap each other');
  return entries;
}

async function findDirectory(file: FileHandle, size: number) {
  const tail = await readExactly(
    file,
    Math.max(0, size - END - MAX_COMMENT),
    Math.min(size, END + MAX_COMMENT),
  );
  let at = tail.length - END;
  while (at >= 0 && tail.readUInt32LE(at) !== 0x06054b50) at--;
  if (at < 0) throw new ZipFault('it is not a zip archive, or its end is missing');
  let count = tail.readUInt16LE(at + 10);
  let length = tail.readUInt32LE(at + 12);
  let start = tail.readUInt32LE(at + 16);
  if (at >= 20 && tail.readUInt32LE(at - 20) === 0x07064b50) {
    const record = await readExactly(file, toNumber(tail.readBigUInt64LE(at - 12)), 56, size);
    if (record.readUInt32LE(0) !== 0x06064b50) throw new ZipFault('its zip64 directory is missing');
    count = toNumber(record.readBigUInt64LE(32));
    length = toNumber(record.readBigUInt64LE(40));
    start = toNumber(record.readBigUInt64LE(48));
  }
  if (start + length > size || length > MAX_DIRECTORY)
    throw new ZipFault('its directory claims to lie outside of the file');
  return { start, length, count };
}

async function readEntry(file: FileHandle, size: number, record: Buffer, name: string): Promise<ZipEntry> {
  const flags = record.readUInt16LE(8);
  const method = record.readUInt16LE(10);
  let packed = record.readUInt32LE(20);
  let bytes = record.readUInt32LE(24);
  let header = record.readUInt32LE(42);
  const wide = zip64Extra(record.subarray(46 + record.readUInt16LE(28)));
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
  const local = await readExactly(file, header, 30, size);
  if (local.readUInt32LE(0) !== 0x04034b50) throw new ZipFault(`"${name}" is not where the directory says`);
  const start = header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  if (start + packed > size) throw new ZipFault(`"${name}" claims to reach beyond the end of the file`);
  if (method === 0 ? packed !== bytes : bytes > packed * MAX_RATIO)
    throw new ZipFault(`"${name}" claims to hold ${bytes} bytes in ${packed}`);
  return { name, deflated: method === 8, start, packed, bytes, crc: record.readUInt32LE(16) };
}

/** The 64-bit numbers of the zip64 extra field, in order. */
function zip64Extra(extra: Buffer): bigint[] {
  let at = 0;
  while (at + 4 <= extra.length) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1 && end <= extra.length) {
      const numbers = [];
      for (let p = at + 4; p + 8 <= end; p += 8) numbers.push(extra.readBigUInt64LE(p));
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
  file: FileHandle,
  entry: ZipEntry,
  want: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const out = new Uint8Array(want);
  let filled = 0;
  const packed = Readable.from(chunks(file, entry.start, entry.packed));
  const unpacked = createInflateRaw();
  packed.on('error', (error) => unpacked.destroy(error));
  try {
    for await (const chunk of packed.pipe(unpacked) as AsyncIterable<Buffer>) {
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
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
  if (filled < want) throw new ZipFault(`"${entry.name}" holds less than it claims`);
  if (want === entry.bytes && crc32(out) !== entry.crc)
    throw new ZipFault(`"${entry.name}" has a wrong checksum`);
  return out;
}

/** A part of the file, piece by piece. (A stream of a `FileHandle` would close it.) */
async function* chunks(file: FileHandle, start: number, bytes: number): AsyncGenerator<Buffer> {
  const step = 256 * 1024;
  for (let at = 0; at < bytes; at += step)
    yield await readExactly(file, start + at, Math.min(step, bytes - at));
}

/** `bytes` at `at`, or a `ZipFault` where the file is shorter. */
export async function readExactly(
  file: FileHandle,
  at: number,
  bytes: number,
  size = Number.MAX_SAFE_INTEGER,
): Promise<Buffer> {
  if (at + bytes > size) throw new ZipFault('it is cut off');
  const out = Buffer.alloc(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await file.read(out, filled, Math.min(bytes - filled, 1 << 30), at + filled);
    if (bytesRead === 0) throw new ZipFault('it is cut off');
    filled += bytesRead;
  }
  return out;
}

function toNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ZipFault('it claims sizes beyond all bounds');
  return Number(value);
}
