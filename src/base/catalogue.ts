import { DISPOSE } from './dispose.js';

/** What was registered. It stays until it is taken out again, or the process ends. */
export interface Registration {
  /** Takes it out: from then on its name is unknown, and free. Calls that are under way end with it. A second time does nothing. */
  unregister(): void;
  /** The same, for `using`. */
  [Symbol.dispose](): void;
}

/**
 * Entries that are found by what they are called: those of the package itself, and those that were registered beside them. It is state
 * of the module that makes it: two copies of the package, and two threads, have each their own.
 */
export class Catalogue<T> {
  readonly #own: readonly T[];
  #registered: readonly T[] = [];
  #revision = 0;

  constructor(own: readonly T[]) {
    this.#own = own;
  }

  /** The package's own first, then registered ones in the order in which they came. */
  get all(): readonly T[] {
    return this.#registered.length === 0 ? this.#own : [...this.#own, ...this.#registered];
  }

  get registered(): readonly T[] {
    return this.#registered;
  }

  /** Another number whenever an entry comes or goes: what was computed with entries of another one may be outdated. */
  get revision(): number {
    return this.#revision;
  }

  /** Adds an entry; the caller has made sure that its name is free. */
  add(entry: T): Registration {
    this.#registered = [...this.#registered, entry];
    this.#revision += 1;
    const unregister = (): void => {
      const left = this.#registered.filter((own) => own !== entry);
      if (left.length < this.#registered.length) this.#revision += 1;
      this.#registered = left;
    };
    return Object.freeze({ unregister, [DISPOSE]: unregister });
  }
}
