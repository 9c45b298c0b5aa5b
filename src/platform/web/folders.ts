import { FileProblem } from '../problem.js';

/** errors: FileProblem, always: a page has no folders. */
export async function makeFolder(_path: string): Promise<void> {
  throw new FileProblem('refused', 'a browser writes no files by path: take the bytes');
}
