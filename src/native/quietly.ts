import type { NativeOptions } from './index.js';

/** The same call without progress: for steps of a work that reports as a whole. */
export const quietly = ({ signal, threads }: NativeOptions): NativeOptions => ({
  ...(signal && { signal }),
  ...(threads !== undefined && { threads }),
});
