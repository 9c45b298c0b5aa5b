import { EspalierError } from './errors.js';

/** The error of a call for which WebAssembly has too little memory. */
export const outOfMemory = (what: string, cause: unknown): EspalierError =>
  new EspalierError(
    'INTERNAL',
    what,
    {},
    'WebAssembly has at most 4 GiB of memory. Open smaller models, or have them pruned in Node by the native addon.',
    { cause },
  );
