import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { problemOf } from './files.js';

/**
 * Makes a folder, and those that it lies in. One that is there stays as it is. Step by step, as Node's own recursive way never ends where a
 * system makes no folder and calls it missing, as Linux does in /proc.
 *
 * errors: FileProblem
 */
export async function makeFolder(path: string): Promise<void> {
  await make(path).catch((error: unknown) => {
    throw problemOf(error);
  });
}

async function make(path: string): Promise<void> {
  if (path === '' || (await isFolder(path))) return;
  const above = dirname(path);
  if (above !== path) await make(above);
  await mkdir(path).catch(async (error: unknown) => {
    // Another process may have made it meanwhile.
    if (!(await isFolder(path))) throw error;
  });
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
