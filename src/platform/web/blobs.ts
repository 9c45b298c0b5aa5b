import type { ShownBlob } from '../types.js';
import { canReadBlobs, mount, ROOT } from './blobFiles.js';

/** Whether paths and `file:` URLs lead to files. */
export const HAS_FILES = false;

/** Shows a blob to the addon as a file; undefined where that cannot read parts of one: outside of workers. */
export const showBlob = (blob: Blob, name: string): ShownBlob | undefined =>
  canReadBlobs() ? mount(blob, name) : undefined;

/** What a file is called in errors that the addon knows by a path. */
export const nameOfShown = (path: string): string =>
  path.startsWith(ROOT) ? path.slice(path.lastIndexOf('/') + 1) : path;
