import { feedsOf, type Match } from '../data/match.js';
import type { NativeOptions } from '../native/index.js';
import type { Feeds } from '../runtime/runtime.js';
import type { StagedRun } from './stagedRun.js';
import { wantedRows } from './subsampling.js';

/** The share of the memory that all samples may take at once, in both models. */
const HELD = 0.5;
/** How often values are in memory while a layer is refitted to them: as they were computed, as targets and as bounds. */
const COPIES = 4;
/** The most multiply-accumulates that computing later samples up to the present layer may take. */
const MOST_WORK = 4e11;
/**
 * The factor by which samples must at least become more: for those that are added both models compute from the beginning,
 * which is not worth it for a few.
 */
const WORTH = 1.5;

/**
 * Takes more samples along once layers have few positions in each, and so need them, and once little is held of each, so that they
 * fit: pixels of some images say enough about the first convolution, but not about the last.
 */
export class BatchGrowth {
  readonly #first: number;
  readonly #all: number;
  readonly #batch: number;
  readonly #memory: number;
  /** Samples that are taken along by now. */
  samples: number;

  constructor(
    readonly match: Match,
    /** Samples that there are, that are taken along at first, and of one batch; bytes that may be held. */
    { all, samples, batch, memory }: { readonly [size in 'all' | 'samples' | 'batch' | 'memory']: number },
    /** Multiply-accumulates of the original for one sample. */
    readonly macs: number,
    readonly original: StagedRun,
    readonly pruned: StagedRun,
    readonly options: Pick<NativeOptions, 'signal'>,
  ) {
    [this.#first, this.#all, this.#batch, this.samples] = [samples, all, batch, samples];
    this.#memory = memory;
  }

  /** Whether a layer would have more samples, if there were room. rows: its positions in one sample. inputs: of the layer as it is left. */
  grows(inputs: number, rows: number): boolean {
    return Math.min(this.#all, this.#wanted(inputs, rows)) >= WORTH * this.samples;
  }

  /** As many as are enough for a layer, and as may be computed again. */
  #wanted(inputs: number, rows: number): number {
    const affordable = this.#first + Math.floor(MOST_WORK / Math.max(1, this.macs));
    return Math.min(affordable, Math.ceil(wantedRows(inputs) / Math.max(rows, 1e-9)));
  }

  /** Takes as many samples along as a layer would have, in whole batches, as far as they fit. */
  async before(inputs: number, rows: number): Promise<void> {
    const each = (COPIES * (this.original.bytes + this.pruned.bytes)) / this.#batch;
    const fitting = Math.floor((HELD * this.#memory) / Math.max(1, each));
    const batches = Math.ceil(Math.min(this.#all, fitting, this.#wanted(inputs, rows)) / this.#batch);
    const samples = Math.min(this.#all, batches * this.#batch);
    if (samples < WORTH * this.samples) return;
    const more: Feeds[] = [];
    for (let from = this.samples; from < samples; from += this.#batch)
      more.push(await feedsOf(this.match, from, Math.min(samples, from + this.#batch), this.options.signal));
    await this.original.extend(more);
    await this.pruned.extend(more);
    this.samples = samples;
  }
}
