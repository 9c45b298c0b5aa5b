/** Long work that may be left between its steps, so that whoever carries it out decides how long it holds the event loop. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Carries all steps out at once. */
export function finished<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Lets the event loop turn between pieces of work. */
export const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Milliseconds for which the event loop is held at a time. */
const SLICE = 4;

/** What was called last: slices of several calls never come in one turn of the event loop. */
let last: Promise<void> = Promise.resolve();

/**
 * Carries steps out on this thread, a few milliseconds at a time, one call after the other: a process that serves others meanwhile
 * answers them in between.
 *
 * errors: the signal's reason once it aborts, and what a step throws
 */
export async function inSlices<T>(steps: Steps<T>, signal?: AbortSignal): Promise<T> {
  const before = last;
  let leave = (): void => undefined;
  last = new Promise((resolve) => {
    leave = resolve;
  });
  await before;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const until = performance.now() + SLICE;
      do {
        const step = steps.next();
        if (step.done) return step.value;
      } while (performance.now() < until);
      await turnOfLoop();
    }
  } finally {
    setImmediate(leave);
  }
}
