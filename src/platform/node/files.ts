import { type FileHandle, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { blobFile } from '../blobFile.js';
import { FileProblem } from '../problem.js';
import type { FileKind, FileState, OpenedFile } from '../types.js';

/** What the system says, as a problem of a file. Errors of another kind stay what they are. */
export function problemOf(error: unknown): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const reason = code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'refused';
  return new FileProblem(reason, error.message, { cause: error });
}

const rethrown = (error: unknown): never => {
  throw problemOf(error);
};

/** errors: FileProblem where nothing lies there, or the system does not tell. */
export async function kindOf(path: string): Promise<FileKind> {
  const found = await stat(path).catch(rethrown);
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'folder';
  return found.isFIFO() ? 'pipe' : 'other';
}

/** Bytes of a file. errors: FileProblem. */
export const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(rethrown)).size;

/** Names of what lies in a folder, ascending. errors: FileProblem. */
export const namesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder).catch(rethrown)).sort();

/** Opens a regular file, or a blob. Never waits, as opening a pipe would. errors: FileProblem. */
export async function openFile(path: string | Blob): Promise<OpenedFile> {
  if (typeof path !== 'string') return blobFile(path);
  if ((await kindOf(path)) !== 'file') throw new FileProblem('irregular', 'it is not a regular file');
  const file = await open(path).catch(rethrown);
  try {
    const { size, mtimeMs, ino } = await file.stat();
    const state: FileState = { size, modified: mtimeMs, identity: ino };
    return { state, read: (at, bytes) => read(file, at, bytes).catch(rethrown), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw problemOf(error);
  }
}

/** The system reads less than 2 GiB at once. */
const MOST_AT_ONCE = 1 << 30;

async function read(file: FileHandle, at: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await file.read(out, filled, Math.min(bytes - filled, MOST_AT_ONCE), at + filled);
    if (bytesRead === 0) return out.subarray(0, filled);
    filled += bytesRead;
  }
  return out;
}

/** All of a text in UTF-8: of a file, or of a pipe up to its end. A device may have none. errors: FileProblem. */
export async function readText(path: string): Promise<string> {
  const kind = await kindOf(path);
  if (kind !== 'file' && kind !== 'pipe') throw new FileProblem('irregular', 'it is not a file');
  return await readFile(path, 'utf8').catch(rethrown);
}

/** All bytes of a regular file, or of a blob. errors: FileProblem. */
export async function readBytes(place: string | Blob): Promise<Uint8Array<ArrayBuffer>> {
  const file = await openFile(place);
  try {
    return await file.read(0, file.state.size);
  } finally {
    await file.close();
  }
}

/**
 * Writes bytes beside its place and renames it, so that the name never holds half of it. What was there before is replaced; on an
 * error it stays, and nothing else is left behind. errors: FileProblem.
 */
export async function writeBytes(
  path: string,
  bytes: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  const beside = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await writeFile(beside, bytes, { flag: 'wx' });
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw problemOf(error);
  }
}

/** The same of a text, in UTF-8. */
export const writeText = (path: string, text: string): Promise<void> => writeBytes(path, text);
