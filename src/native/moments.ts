import { inTurn, Limiter } from '../base/limiter.js';
import { type Addon, addon } from '../platform/index.js';
import { call, callSync, type NativeOptions } from './call.js';

/** The patches of a convolution's input, as samples: x is [n, channels, length...], y [n, out, length'...]. */
export interface Patches {
  readonly batch: number;
  readonly channels: number;
  /** The spatial axes of x; the lists below are as long. */
  readonly lengths: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros before each axis, then after each, as ONNX has them. */
  readonly pads: readonly number[];
  /** The stride of positions: of as many positions as this, counted through the batch, one is taken; by default all. */
  readonly every?: number;
}

/** y ≈ weights · x[keep] + bias. */
export interface Refit {
  /** [out, keep] */
  readonly weights: Float64Array;
  /** [out] */
  readonly bias: Float64Array;
  /** The damping that it took: what was asked for, or more where that was too little. */
  readonly damping: number;
}

/** Entropies of blocks of inputs, in bits, as of Gaussians of their covariance. */
export interface BlockInformation {
  /** h(X_c): what the block says. */
  readonly entropy: Float64Array;
  /** h(X_c | rest): what it says that no other input does. */
  readonly conditional: Float64Array;
  /** I(X_c; rest) >= 0: what others say too. */
  readonly redundancy: Float64Array;
  readonly damping: number;
}

/** Mean and covariance of responses. */
export interface Responses {
  /** [n] */
  readonly means: Float64Array;
  /** [n, n] */
  readonly covariance: Float64Array;
}

/** Factors q' = Aᵀq and k' = Bᵀk: the first r columns of both give qᵀk again as well as r dims can. */
export interface Factors {
  /** Falling, [d]; the squares of those behind the first r are E (qᵀk - q'ᵀk')². */
  readonly strengths: Float64Array;
  /** A and B, [d, d], row by row. */
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/** One of the layers that read the lanes that may leave. */
export interface Consumer {
  readonly moments: NativeMoments;
  /** For each lane its inputs here: one, the taps of a kernel, a head, none. Inputs of no lane stay. */
  readonly blocks: readonly Uint32Array[];
  /** What its price counts for beside the others'; by default 1. */
  readonly weight?: number;
}

/** Blocks in the order in which they leave. */
export interface RemovalOrder {
  readonly blocks: Uint32Array;
  /** The rise of the consumers' mean squared error, summed over their targets, when all that is left is refitted. */
  readonly prices: Float64Array;
  /** The damping that each consumer took. */
  readonly damping: Float64Array;
}

/**
 * Count, means and second moments of inputs x [in] and targets y [out]. Calls are carried out in the order in which they are
 * made, so the same calls give the same bits, on any number of threads. A call that is aborted while it adds leaves a part of its
 * batch.
 */
export class NativeMoments {
  readonly #moments: Addon.Moments;
  readonly #turns = new Limiter(1);

  /**
   * precision: of products; `double` by default, `single` is about twice as fast and right to about 1e-6.
   * errors: OPTION_INVALID beyond 32,768 inputs, or 2^30 products with targets.
   */
  constructor(
    readonly inputs: number,
    readonly outputs: number,
    precision: 'double' | 'single' | 'compact' = 'double',
  ) {
    this.#moments = callSync(() => new (addon().Moments)(inputs, outputs, precision));
  }

  /**
   * Adds a batch: x [rows, in] and y [rows, out]; with `patches` the patch at each position of a convolution's output. Both are
   * copied when the call is carried out: leave them as they are until then.
   *
   * errors: NON_FINITE, INTERNAL where lengths do not fit; neither adds anything.
   */
  add(
    x: Float32Array,
    y: Float32Array,
    { patches, ...options }: NativeOptions & { readonly patches?: Patches } = {},
  ): Promise<void> {
    return this.#next('moments', options, (job) =>
      this.#moments.add(x, y, patches as Addon.Patches | undefined, job),
    );
  }

