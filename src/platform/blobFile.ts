import { FileProblem } from './problem.js';
import type { OpenedFile } from './types.js';

/** A blob as a file, of which parts are read. What its user has changed since it was chosen, a browser refuses to read. */
export function blobFile(blob: Blob): OpenedFile {
  const modified = 'lastModified' in blob ? Number(blob.lastModified) : 0;
  return {
    state: { size: blob.size, modified, identity: 0 },
    read: async (at, bytes) => {
      try {
        return new Uint8Array(await blob.slice(at, at + bytes).arrayBuffer());
      } catch (cause) {
        const words = cause instanceof Error ? cause.message : String(cause);
        throw new FileProblem('refused', words, { cause });
      }
    },
    close: async () => undefined,
  };
}
