import type * as Addon from '../../../index.d.ts';
import type { EspalierError } from '../../base/errors.js';
import type { Instance } from './instantiate.js';

/** An instance, and the file that it is from. */
export interface LoadedInstance extends Instance {
  readonly from: string;
}

/** The instance of WebAssembly that is in use. One that has ended is replaced when a model is opened the next time. */
export class CurrentInstance {
  #instance: LoadedInstance | undefined;
  #loading: Promise<LoadedInstance> | undefined;
  #lost: EspalierError | undefined;

  constructor(readonly load: () => Promise<LoadedInstance>) {}

  /** Loads it, where there is none. Whoever asks meanwhile gets the same; after a failure, of the network say, it is tried again. */
  async ready(): Promise<void> {
    if (this.#instance !== undefined) return;
    this.#loading ??= this.load();
    try {
      const instance = await this.#loading;
      if (this.#instance !== undefined) return;
      this.#instance = instance;
      instance.onLoss((error) => {
        this.#instance = undefined;
        this.#lost = error;
      });
    } finally {
      this.#loading = undefined;
    }
  }

  /** What it exports; undefined where none is loaded. errors: why the last one has ended */
  get exports(): typeof Addon | undefined {
    if (this.#instance === undefined && this.#lost !== undefined) throw this.#lost;
    return this.#instance?.addon;
  }

  /** The file that it was loaded from; undefined where none is. */
  get place(): string | undefined {
    return this.#instance?.from;
  }

  /** Calls where the instance ends; gives what takes that back. */
  onLoss(act: (error: EspalierError) => void): () => void {
    return this.#instance?.onLoss(act) ?? (() => undefined);
  }
}
