/** Places for work that must not, or should not, be done all at once. Whoever comes first is served first. */
export class Limiter {
  #free: number;
  /** Those that wait, the first in front; each is told to begin. */
  readonly #waiting: (() => void)[] = [];

  /** places: how many may be inside at the same time, 1 or more. With one, calls follow each other in the order in which they came. */
  constructor(places: number) {
    this.#free = places;
  }

  /**
   * Resolves when there is a place; whoever has it gives it back by `leave`.
   *
   * errors: the signal's reason where it aborts before that; then there is nothing to give back.
   */
  async enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(signal);
  }

  /** Hands the place on to who waits longest. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1);
        reject(signal?.reason);
      };
      this.#waiting.push(begin);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }
}

/**
 * Computes with a place in each of these limiters, and gives the places back, however it ends. All are asked at once, in this very
 * call: so two that want the same places, in whatever order they name them, never wait for each other.
 *
 * errors: the signal's reason where it aborts before it begins, and those of `compute`
 */
export async function inTurn<T>(
  limiters: readonly Limiter[],
  { signal }: { readonly signal?: AbortSignal },
  compute: () => Promise<T>,
): Promise<T> {
  const each = [...new Set(limiters)];
  const entered = await Promise.allSettled(each.map((limiter) => limiter.enter(signal)));
  try {
    for (const one of entered) if (one.status === 'rejected') throw one.reason;
    return await compute();
  } finally {
    for (const [i, limiter] of each.entries()) if (entered[i]!.status === 'fulfilled') limiter.leave();
  }
}
