import { collect, type Observer } from '../execution/collecting.js';
import type { CalibrationSession } from '../loss/session.js';
import type { NativeModel } from '../native/index.js';
import { quietly } from '../native/quietly.js';
import { datasetFrom } from '../options/dataset.js';
import type { OpenedCalibrationOptions } from '../options/opened.js';
import type { CallOptions } from '../options/types.js';
import { turnOfLoop } from '../platform/index.js';
import { onnxruntime } from '../runtime/onnxruntime.js';

interface Waiting {
  readonly observer: Observer;
  readonly done: (samples: number) => void;
  readonly failed: (problem: unknown) => void;
}

/** Runs of the original for one call: all that is declared before a run begins is observed in the same one. */
export class SharedRuns {
  #waiting: Waiting[] = [];
  /** Progress of runs that are over, and how many there will be. */
  #before = 0;

  constructor(
    readonly native: NativeModel,
    readonly options: CallOptions & OpenedCalibrationOptions,
    readonly session: CalibrationSession | undefined,
  ) {}

  /**
   * Observes the original on all samples. runs: how many in all the caller needs, for the progress.
   *
   * returns: how many samples there were.
   * errors: OPTION_INVALID without data, those of the observer, and those of data and runtime
   */
  observe(observer: Observer, runs = 1): Promise<number> {
    return new Promise((done, failed) => {
      this.#waiting.push({ observer, done, failed });
      if (this.#waiting.length === 1) void this.#run(runs);
    });
  }

  async #run(runs: number): Promise<void> {
    await turnOfLoop();
    const all = this.#waiting;
    this.#waiting = [];
    try {
      const samples = await this.#collect(
        all.map(({ observer }) => observer),
        runs,
      );
      for (const { done } of all) done(samples);
    } catch (problem) {
      for (const { failed } of all) failed(problem);
    }
  }

  async #collect(observers: readonly Observer[], runs: number): Promise<number> {
    const { native, options, session } = this;
    const dataset = datasetFrom(options);
    const { runtime = onnxruntime(), samples } = options;
    let total = 0;
    const call = {
      ...quietly(options),
      onProgress: (progress: { readonly phase: string; readonly done: number; readonly total: number }) => {
        total = progress.total;
        options.onProgress?.({
          phase: progress.phase,
          done: this.#before + progress.done,
          total: runs * progress.total,
        });
      },
    };
    const seen =
      session === undefined
        ? await collect(native, observers, dataset, runtime, {
            ...call,
            ...(samples !== undefined && { samples }),
          })
        : await session.collect(observers, call);
    this.#before = runs > 1 ? (this.#before + total) % (runs * total) : 0;
    return seen;
  }
}
