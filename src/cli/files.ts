import { access, constants, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { EspalierError } from '../base/errors.js';

/** Whether a file can be written there, asked before the work and not after it. Errors: OUTPUT_EXISTS, OUTPUT_UNWRITABLE. */
export async function checkOutput(
  path: string,
  { force = false, sources = [] }: { readonly force?: boolean; readonly sources?: readonly string[] } = {},
): Promise<void> {
  const real = (file: string) => realpath(file).catch(() => resolve(file));
  const target = await real(path);
  for (const source of sources)
    if ((await real(source)) === target)
      throw new EspalierError(
        'OPTION_INVALID',
        'the output would overwrite what it is made from',
        { file: path },
        'Give another name with --output.',
      );
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory())
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
  await access(dirname(path), constants.W_OK).catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
}

/** Writes beside, then renames, so that the name never holds half of it. */
export async function writeOutput(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(beside, text, { flag: 'wx' });
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true });
    throw unwritable(path, cause);
  }
}

function unwritable(file: string, cause: unknown): EspalierError {
  const words = cause instanceof Error ? ` (${cause.message})` : '';
  return new EspalierError('OUTPUT_UNWRITABLE', `the output cannot be written${words}`, { file }, '', {
    cause,
  });
}
