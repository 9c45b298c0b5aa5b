import { availableParallelism } from 'node:os';

/** Calls that compute at the same time: more would hold more memory, and be no faster, since they share all cores. */
const PLACES = Math.max(2, availableParallelism());

let free = PLACES;
/** Those that wait, the first in front; each is told to begin. */
const waiting: (() => void)[] = [];

/**
 * Begins when there is room beside what computes already, first come, first served: whoever asks for a thousand prunings at once
 * holds the memory of a few.
 *
 * errors: the signal's reason where it aborts before its turn, and those of `compute`
 */
export async function inTurn<T>(
  { signal }: { readonly signal?: AbortSignal },
  compute: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  if (free > 0) free -= 1;
  else await turn(signal);
  try {
    return await compute();
  } finally {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  }
}

/** Whoever ends hands its place on. */
function turn(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const begin = (): void => {
      signal?.removeEventListener('abort', leave);
      resolve();
    };
    const leave = (): void => {
      waiting.splice(waiting.indexOf(begin), 1);
      reject(signal?.reason);
    };
    waiting.push(begin);
    signal?.addEventListener('abort', leave, { once: true });
  });
}
