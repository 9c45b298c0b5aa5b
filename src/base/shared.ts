/**
 * What several calls need and one computes. A call that is aborted, or fails, takes no other with it: whoever still waits begins again.
 */
export class Shared<T> {
  #going: Promise<T> | undefined;

  async get(compute: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    for (;;) {
      signal?.throwIfAborted();
      const going = this.#going;
      if (going === undefined) return this.#begin(compute);
      const came = await first(going, signal);
      if (came !== undefined) return came.value;
      if (this.#going === going) this.#going = undefined;
    }
  }

  #begin(compute: () => Promise<T>): Promise<T> {
    const own = compute();
    this.#going = own;
    own.catch(() => {
      if (this.#going === own) this.#going = undefined;
    });
    return own;
  }

  /** Whether it is computed, or was. */
  get isGoing(): boolean {
    return this.#going !== undefined;
  }

  forget(): void {
    this.#going = undefined;
  }
}

/** What comes first: the value, undefined where it fails, or an error where the signal aborts. */
async function first<T>(
  going: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<{ readonly value: T } | undefined> {
  const settled = going.then(
    (value) => ({ value }),
    () => undefined,
  );
  if (signal === undefined) return settled;
  let leave = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([settled, aborted]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