  /** Adds the samples of others, as if they had been added here. errors: INTERNAL where they have other lengths. */
  merge(other: NativeMoments, options: NativeOptions = {}): Promise<void> {
    return NativeMoments.#inTurn([this, other], 'moments', options, (job) =>
      this.#moments.merge(other.#moments, job),
    );
  }

  /** Gives them the targets W x, of weights W [out, in], in the place of those that were added. */
  respond(weights: Float32Array, outputs: number, options: NativeOptions = {}): Promise<void> {
    return this.#next('moments', options, (job) => this.#moments.respond(weights, outputs, job));
  }

  /** Samples, means and variances so far. */
  summary(options: NativeOptions = {}): Promise<Readonly<Addon.MomentsSummary>> {
    return this.#next('moments', options, (job) => this.#moments.summary(job));
  }

  /** Covariances of the inputs, [in, in], and of inputs and targets, [in, out]. */
  covariances(
    options: NativeOptions = {},
  ): Promise<{ readonly inputs: Float64Array; readonly cross: Float64Array }> {
    return this.#next('moments', options, async (job) => {
      const [inputs, cross] = (await this.#moments.covariances(job)) as [Float64Array, Float64Array];
      return { inputs, cross };
    });
  }

  /**
   * Least-squares weights of the targets on the inputs that stay.
   *
   * options.intercept: with a bias, by default; false: the fit goes through zero.
   * options.near: weights [out, keep] that damping pulls towards, in the place of zeros.
   * damping: λ as a share of the mean variance of the kept inputs, >= 0; raised where the covariance is not regular.
   * errors: OPTION_INVALID without samples or for a damping below 0.
   */
  ridge(
    keep: Uint32Array,
    damping: number,
    {
      intercept = true,
      near,
      ...options
    }: NativeOptions & { readonly intercept?: boolean; readonly near?: Float64Array | undefined } = {},
  ): Promise<Refit> {
    return this.#next('reconstruct', options, (job) =>
      this.#moments.ridge(keep, damping, intercept, near, job),
    );
  }

  /** What a refit leaves of each target, as the mean of its square, over these samples: its own, or others held out. */
  errors(keep: Uint32Array, refit: Refit, options: NativeOptions = {}): Promise<Float64Array> {
    return this.#next('reconstruct', options, (job) =>
      this.#moments.errors(keep, refit.weights, refit.bias, job),
    );
  }

  /**
   * Mean and covariance of W x, each output scaled and shifted. weights: W, [n, in]; scale, shift: [n].
   *
   * errors: OPTION_INVALID without samples, INTERNAL where lengths do not fit.
   */
  responses(
    weights: Float32Array,
    scale: Float64Array,
    shift: Float64Array,
    options: NativeOptions = {},
  ): Promise<Responses> {
    return this.#next('score', options, (job) => this.#moments.responses(weights, scale, shift, job));
  }

  /** Multiplies each target by a factor, [out], as if it had been added so. errors: INTERNAL for another number of factors. */
  scaleTargets(factors: Float64Array, options: NativeOptions = {}): Promise<void> {
    return this.#next('moments', options, (job) => this.#moments.scaleTargets(factors, job));
  }

  /** Entropy, conditional entropy and redundancy of each block of inputs. damping and errors: as ridge. */
  information(
    blocks: readonly Uint32Array[],
    damping: number,
    options: NativeOptions = {},
  ): Promise<BlockInformation> {
    return this.#next('score', options, (job) => this.#moments.information([...blocks], damping, job));
  }

  /**
   * The order in which lanes leave: always the one whose loss costs the consumers' targets least, all that is left refitted.
   *
   * options.stay: so many lanes are left; by default none.
   * errors: OPTION_INVALID without samples, for a damping below 0 or a weight that is none.
   */
  static order(
    consumers: readonly Consumer[],
    damping: number,
    { stay = 0, ...options }: NativeOptions & { readonly stay?: number } = {},
  ): Promise<RemovalOrder> {
    const all = consumers.map(({ moments }) => moments);
    return NativeMoments.#inTurn(all, 'score', options, (job) =>
      addon().removalOrder(
        all.map((moments) => moments.#moments),
        consumers.map(({ blocks }) => [...blocks]),
        consumers.map(({ weight = 1 }) => weight),
        damping,
        stay,
        job,
      ),
    );
  }

  #next<T>(phase: string, options: NativeOptions, start: (job: Addon.Job) => Promise<T>): Promise<T> {
    return NativeMoments.#inTurn([this], phase, options, start);
  }

  /** A call that begins when all that was called before on any of these is done, and that later ones wait for. */
  static #inTurn<T>(
    all: readonly NativeMoments[],
    phase: string,
    options: NativeOptions,
    start: (job: Addon.Job) => Promise<T>,
  ): Promise<T> {
    const turns = all.map((moments) => moments.#turns);
    return inTurn(turns, options, () => call(phase, options, start));
  }
}

/**
 * Patches of x [n, channels, length...] as rows [rows, channels · kernel...]: those that `every` leaves. On the calling thread.
 *
 * errors: INTERNAL where lengths do not fit.
 */
export function sampled(x: Float32Array, patches: Patches): Float32Array {
  return callSync(() => addon().sampled(x, patches as Addon.Patches));
}

/** The best factors of products of q and k, from E q qᵀ and E k kᵀ, [dims, dims], for every number of dims. */
export function factorise(
  left: Float64Array,
  right: Float64Array,
  dims: number,
  options: NativeOptions = {},
): Promise<Factors> {
  return call('score', options, (job) => addon().logits(left, right, dims, job));
}
