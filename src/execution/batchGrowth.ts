import { feedsOf, type Match } from '../data/match.js';
import type { NativeOptions } from '../native/index.js';
import type { Feeds } from '../runtime/runtime.js';
import type { StagedRun } from './stagedRun.js';
import { wantedRows } from './subsampling.js';

/** What is held of all samples at once, in both models. */
const HELD_BYTES = 512 * 1024 * 1024;
/** What was computed is there once more while a layer is refitted to it, as targets and bounds. */
const COPIES = 4;
/** Multiply-accumulates of the original that computing so far again may take. */
const MOST_WORK = 4e11;
/** Both models compute from the beginning for samples that come later, so there must be so many more of them. */
const WORTH = 1.5;

/**
 * Takes more samples along once layers have few positions in each, and so need them, and once little is held of each, so that they
 * fit: pixels of some images say enough about the first convolution, but not about the last.
 */
export class BatchGrowth {
  readonly #first: number;

  constructor(
    readonly match: Match,
    /** Of samples that there are; that are taken along by now; of one batch. */
    readonly all: number,
    public samples: number,
    readonly batch: number,
    /** Multiply-accumulates of the original for one sample. */
    readonly macs: number,
  ) {
    this.#first = samples;
  }

  /** rows: positions of a layer in one sample. inputs: of that layer as it is left. */
  async before(
    inputs: number,
    rows: number,
    original: StagedRun,
    pruned: StagedRun,
    { signal }: Pick<NativeOptions, 'signal'>,
  ): Promise<void> {
    const each = (COPIES * (original.bytes + pruned.bytes)) / this.batch;
    const fitting = Math.floor(HELD_BYTES / Math.max(1, each));
    const affordable = this.#first + Math.floor(MOST_WORK / Math.max(1, this.macs));
    const wanted = Math.ceil(wantedRows(inputs) / Math.max(rows, 1e-9));
    const batches = Math.ceil(Math.min(this.all, fitting, affordable, wanted) / this.batch);
    const samples = Math.min(this.all, batches * this.batch);
    if (samples < WORTH * this.samples) return;
    const more: Feeds[] = [];
    for (let from = this.samples; from < samples; from += this.batch)
      more.push(await feedsOf(this.match, from, Math.min(samples, from + this.batch), signal));
    await original.extend(more);
    await pruned.extend(more);
    this.samples = samples;
  }
}
