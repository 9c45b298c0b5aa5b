import { access, constants, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Beside } from '../types.js';
import { problemOf } from './files.js';

/** The last part of a path. */
export const baseName = (path: string): string => basename(path);

/** The path of what a folder holds under a name. */
export const pathIn = (folder: string, name: string): string => join(folder, name);

/** The path that a `file:` URL stands for. errors: TypeError, in words for people, for a URL of another kind, host or form. */
export const pathOfUrl = (url: string): string => fileURLToPath(url);

/** A path that is equal for equal files: links are followed where the file exists. */
export const realPath = (path: string): Promise<string> => realpath(path).catch(() => resolve(path));

/** Whether new files may be made where this one would lie. errors: FileProblem where not. */
export async function checkFolderOf(path: string): Promise<void> {
  await access(dirname(path), constants.W_OK).catch((error: unknown) => {
    throw problemOf(error);
  });
}

/** A path from the root on. */
export const absolutePath = (path: string): string => resolve(path);

/** The folder that a file lies in. */
export const folderOf = (path: string): string => dirname(path);

/**
 * A file that another one speaks of by a relative name. Only what lies in the folder of that file may be meant, and in the folder of
 * the file that its name links to; links that lead elsewhere are refused. A file that does not exist gives its path all the same.
 */
export async function fileBeside(file: string, name: string): Promise<Beside> {
  const inside = normalize(name);
  if (isAbsolute(inside) || inside === '..' || inside.startsWith(`..${sep}`)) return { refused: 'outside' };
  const path = join(dirname(file), inside);
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) return { path };
  const folders = [await realpath(dirname(file)), dirname(await realpath(file))];
  if (!folders.some((folder) => real.startsWith(folder.endsWith(sep) ? folder : folder + sep)))
    return { refused: 'outside' };
  return (await stat(real)).isFile() ? { path } : { refused: 'irregular' };
}
