import { textOf } from '../base/bytes.js';
import { EspalierError } from '../base/errors.js';
import { FileProblem, fileBeside, openFile } from '../platform/index.js';
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
  const file = await openFile(model).catch((cause: unknown) => {
    if (!(cause instanceof FileProblem)) throw cause;
    const missing = cause.reason === 'missing';
    const what = missing ? 'the model does not exist' : `the model cannot be read (${cause.message})`;
    throw new EspalierError(missing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', what, { file: model }, '', {
      cause,
    });
  });
  try {
    const names = new Set<string>();
    const scan = new Scan((from, bytes) => file.read(from, bytes), names);
    await scan.message(0, file.state.size, MODEL);
    return await Promise.all([...names].map(async (path) => ({ path, data: await beside(model, path) })));
  } finally {
    await file.close();
  }
}

/** What is not there the runtime tells. */
async function beside(model: string, name: string): Promise<string> {
  const found = await fileBeside(model, name);
  if ('path' in found) return found.path;
  const what = found.refused === 'outside' ? "lie outside the model's folder" : 'are no file';
  throw new EspalierError('EXTERNAL_DATA', `external data ${what}: "${name}"`, { file: model });
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
  #window: Uint8Array = new Uint8Array(0);
  #start = 0;

  constructor(
    readonly read: (from: number, bytes: number) => Promise<Uint8Array>,
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
      words[Math.floor(key.value / 8)] = textOf(await this.#bytes(length.end, length.value));
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

  async #bytes(from: number, count: number): Promise<Uint8Array> {
    const held = from >= this.#start && from + count <= this.#start + this.#window.length;
    if (!held) {
      this.#window = await this.read(from, Math.max(WINDOW, count));
      this.#start = from;
    }
    return this.#window.subarray(from - this.#start, from - this.#start + count);
  }
}
