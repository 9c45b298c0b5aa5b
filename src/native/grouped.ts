import { inTurn, Limiter } from '../base/limiter.js';
import { type Addon, addon } from '../platform/index.js';
import { call, callSync, type NativeOptions } from './call.js';
import type { Patches, Refit } from './moments.js';

/**
 * Moments of a convolution in groups: of inputs [groups, in] and targets [groups, out], each group's by themselves. Calls are
 * carried out in the order in which they are made, as those of `NativeMoments`.
 */
export class NativeGroupedMoments {
  readonly #moments: Addon.GroupedMoments;
  readonly #turns = new Limiter(1);

  /** inputs, outputs: of each group. errors: as `NativeMoments`. */
  constructor(
    readonly groups: number,
    readonly inputs: number,
    readonly outputs: number,
  ) {
    this.#moments = callSync(() => new (addon().GroupedMoments)(groups, inputs, outputs));
  }

  /** Adds a batch: x [n, groups · channels, length...], y [n, groups · out, length'...]. errors: as `NativeMoments.add`. */
  add(x: Float32Array, y: Float32Array, patches: Patches, options: NativeOptions = {}): Promise<void> {
    return this.#next('moments', options, (job) =>
      this.#moments.add(x, y, patches as unknown as Addon.Patches, job),
    );
  }

  /** As `NativeMoments.addClipped`. y: [n, parts, groups · out, length'...]. */
  addClipped(
    x: Float32Array,
    y: Float32Array,
    parts: 2 | 3,
    { weights, bias }: Pick<Refit, 'weights' | 'bias'>,
    patches: Patches,
    options: NativeOptions = {},
  ): Promise<void> {
    return this.#next('moments', options, (job) =>
      this.#moments.addClipped(x, y, parts, weights, bias, patches as unknown as Addon.Patches, job),
    );
  }

  /** Adds the samples of others, which get no more. */
  merge(other: NativeGroupedMoments, options: NativeOptions = {}): Promise<void> {
    return inTurn([this.#turns, other.#turns], options, () =>
      call('moments', options, (job) => this.#moments.merge(other.#moments, job)),
    );
  }

  /** Begins with new targets for the same inputs: the same batches must be added again, by `addClipped`. */
  clearTargets(options: NativeOptions = {}): Promise<void> {
    return this.#next('moments', options, (job) => this.#moments.clearTargets(job));
  }

  /** Samples so far. */
  count(options: NativeOptions = {}): Promise<number> {
    return this.#next('moments', options, (job) => this.#moments.count(job));
  }

  /** [groups, in] */
  means(options: NativeOptions = {}): Promise<Float64Array> {
    return this.#next('moments', options, (job) => this.#moments.means(job));
  }

  /**
   * Least-squares weights near others: damping pulls towards them, and an input that does not vary keeps its weights.
   *
   * near: [groups · out, in]. damping: λ of each group, as a share of the mean variance of its inputs.
   * errors: OPTION_INVALID without samples or for a damping below 0.
   */
  ridge(
    near: Float64Array,
    damping: Float64Array,
    { intercept = true, ...options }: NativeOptions & { readonly intercept?: boolean } = {},
  ): Promise<Refit> {
    return this.#next('reconstruct', options, (job) => this.#moments.ridge(near, damping, intercept, job));
  }

  /** [groups · out]: what a refit leaves of each target, as the mean of its square over these samples. */
  errors(
    { weights, bias }: Pick<Refit, 'weights' | 'bias'>,
    options: NativeOptions = {},
  ): Promise<Float64Array> {
    return this.#next('reconstruct', options, (job) => this.#moments.errors(weights, bias, job));
  }

  #next<T>(phase: string, options: NativeOptions, start: (job: Addon.Job) => Promise<T>): Promise<T> {
    return inTurn([this.#turns], options, () => call(phase, options, start));
  }
}
