import { Limiter } from './limiter.js';

/** Long work that may be left between its steps, so that whoever carries it out decides how long it holds the event loop. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Carries all steps out at once. */
export function finished<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Milliseconds for which the event loop is held at a time. */
const SLICE = 4;

/** Steps on this thread, a few milliseconds at a time: a process that serves others meanwhile answers them in between. */
export class Slices {
  readonly #turnOfLoop: () => Promise<void>;
  /** Slices of several calls never come in one turn of the event loop. */
  readonly #one = new Limiter(1);

  /** turnOfLoop: resolves when the event loop has turned, which every platform does in its own way. */
  constructor(turnOfLoop: () => Promise<void>) {
    this.#turnOfLoop = turnOfLoop;
  }

  /**
   * Carries steps out, one call after the other.
   *
   * errors: the signal's reason once it aborts, and what a step throws
   */
  async carryOut<T>(steps: Steps<T>, signal?: AbortSignal): Promise<T> {
    await this.#one.enter(signal);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const until = performance.now() + SLICE;
        do {
          const step = steps.next();
          if (step.done) return step.value;
        } while (performance.now() < until);
        await this.#turnOfLoop();
      }
    } finally {
      void this.#turnOfLoop().then(() => this.#one.leave());
    }
  }
}
