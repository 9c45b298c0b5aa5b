import { utf8 } from '../base/bytes.js';
import { EspalierError } from '../base/errors.js';
import {
  checkFolderOf,
  FileProblem,
  kindOf,
  makeFolder,
  realPath,
  writeBytes as writePieces,
  writeText,
} from '../platform/index.js';
import { STREAM } from './models.js';

/** Whether a file can be written there, asked before the work and not after it. Errors: OUTPUT_EXISTS, OUTPUT_UNWRITABLE. */
export async function checkOutput(
  path: string,
  { force = false, sources = [] }: { readonly force?: boolean; readonly sources?: readonly string[] } = {},
): Promise<void> {
  if (path === STREAM) return;
  const target = await realPath(path);
  for (const source of sources)
    if ((await realPath(source)) === target)
      throw new EspalierError(
        'OPTION_INVALID',
        'the output would overwrite what it is made from',
        { file: path },
        'Give another name with --output.',
      );
  const there = await kindOf(path).catch(() => undefined);
  if (there === 'folder')
    throw new EspalierError(
      'OUTPUT_UNWRITABLE',
      'the output is a folder',
      { file: path },
      'Give a file name.',
    );
  if (there !== undefined && !force)
    throw new EspalierError(
      'OUTPUT_EXISTS',
      'the output exists',
      { file: path },
      'Overwrite it with --force.',
    );
  await checkFolderOf(path).catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
}

/** Writes bytes to standard output, and resolves once they are handed over. errors: OUTPUT_UNWRITABLE */
export function writeBytes(bytes: Uint8Array): Promise<void> {
  return new Promise((done, failed) => {
    process.stdout.write(bytes, (error) => (error ? failed(unwritable('standard output', error)) : done()));
  });
}

/** Makes a folder where there is none. errors: OUTPUT_UNWRITABLE */
export async function makeOutputFolder(path: string): Promise<void> {
  await makeFolder(path).catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
}

/** Writes bytes piece by piece; the name never holds half of them. errors: OUTPUT_UNWRITABLE, and those of what gives them. */
export async function writeFile(path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  await writePieces(path, bytes).catch((cause: unknown) => {
    throw cause instanceof FileProblem ? unwritable(path, cause) : cause;
  });
}

/** Writes a text; the name never holds half of it. For `-` standard output. errors: OUTPUT_UNWRITABLE. */
export async function writeOutput(path: string, text: string): Promise<void> {
  if (path === STREAM) return writeBytes(utf8(`${text}\n`));
  await writeText(path, text).catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
}

function unwritable(file: string, cause: unknown): EspalierError {
  const words = cause instanceof Error ? ` (${cause.message})` : '';
  return new EspalierError('OUTPUT_UNWRITABLE', `the output cannot be written${words}`, { file }, '', {
    cause,
  });
}
