import { blobFile } from '../blobFile.js';
import { FileProblem } from '../problem.js';
import type { FileKind, OpenedFile } from '../types.js';

const none = (path: string): FileProblem =>
  new FileProblem(
    'missing',
    `a browser has no files by path: give a File, a Blob or the bytes, not "${path}"`,
  );

/** errors: FileProblem, always: a browser shows no folders. */
export const kindOf = async (path: string): Promise<FileKind> => {
  throw none(path);
};

/** errors: FileProblem, always. */
export const sizeOf = async (path: string): Promise<number> => {
  throw none(path);
};

/** errors: FileProblem, always. */
export const namesIn = async (folder: string): Promise<readonly string[]> => {
  throw none(folder);
};

/** Opens a blob; paths there are none. errors: FileProblem. */
export async function openFile(file: string | Blob): Promise<OpenedFile> {
  if (typeof file === 'string') throw none(file);
  return blobFile(file);
}

/** errors: FileProblem, always. */
export const readText = async (path: string): Promise<string> => {
  throw none(path);
};

/** All bytes of a blob. errors: FileProblem. */
export async function readBytes(place: string | Blob): Promise<Uint8Array<ArrayBuffer>> {
  if (typeof place === 'string') throw none(place);
  return new Uint8Array(await place.arrayBuffer());
}

/** errors: FileProblem, always: what is to be saved is given as bytes. */
export const writeText = async (path: string, _text: string): Promise<void> => {
  throw none(path);
};

/** errors: FileProblem, always. */
export const writeBytes = async (
  path: string,
  _bytes: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> => {
  throw none(path);
};
