import { EspalierError } from '../base/errors.js';
import {
  baseName,
  FileProblem,
  type FileState,
  kindOf,
  namesIn,
  type OpenedFile,
  openFile,
  pathIn,
} from '../platform/index.js';
import { bytesOf, fromBytes } from '../runtime/dtypes.js';
import type { NumericData } from '../runtime/runtime.js';
import type { PathLike } from '../schema/sources.js';
import { checkRange, type DataArray, type Dataset, layout, noNumbers } from './dataset.js';
import { headerLength, type NpyHeader, parseHeader, swapBytes, textsOf, toRowMajor } from './npy.js';
import { nameFor, type Place, placeFrom } from './place.js';
import { elementsOf, isSafetensors, readSafetensors } from './safetensors.js';
import { inflate, readExactly, readZipEntries, type ZipEntry, ZipFault } from './zip.js';

/**
 * Opens an `.npz`, a folder of `.npy` files, one `.npy`, or a `.safetensors`, by its path or `file:` URL, or a Blob or File of one, reading headers only.
 * Errors: OPTION_INVALID, FILE_NOT_FOUND, FILE_UNREADABLE, DATA_MALFORMED.
 */
export async function loadData(source: PathLike | Blob): Promise<Dataset> {
  const path = await placeFrom(source);
  const kind = typeof path === 'string' ? await kindOfData(path) : 'file';
  const arrays = new Map<string, DataArray>();
  const add = (array: DataArray) => {
    if (arrays.has(array.name)) throw malformed(path, `it holds the array "${array.name}" twice`);
    arrays.set(array.name, array);
  };
  if (typeof path === 'string' && kind === 'folder') {
    const names = (await namesIn(path)).filter((name) => name.endsWith('.npy'));
    for (const name of names) add(await openNpy(pathIn(path, name)));
  } else {
    const start = await withFile(path, (file) =>
      readExactly(file, 0, Math.min(9, Math.max(2, file.state.size))),
    );
    if (start[0] === 0x93) add(await openNpy(path));
    else if (isSafetensors(start)) for (const array of await openSafetensors(path)) add(array);
    else for (const array of await openNpz(path)) add(array);
  }
  if (arrays.size === 0)
    throw malformed(path, kind === 'folder' ? 'the folder holds no .npy files' : 'it holds no .npy arrays');
  return { source: nameFor(path), arrays };
}

/** errors: FILE_NOT_FOUND, FILE_UNREADABLE for what is neither a folder nor a file */
async function kindOfData(path: string): Promise<'folder' | 'file'> {
  const kind = await kindOf(path).catch((error: unknown) => {
    throw new EspalierError('FILE_NOT_FOUND', 'the data do not exist', { file: path }, '', { cause: error });
  });
  if (kind !== 'folder' && kind !== 'file') throw irregular(path);
  return kind;
}

async function openNpy(path: Place): Promise<DataArray> {
  const name = baseName(nameFor(path)).replace(/\.npy$/, '');
  const { header, before } = await withFile(path, async (file) => {
    const { size } = file.state;
    const start = (bytes: number) => readExactly(file, 0, Math.min(bytes, size));
    return { header: await readHeader(path, name, size, start), before: file.state };
  });
  const ranged = (from: number, to: number) =>
    withFile(path, (file) => readExactly(file, header.start + from, to - from), before);
  return arrayOf(path, name, header, ranged);
}

function openNpz(path: Place): Promise<readonly DataArray[]> {
  return withFile(path, async (file) => {
    const before = file.state;
    const arrays: DataArray[] = [];
    for (const entry of await readZipEntries(file)) {
      if (!entry.name.endsWith('.npy')) continue;
      const name = entry.name.slice(0, -'.npy'.length);
      const start = (bytes: number) => {
        const want = Math.min(bytes, entry.bytes);
        return entry.deflated ? inflate(file, entry, want) : readExactly(file, entry.start, want);
      };
      const header = await readHeader(path, name, entry.bytes, start);
      arrays.push(
        arrayOf(
          path,
          name,
          header,
          entry.deflated ? unpacked(path, entry, header, before) : stored(path, entry, header, before),
        ),
      );
    }
    return arrays;
  });
}

function openSafetensors(path: Place): Promise<readonly DataArray[]> {
  return withFile(path, async (file) => {
    const before = file.state;
    return (await readSafetensors(file)).map((tensor): DataArray => {
      const { name, type, descr, dims, start, size } = tensor;
      const { stride, count } = layout(dims);
      const step = stride * size;
      const read = async (from: number, to: number): Promise<NumericData> => {
        checkRange(name, from, to, count);
        const bytes = await withFile(
          path,
          (again) => readExactly(again, start + from * step, (to - from) * step),
          before,
        );
        return elementsOf(tensor, bytes);
      };
      return { name, type, descr, dims, read };
    });
  });
}

type ReadBytes = (from: number, to: number, signal?: AbortSignal) => Promise<Uint8Array>;

function stored(path: Place, entry: ZipEntry, header: NpyHeader, before: FileState): ReadBytes {
  const base = entry.start + header.start;
  return (from, to) => withFile(path, (file) => readExactly(file, base + from, to - from), before);
}

