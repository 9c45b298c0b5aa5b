import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EspalierError } from '../../base/errors.js';
import { manifestPath } from './package.js';

/** The built page that shows reports, without its data. errors: FILE_NOT_FOUND where the package was taken apart, or not built. */
export async function viewerPage(): Promise<string> {
  let file = 'dist/viewer.html';
  try {
    file = join(dirname(manifestPath()), file);
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new EspalierError(
      'FILE_NOT_FOUND',
      'the page that reports are shown by is not there',
      { file },
      'It is part of the package espalier: install that beside a bundle of it, or build it in a checkout: npm run build:ts.',
      { cause },
    );
  }
}
