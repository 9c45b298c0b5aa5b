import { inTurn, Limiter } from '../base/limiter.js';
import { cores } from '../platform/index.js';

/** Calls that compute at the same time: more would hold more memory, and be no faster, since they share all cores. */
const PLACES = Math.max(2, cores());

const places = new Limiter(PLACES);

/**
 * Begins when there is room beside what computes already: whoever asks for a thousand prunings at once holds the memory of a few.
 *
 * errors: the signal's reason where it aborts before its turn, and those of `compute`
 */
export const computing = <T>(
  options: { readonly signal?: AbortSignal },
  compute: () => Promise<T>,
): Promise<T> => inTurn([places], options, compute);
