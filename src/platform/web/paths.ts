import { FileProblem } from '../problem.js';
import type { Beside } from '../types.js';

/** The last part of a path. */
export const baseName = (path: string): string => path.split('/').at(-1) ?? path;

/** The path of what a folder holds under a name. */
export const pathIn = (folder: string, name: string): string => `${folder}/${name}`;

/** errors: TypeError, always: a page cannot read files by their URL. */
export function pathOfUrl(_url: string): string {
  throw new TypeError('a browser has no files by path');
}

/** A path that is equal for equal files. */
export const realPath = async (path: string): Promise<string> => path;

/** errors: FileProblem, always: nothing can be written by path. */
export async function checkFolderOf(_path: string): Promise<void> {
  throw new FileProblem('refused', 'a browser writes no files by path: take the bytes');
}

/** Beside what a page is given lies nothing. */
export const fileBeside = async (_file: string, _name: string): Promise<Beside> => ({ refused: 'outside' });

/** A path from the root on. */
export const absolutePath = (path: string): string => path;

/** The folder that a file lies in. */
export const folderOf = (path: string): string => path.split('/').slice(0, -1).join('/');
