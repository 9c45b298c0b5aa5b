import { FileProblem } from '../problem.js';
import type { TemporaryFolder } from '../types.js';

/** errors: FileProblem, always: what is too large for memory is too large for a browser. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  throw new FileProblem(
    'refused',
    'a browser has no folder for temporary files: models above 1 GiB are run in Node',
  );
}
