import { EspalierError } from '../base/errors.js';
import { checkFolderOf, kindOf, realPath, writeText } from '../platform/index.js';

/** Whether a file can be written there, asked before the work and not after it. Errors: OUTPUT_EXISTS, OUTPUT_UNWRITABLE. */
export async function checkOutput(
  path: string,
  { force = false, sources = [] }: { readonly force?: boolean; readonly sources?: readonly string[] } = {},
): Promise<void> {
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

/** Writes a text; the name never holds half of it. errors: OUTPUT_UNWRITABLE. */
export async function writeOutput(path: string, text: string): Promise<void> {
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
