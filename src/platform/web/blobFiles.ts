import type { ShownBlob } from '../types.js';
import type { Files, Shown } from '../wasm/instantiate.js';

/** Where the addon sees blobs: no path that callers could give. */
export const ROOT = '/blobs';

declare const FileReaderSync: { new (): { readAsArrayBuffer(blob: Blob): ArrayBuffer } } | undefined;

/** Whether parts of a blob can be read while WebAssembly waits for them: in workers alone. */
export const canReadBlobs = (): boolean => typeof FileReaderSync === 'function';

const blobs = new Map<string, Blob>();
const opened = new Map<number, { readonly blob: Blob | undefined; at: number }>();
let mounts = 0;
/** The first three are a process's own streams. */
let descriptors = 3;

/** Shows a blob to the addon as a file, from which parts are read as they are needed. `release`: it is gone. */
export function mount(blob: Blob, name: string): ShownBlob {
  const path = `${ROOT}/${mounts++}/${name.replaceAll('/', '_')}`;
  blobs.set(path, blob);
  return { path, release: () => blobs.delete(path) };
}

/** An error as `node:fs` throws it, whose code the system interface understands. */
const failed = (code: string, path: string): Error => Object.assign(new Error(`${code}: ${path}`), { code });

const NANOSECONDS = 1_000_000n;

/** What is told of a file, or of the folder that they all lie in. */
function stateOf(blob: Blob | undefined) {
  const time = BigInt(typeof File === 'function' && blob instanceof File ? blob.lastModified : 0);
  return {
    ...{ dev: 0n, ino: 0n, nlink: 1n, size: BigInt(blob?.size ?? 0) },
    ...{ atimeMs: time, mtimeMs: time, ctimeMs: time, mtimeNs: time * NANOSECONDS },
    isFile: () => blob !== undefined,
    isDirectory: () => blob === undefined,
    isBlockDevice: () => false,
    isCharacterDevice: () => false,
    isSocket: () => false,
    isSymbolicLink: () => false,
  };
}

function blobAt(path: string): Blob | undefined {
  if (path === ROOT || path === `${ROOT}/`) return undefined;
  const blob = blobs.get(path);
  if (blob === undefined) throw failed('ENOENT', path);
  return blob;
}

function fileOf(descriptor: number) {
  const file = opened.get(descriptor);
  if (file === undefined) throw failed('EBADF', `${descriptor}`);
  return file;
}

/** Fills `into` with the bytes of a file from a place on, and says how many those were. */
function readInto(descriptor: number, into: Uint8Array, offset: number, length: number, from: number | null) {
  const file = fileOf(descriptor);
  if (file.blob === undefined) throw failed('EISDIR', ROOT);
  const part = partOf(file.blob, from ?? file.at, length);
  into.set(part, offset);
  if (from === null) file.at += part.length;
  return part.length;
}

/** Bytes that are read where few are asked for: those behind them are asked for next, and each reading waits for another process. */
const WINDOW = 1 << 18;
/** What was read of a blob last. */
const windows = new WeakMap<Blob, { readonly start: number; readonly bytes: Uint8Array }>();

/** Bytes of a blob from a place on; fewer only where it ends. */
function partOf(blob: Blob, start: number, length: number): Uint8Array {
  if (length >= WINDOW) return readNow(blob, start, length);
  const held = windows.get(blob);
  const end = Math.min(start + length, blob.size);
  if (held !== undefined && start >= held.start && end <= held.start + held.bytes.length)
    return held.bytes.subarray(start - held.start, end - held.start);
  const bytes = readNow(blob, start, WINDOW);
  windows.set(blob, { start, bytes });
  return bytes.subarray(0, length);
}

function readNow(blob: Blob, start: number, length: number): Uint8Array {
  if (FileReaderSync === undefined) throw failed('ENOSYS', ROOT);
  try {
    return new Uint8Array(new FileReaderSync().readAsArrayBuffer(blob.slice(start, start + length)));
  } catch {
    // What the user has changed or removed since, the browser no longer hands over.
    throw failed('EIO', 'the file changed since it was chosen');
  }
}

const known: Partial<Files> = {
  openSync: (path) => {
    const descriptor = descriptors++;
    opened.set(descriptor, { blob: blobAt(`${path}`), at: 0 });
    return descriptor;
  },
  closeSync: (descriptor) => void opened.delete(descriptor),
  readSync: readInto as Files['readSync'],
  fstatSync: ((descriptor: number) =>
    stateOf(descriptor < 3 ? undefined : fileOf(descriptor).blob)) as unknown as Files['fstatSync'],
  statSync: ((path: string) => stateOf(blobAt(path))) as unknown as Files['statSync'],
  lstatSync: ((path: string) => stateOf(blobAt(path))) as unknown as Files['lstatSync'],
  realpathSync: ((path: string) => path) as Files['realpathSync'],
  readlinkSync: ((path: string) => {
    throw failed('EINVAL', path); // as of a file that is no link
  }) as Files['readlinkSync'],
};

/** The blobs that are mounted, as files. Nothing can be written. */
export const blobFiles: Files = new Proxy(known as Files, {
  get: (all, name) =>
    Reflect.get(all, name) ??
    (() => {
      throw failed('EROFS', ROOT);
    }),
});

/** All that the addon sees in a browser. */
export const blobsShown: Shown = { files: blobFiles, root: ROOT };
