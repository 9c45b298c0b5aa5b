import type { ShownBlob } from '../types.js';

/** Whether paths and `file:` URLs lead to files. */
export const HAS_FILES = true;

/** Shows a blob to the addon as a file; undefined where that cannot read parts of one: here it is given the bytes. */
export const showBlob = (_blob: Blob, _name: string): ShownBlob | undefined => undefined;

/** What a file is called in errors that the addon knows by a path. */
export const nameOfShown = (path: string): string => path;
