import { type Addon, addon } from '../platform/index.js';
import { call, callSync, type NativeOptions } from './call.js';
import type { Patches, Refit } from './moments.js';

/** How a regression is solved. */
export interface Solving {
  /** Candidates for λ, as shares of the mean variance of the inputs, >= 0: the one with the least error on the held out examples is taken. */
  readonly dampings: readonly number[];
  /** λ where no example is held out. */
  readonly damping: number;
  /** Weights [out, in] that damping pulls towards, in the place of zeros. */
  readonly near?: Float64Array | undefined;
  /** With a bias, or through zero. */
  readonly intercept: boolean;
  /** How often targets beyond a bound become what is answered there, and are fitted to again. */
  readonly rounds: number;
}

/** Weights and a bias that fit examples. */
export interface Solved {
  readonly refit: Refit;
  /** [in]; the means of all inputs. */
  readonly means: Float64Array;
}

/**
 * Examples of a layer, held by the addon: inputs x and targets y, of which only what lies between bounds may be seen. Calls are
 * carried out in the order in which they are made.
 */
export class NativeRegression {
  readonly #regression: Addon.Regression;

  /**
   * parts: 1 where targets are seen as they are, 2 with lower bounds, 3 with upper ones too.
   * precision: of products; sums are `double` always.
   * errors: OPTION_INVALID beyond 32,768 inputs, or 2^30 products with targets.
   */
  constructor(inputs: number, outputs: number, parts: 1 | 2 | 3, precision: 'double' | 'single') {
    this.#regression = callSync(() => new (addon().Regression)(inputs, outputs, parts, precision));
  }

  /**
   * Adds a batch: x [rows, in] and y [rows, parts · out]; with `patches` x [n, channels, length...] and y [n, parts · out, length'...].
   * y holds targets, lower bounds, upper bounds. Both are copied at once.
   *
   * held: chooses the damping, and is fitted to after that.
   * errors: NON_FINITE for an input, INTERNAL where lengths do not fit; neither adds anything.
   */
  add(
    x: Float32Array,
    y: Float32Array,
    { patches, held, ...options }: NativeOptions & { readonly patches?: Patches; readonly held: boolean },
  ): Promise<void> {
    return call('moments', options, (job) =>
      this.#regression.add(x, y, held, patches as Addon.Patches | undefined, job),
    );
  }

  /** Fits all examples. errors: OPTION_INVALID without any or for a damping below 0, NON_FINITE for a target. */
  solve({ dampings, near, ...solving }: Solving, options: NativeOptions = {}): Promise<Solved> {
    return call('reconstruct', options, async (job) => {
      const asked = { ...solving, dampings: Float64Array.from(dampings), ...(near && { near }) };
      const { weights, bias, damping, means } = await this.#regression.solve(asked, job);
      return { refit: { weights, bias, damping }, means };
    });
  }
}

/** The product of a [rows, inner] and b [inner, columns], summed in double precision: [rows, columns]. */
export function product(
  a: Float32Array,
  b: Float64Array,
  { rows, inner, columns }: { readonly rows: number; readonly inner: number; readonly columns: number },
  options: NativeOptions = {},
): Promise<Float64Array> {
  return call('reconstruct', options, (job) => addon().product(a, b, rows, inner, columns, job));
}
