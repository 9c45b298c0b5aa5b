import { open, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, sep } from 'node:path';
import { EspalierError } from '../base/errors.js';
import type { ExternalFile } from './worker.js';

/**
 * The files beside a model that hold tensors of it, by the names that the model has for them. Whoever is no model has none.
 *
 * Read from the wire format: only the lengths and the short names are read, weights are skipped.
 * errors: EXTERNAL_DATA for a name that leads out of the model's folder, links included, or to what is no file;
 * FILE_NOT_FOUND, FILE_UNREADABLE.
 * source: TensorProto.external_data, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export async function externalFiles(model: string): Promise<ExternalFile[]> {
  // A pipe would be waited for.
  const found = stat(model).then((info) => {
    if (!info.isFile()) throw new Error('it is not a regular file');
    return open(model);
  });
  const file = await found.catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ENOENT';
    const what = missing ? 'the model does not exist' : `the model cannot be read (${cause.message})`;
    throw new EspalierError(missing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', what, { file: model }, '', {
      cause,
    });
  });
  try {
    const names = new Set<string>();
    const scan = new Scan(async (from, bytes) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, from);
      return buffer.subarray(0, bytesRead);
    }, names);
    const { size } = await file.stat();
    await scan.message(0, size, MODEL);
    return await Promise.all([...names].map(async (path) => ({ path, data: await beside(model, path) })));
  } finally {
    await file.close();
  }
}

async function beside(model: string, path: string): Promise<string> {
  const refuse = (what: string): EspalierError =>
    new EspalierError('EXTERNAL_DATA', `external data ${what}: "${path}"`, { file: model });
  const inside = normalize(path);
  if (isAbsolute(inside) || inside === '..' || inside.startsWith(`..${sep}`))
    throw refuse("lie outside the model's folder");
  const data = join(dirname(model), inside);
  const real = await realpath(data).catch(() => undefined);
  // What is not there the runtime tells.
  if (real === undefined) return data;
  // The model's folder, and that of the file which its name links to.
  const folders = [await realpath(dirname(model)), dirname(await realpath(model))];
  if (!folders.some((folder) => real.startsWith(folder.endsWith(sep) ? folder : folder + sep)))
    throw refuse("lie outside the model's folder");
  if (!(await stat(real)).isFile()) throw refuse('are no file');
  return data;
}

/** Fields that lead to the location of external data: what lies in them, by number. */
interface Fields {
  readonly [field: number]: () => Fields;
}

const ENTRY: Fields = {};
const TENSOR: Fields = { 13: () => ENTRY };
const ATTRIBUTE: Fields = { 5: () => TENSOR, 6: () => GRAPH, 10: () => TENSOR, 11: () => GRAPH };
const NODE: Fields = { 5: () => ATTRIBUTE };
const GRAPH: Fields = { 1: () => NODE, 5: () => TENSOR };
const FUNCTION: Fields = { 7: () => NODE };
const MODEL: Fields = { 7: () => GRAPH, 25: () => FUNCTION };

/** Bytes read at once: what is between two of them is seldom more than a name. */
const WINDOW = 64 * 1024;
const DEEPEST = 64;
/** A location is a file name; an entry that is longer is none. */
const LONGEST = 4096;

class Scan {
  #window: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(
    readonly read: (from: number, bytes: number) => Promise<Buffer>,
    readonly names: Set<string>,
  ) {}

  /** Stops where the bytes are no message: the runtime tells what is wrong with a file. */
  async message(from: number, end: number, fields: Fields, depth = 0): Promise<void> {
    let at = from;
    while (at < end) {
      const key = await this.#varint(at, end);
      if (key === undefined) return;
      at = key.end;
      const wire = key.value & 7;
      if (wire === 0) {
        const skipped = await this.#varint(at, end);
        if (skipped === undefined) return;
        at = skipped.end;
      } else if (wire === 1) at += 8;
      else if (wire === 5) at += 4;
      else if (wire === 2) {
        const length = await this.#varint(at, end);
        if (length === undefined || length.end + length.value > end) return;
        const inner = fields[Math.floor(key.value / 8)]?.();
        at = length.end + length.value;
        if (inner === ENTRY) await this.#entry(length.end, at);
        else if (inner !== undefined && depth < DEEPEST) await this.message(length.end, at, inner, depth + 1);
      } else return;
    }
  }

  /** StringStringEntryProto: key 1, value 2. */
  async #entry(from: number, end: number): Promise<void> {
    if (end - from > LONGEST) return;
    const words: string[] = [];
    let at = from;
    while (at < end) {
      const key = await this.#varint(at, end);
      const length = key && (await this.#varint(key.end, end));
      if (key === undefined || length === undefined || (key.value & 7) !== 2) return;
      at = length.end + length.value;
      if (at > end) return;
      words[Math.floor(key.value / 8)] = (await this.#bytes(length.end, length.value)).toString('utf8');
    }
    if (words[1] === 'location' && words[2] !== undefined) this.names.add(words[2]);
  }

  async #varint(from: number, end: number): Promise<{ value: number; end: number } | undefined> {
    const bytes = await this.#bytes(from, Math.min(10, end - from));
    let value = 0;
    for (let i = 0; i < bytes.length; i++) {
      value += (bytes[i]! & 127) * 2 ** (7 * i);
      if (bytes[i]! < 128) return { value, end: from + i + 1 };
    }
    return undefined;
  }

  async #bytes(from: number, count: number): Promise<Buffer> {
    const held = from >= this.#start && from + count <= this.#start + this.#window.length;
    if (!held) {
      this.#window = await this.read(from, Math.max(WINDOW, count));
      this.#start = from;
    }
    return this.#window.subarray(from - this.#start, from - this.#start + count);
  }
}
