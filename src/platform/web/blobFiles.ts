import type { ShownBlob } from '../types.js';
import type { Files } from '../wasm/instantiate.js';

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
  const start = from ?? file.at;
  if (file.blob === undefined || FileReaderSync === undefined) throw failed('EISDIR', ROOT);
  let part: ArrayBuffer;
  try {
    part = new FileReaderSync().readAsArrayBuffer(file.blob.slice(start, start + length));
  } catch {
    // What the user has changed or removed since, the browser no longer hands over.
    throw failed('EIO', 'the file changed since it was chosen');
  }
  into.set(new Uint8Array(part), offset);
  if (from === null) file.at += part.byteLength;
  return part.byteLength;
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
