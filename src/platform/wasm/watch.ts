import { EspalierError } from '../../base/errors.js';
import { outOfMemory } from '../../base/memory.js';

type Function = (...given: unknown[]) => unknown;

/** Lines that are remembered of what the WebAssembly said: a panic takes two. */
const LINES = 4;

/**
 * Watches over one instance of the WebAssembly. A panic, or memory that is not to be had, ends it in the middle of a call: what it was
 * at is half done, so that nobody may call it again, and whoever waits for an answer has to be told.
 */
export class Watch {
  #lost: EspalierError | undefined;
  #started = false;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<(error: EspalierError) => void>();

  /** Why it has ended; undefined while it has not. */
  get lost(): EspalierError | undefined {
    return this.#lost;
  }

  /** A line that it says: of a panic, what happened and where. */
  readonly hear = (line: string): void => {
    if (line.trim() === '' || line.startsWith('note: ')) return;
    this.#lines.push(line.trim());
    this.#lines.splice(0, this.#lines.length - LINES);
  };

  /** From here on it is called back, by the event loop, and no longer asked for what it exports. */
  started(): void {
    this.#started = true;
  }

  /** Calls when it ends; gives what takes that back. */
  onLoss(act: (error: EspalierError) => void): () => void {
    this.#waiting.add(act);
    return () => this.#waiting.delete(act);
  }

  /** It has ended. `cause`: what was thrown. */
  end(cause: unknown): EspalierError {
    const why = this.#lines.length > 0 ? this.#lines.join(' ') : `${(cause as Error | undefined)?.message}`;
    const what = `the WebAssembly of Espalier stopped in the middle of a call: ${why}`;
    this.#lost ??= /memory allocation|out of memory/i.test(why)
      ? outOfMemory(what, cause)
      : new EspalierError('INTERNAL', what, {}, 'Open the model again, and please report this.', { cause });
    for (const act of [...this.#waiting]) act(this.#lost);
    this.#waiting.clear();
    return this.#lost;
  }

  /** The table of its functions, as one that holds them watched over. What the event loop calls throws to nobody. */
  table<Table extends object>(functions: Table): Table {
    return new Proxy(functions, {
      get: (all, name) => {
        const value: unknown = Reflect.get(all, name, all);
        if (typeof value !== 'function') return value;
        const act = value.bind(all) as Function;
        return name === 'get' ? (index: number) => this.#watched(act(index)) : act;
      },
    });
  }

  #watched(given: unknown): unknown {
    if (typeof given !== 'function') return given;
    const isCalledBack = this.#started;
    const failed = (error: EspalierError): undefined => {
      if (isCalledBack) return undefined;
      throw error;
    };
    return (...values: unknown[]) => {
      if (this.#lost !== undefined) return failed(this.#lost);
      try {
        return (given as Function)(...values);
      } catch (cause) {
        if (!isTrap(cause)) throw cause;
        return failed(this.end(cause));
      }
    };
  }
}

/** Whether WebAssembly has stopped, and not JavaScript that it called. */
const isTrap = (cause: unknown): boolean => cause instanceof WebAssembly.RuntimeError;
