import { readdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';
import type { ListedFile } from '../types.js';
import { problemOf } from './files.js';

/** More files than anybody means to give at once. */
const MOST_FILES = 5_000_000;
/** Folders inside each other; links could make any number of them. */
const DEEPEST = 32;

/**
 * Files in a folder and in those below it, by their names ascending, hidden ones aside. Links are followed, and a folder that lies
 * within itself is entered once. errors: FileProblem.
 */
export async function filesBelow(folder: string): Promise<readonly ListedFile[]> {
  const found: ListedFile[] = [];
  const entered = new Set<string>();
  const enter = async (path: string, parts: readonly string[]): Promise<void> => {
    const real = await realpath(path);
    if (entered.has(real) || parts.length > DEEPEST) return;
    entered.add(real);
    const entries = await readdir(path, { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => compare(a.name, b.name))) {
      if (entry.name.startsWith('.') || found.length >= MOST_FILES) continue;
      const own = join(path, entry.name);
      const kind = entry.isSymbolicLink() ? await stat(own).catch(() => undefined) : entry;
      if (kind?.isDirectory()) await enter(own, [...parts, entry.name]);
      else if (kind?.isFile()) found.push({ path: own, folders: parts });
    }
  };
  await enter(folder, []).catch((error: unknown) => {
    throw problemOf(error);
  });
  return found;
}

/** By their code units, as Python and `ls` under LC_ALL=C sort. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Whether a text is a pattern of names rather than a name: `photos/*.jpg`. */
export async function isGlob(text: string): Promise<boolean> {
  const { isDynamicPattern } = await import('tinyglobby');
  return isDynamicPattern(text);
}

/** Files that a pattern names, ascending. */
export async function filesLike(pattern: string): Promise<readonly ListedFile[]> {
  const { glob } = await import('tinyglobby');
  const paths = await glob(pattern.replaceAll(sep, '/'), {
    absolute: isAbsolute(pattern),
    expandDirectories: false,
  });
  return paths.toSorted(compare).map((path) => {
    const parts = path.split('/');
    return { path, folders: parts.slice(-2, -1) };
  });
}
