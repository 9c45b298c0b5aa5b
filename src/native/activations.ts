import { inTurn, Limiter } from '../base/limiter.js';
import { type Addon, addon } from '../platform/index.js';
import { call, callSync, type NativeOptions } from './call.js';

/** A value of a model for some samples, seen as [outer, n, inner], whose n indices belong to lanes. */
export interface ActivationBatch {
  /** The value's name, for errors. */
  readonly value: string;
  readonly data: Float32Array;
  readonly outer: number;
  readonly inner: number;
  /** [n]: the lane of each index, or -1. */
  readonly lanes: Int32Array;
}

/** Where the bins of a histogram lie. */
export interface Histogram {
  /** 2 to 65536. */
  readonly bins: number;
  /** Of equal width over the values' range, or so that as many values of a sample lie in each. */
  readonly binning: 'equal' | 'quantile';
  /** The same bins for all lanes, or for each lane its own. */
  readonly range: 'group' | 'lane';
}

/** One number for each lane; 0 for a lane without values, but for `gaussian`. */
export interface ActivationSummary {
  readonly count: Float64Array;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly meanAbs: Float64Array;
  readonly meanSquare: Float64Array;
  /** The share of values that are zero. */
  readonly zeroRate: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** ½ log2(2πe σ²), in bits: -126 at least, and that for a constant. */
  readonly gaussian: Float64Array;
  /** -p log2 p in bits, p = the lane's share of Σ|x| of all lanes. */
  readonly mass: Float64Array;
}

/** Values that quantiles are taken of: of each lane at least and at most, and of all lanes together (4 MB). */
const SAMPLE = { least: 128, most: 4096, all: 1 << 18 };

/**
 * Statistics of the lanes of one value on data; no batch is kept. Calls are carried out in the order in which they are made: the
 * same calls give the same bits, on any number of threads. First `add` with every batch; then for entropies of histograms `bins`,
 * and `count` with every batch again. A call that is aborted leaves a part of its batch.
 */
export class NativeActivations {
  readonly #activations: Addon.Activations;
  readonly #turns = new Limiter(1);

  /** quantiles: keeps a sample of bounded size for bins by quantiles. */
  constructor(
    readonly lanes: number,
    { quantiles = false }: { readonly quantiles?: boolean } = {},
  ) {
    const share = Math.floor(SAMPLE.all / Math.max(1, lanes));
    const sample = quantiles ? Math.min(SAMPLE.most, Math.max(SAMPLE.least, share)) : 0;
    this.#activations = callSync(() => new (addon().Activations)(lanes, sample));
  }

  /**
   * First pass. The batch is copied when the call is carried out: leave it as it is until then.
   *
   * errors: NON_FINITE with the value and the place, INTERNAL where lengths do not fit.
   */
  add({ data, lanes, ...shape }: ActivationBatch, options: NativeOptions = {}): Promise<void> {
    return this.#next(options, (job) => this.#activations.add(data, lanes, shape, job));
  }

  /** Second pass, of what was added before. errors: as add, and INTERNAL before there are bins. */
  count({ data, lanes, ...shape }: ActivationBatch, options: NativeOptions = {}): Promise<void> {
    return this.#next(options, (job) => this.#activations.count(data, lanes, shape, job));
  }

  /** Between the passes. errors: OPTION_INVALID; MODEL_TOO_LARGE where a lane has 2^32 values to count. */
  bins(histogram: Histogram, options: NativeOptions = {}): Promise<void> {
    return this.#next(options, (job) => this.#activations.bins(histogram, job));
  }

  /** What the first pass found. */
  summary(options: NativeOptions = {}): Promise<ActivationSummary> {
    return this.#next(options, (job) => this.#activations.summary(job));
  }

  /** Of the histograms that the second pass made, in bits. millerMadow: adds (occupied bins - 1) / (2 N ln 2). */
  entropy(millerMadow = false, options: NativeOptions = {}): Promise<Float64Array> {
    return this.#next(options, (job) => this.#activations.entropy(millerMadow, job));
  }

  #next<T>(options: NativeOptions, start: (job: Addon.Job) => Promise<T>): Promise<T> {
    return inTurn([this.#turns], options, () => call('score', options, start));
  }
}