function unpacked(path: Place, entry: ZipEntry, header: NpyHeader, before: FileState): ReadBytes {
  let whole: Promise<Uint8Array> | undefined;
  return async (from, to, signal) => {
    whole ??= withFile(path, (file) => inflate(file, entry, entry.bytes, signal), before);
    // A read that failed or was aborted is tried again the next time.
    whole.catch(() => (whole = undefined));
    return (await whole).slice(header.start + from, header.start + to);
  };
}

/** Reads and checks a header; `size` is what the whole `.npy` has. */
async function readHeader(
  path: Place,
  name: string,
  size: number,
  start: (bytes: number) => Promise<Uint8Array>,
): Promise<NpyHeader> {
  const length = headerLength(await start(12));
  if (typeof length === 'string') throw malformed(path, length, name);
  const header = parseHeader(await start(length));
  if (typeof header === 'string') throw malformed(path, header, name);
  if (header.bytes !== undefined && header.start + header.bytes !== size)
    throw malformed(
      path,
      `its shape [${header.dims.join(', ')}] of ${header.descr} takes ${header.bytes} bytes, but ${size - header.start} are there`,
      name,
    );
  const { count, stride } = layout(header.dims);
  // Samples without elements take no bytes of the file, so that a header could claim any number of them, and going through
  // them would never end.
  const empty = stride === 0 || header.text?.bytes === 0;
  if (empty && count * Math.max(1, stride) > size)
    throw malformed(
      path,
      `its shape [${header.dims.join(', ')}] has ${count} samples that hold nothing`,
      name,
    );
  return header;
}

function arrayOf(path: Place, name: string, header: NpyHeader, readBytes: ReadBytes): DataArray {
  const { type, text, descr, dims, bigEndian, fortran } = header;
  const { stride, count } = layout(dims);
  let rowMajor: Promise<Uint8Array> | undefined;
  const bytesFrom = async (
    size: number,
    [from, to]: readonly [number, number],
    signal?: AbortSignal,
  ): Promise<Uint8Array> => {
    const step = stride * size;
    if (!fortran) return readBytes(from * step, to * step, signal);
    rowMajor ??= readBytes(0, count * step, signal).then((all) => toRowMajor(all, size, dims));
    rowMajor.catch(() => (rowMajor = undefined));
    return (await rowMajor).slice(from * step, to * step);
  };
  const read = async (from: number, to: number, signal?: AbortSignal): Promise<NumericData> => {
    checkRange(name, from, to, count);
    if (type === undefined) throw noNumbers(name, descr, { file: nameFor(path) });
    const bytes = await bytesFrom(bytesOf(type), [from, to], signal);
    if (bigEndian) swapBytes(bytes, bytesOf(type));
    return fromBytes(type, bytes);
  };
  if (text === undefined) return { name, type, descr, dims, read };
  const texts = async (from: number, to: number, signal?: AbortSignal): Promise<readonly string[]> => {
    checkRange(name, from, to, count);
    const bytes = await bytesFrom(text.bytes, [from, to], signal);
    if (bigEndian && text.wide) swapBytes(bytes, 4);
    return textsOf(bytes, text, (to - from) * stride);
  };
  return { name, type, descr, dims, read, texts };
}

/**
 * Opens, does, closes; faults of the format get the file's name. `before`: what the file was when it was opened first.
 * Errors: FILE_UNREADABLE, also where it is another one now; DATA_MALFORMED.
 */
async function withFile<T>(
  path: Place,
  act: (file: OpenedFile) => Promise<T>,
  before?: FileState,
): Promise<T> {
  let file: OpenedFile | undefined;
  try {
    file = await openFile(path);
    if (before !== undefined && !isSame(before, file.state))
      throw new EspalierError(
        'FILE_UNREADABLE',
        'the data changed while they were read',
        { file: nameFor(path) },
        'Try again when nothing writes to the file.',
      );
    return await act(file);
  } catch (error) {
    if (error instanceof ZipFault) throw malformed(path, error.message);
    if (error instanceof RangeError)
      throw malformed(
        path,
        'an array is too large to be unpacked in memory; store it uncompressed (numpy.savez)',
      );
    if (!(error instanceof FileProblem)) throw error;
    if (error.reason === 'irregular') throw irregular(path);
    throw new EspalierError(
      'FILE_UNREADABLE',
      `the data cannot be read (${error.message})`,
      { file: nameFor(path) },
      '',
      {
        cause: error,
      },
    );
  } finally {
    await file?.close();
  }
}

const isSame = (one: FileState, other: FileState): boolean =>
  one.size === other.size && one.modified === other.modified && one.identity === other.identity;

const irregular = (file: Place): EspalierError =>
  new EspalierError('FILE_UNREADABLE', 'the data are not a regular file', { file: nameFor(file) });

function malformed(file: Place, what: string, tensor?: string): EspalierError {
  return new EspalierError(
    'DATA_MALFORMED',
    `the data cannot be used: ${what}`,
    { file: nameFor(file), ...(tensor === undefined ? {} : { tensor }) },
    'Expected: an .npz, or a folder of .npy files, as NumPy writes them, or a .safetensors.',
  );
}
