import { readFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeptTexts } from '../types.js';
import { writeText } from './files.js';
import { makeFolder } from './folders.js';

/** $XDG_CACHE_HOME, by default ~/.cache; where nothing can be written there, the system's folder for temporary files. */
const folders = (): readonly string[] => {
  const { XDG_CACHE_HOME } = process.env;
  const home =
    XDG_CACHE_HOME === undefined || XDG_CACHE_HOME === '' ? join(homedir(), '.cache') : XDG_CACHE_HOME;
  return [home, tmpdir()].map((folder) => join(folder, 'espalier'));
};

/** Texts in files, in the first of these folders that can be written to. */
export const keptTexts = (within: readonly string[] = folders()): KeptTexts => ({
  read: async (name) => {
    const texts = await Promise.all(
      within.map((folder) => readFile(join(folder, name), 'utf8').catch(() => undefined)),
    );
    return texts.filter((text) => text !== undefined);
  },
  write: async (name, text) => {
    for (const folder of within) {
      try {
        await makeFolder(folder);
        return await writeText(join(folder, name), text);
      } catch {
        // Not here: the next place.
      }
    }
  },
});
