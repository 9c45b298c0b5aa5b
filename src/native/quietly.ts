import type { NativeOptions } from './call.js';

/** The same call without progress: for steps of a work that reports as a whole. */
export const quietly = ({
  signal,
  threads,
}: Pick<NativeOptions, 'signal' | 'threads'>): Pick<NativeOptions, 'signal' | 'threads'> => ({
  ...(signal && { signal }),
  ...(threads !== undefined && { threads }),
});
