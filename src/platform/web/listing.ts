import { FileProblem } from '../problem.js';
import type { ListedFile } from '../types.js';

/** errors: FileProblem, always: a browser shows no folders. */
export const filesBelow = async (_folder: string): Promise<readonly ListedFile[]> => {
  throw new FileProblem('missing', 'a browser shows no folders: give Files or Blobs');
};

/** A browser has no names to compare with. */
export const isGlob = async (_text: string): Promise<boolean> => false;

/** errors: FileProblem, always. */
export const filesLike = filesBelow;
