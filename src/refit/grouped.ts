import { float32, taken } from '../layers/rows.js';
import { NativeGroupedMoments } from '../native/grouped.js';
import type { NativeOptions } from '../native/index.js';
import type { Refit } from '../native/moments.js';
import type { Tensor } from '../runtime/runtime.js';
import type { Example } from './examples.js';
import { joined, partsOf } from './target.js';

/** Ridge dampings as shares of the mean variance of a group's inputs; under the largest only the intercept changes. */
const DAMPINGS = [1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1, 1e6];
/** Without samples to choose by. */
const DAMPING = 1e-2;
/** Positions that are fitted to for each input of a group, and of small groups in all; each at least, whatever it costs. */
const ROWS_EACH = 64;
const ROWS_SMALL = 8192;
const ROWS_LEAST = 4;
/** Products that second moments of all groups take together. */
const MOST_PRODUCTS = 2e10;
/** How often targets behind a ReLU are recomputed: where it outputs zero any value below zero will do. */
const ROUNDS = 6;

/** The stride at which positions of a grouped convolution are subsampled for its refit. `inputs`: of each group, which need few rows. */
export function everyOfGroups(groups: number, inputs: number, rows: number): number {
  const enough = Math.max(ROWS_SMALL, ROWS_EACH * inputs);
  const affordable = Math.max(ROWS_LEAST * inputs, MOST_PRODUCTS / groups / inputs ** 2);
  return Math.max(1, Math.floor(rows / Math.min(enough, affordable)));
}

/** Every n-th sample, n being `every`, of tensors whose first axis is the samples. */
export function subsampledTensors(
  tensors: ReadonlyMap<string, Tensor>,
  names: readonly string[],
  every: number,
): ReadonlyMap<string, Tensor> {
  if (every === 1) return tensors;
  return new Map(
    names.flatMap((name) => {
      const tensor = tensors.get(name);
      if (tensor === undefined) return [];
      const { dims } = tensor;
      const samples = Array.from({ length: Math.ceil(dims[0]! / every) }, (_, i) => i * every);
      const data = taken(float32(tensor, name), dims, 0, samples);
      return [[name, { type: 'float32', data, dims: dims.with(0, samples.length) }]];
    }),
  );
}

/** What a layer of groups is solved for. */
export interface Grouped {
  readonly groups: number;
  /** Of each group. */
  readonly inputs: number;
  readonly outputs: number;
  /** The weights that it has: damping pulls towards them. [groups · outputs, inputs] */
  readonly weights: Float32Array;
  readonly intercept: boolean;
}

/**
 * Refits each group by itself, under the damping that does best on what is held out for it.
 *
 * returns: the refit [groups · outputs, inputs], and the means of the inputs [groups, inputs]
 */
export async function solveGroups(
  { groups, inputs, outputs, weights, intercept }: Grouped,
  examples: readonly Example[],
  options: NativeOptions,
): Promise<{ readonly refit: Refit; readonly means: Float64Array }> {
  const fits = new NativeGroupedMoments(groups, inputs, outputs);
  const held = new NativeGroupedMoments(groups, inputs, outputs);
  for (const { held: out, rows, wanted } of examples)
    await (out ? held : fits).add(rows.x, wanted.y, rows.patches!, options);
  const near = Float64Array.from(weights);
  const solved = (damping: Float64Array): Promise<Refit> =>
    fits.ridge(near, damping, { ...options, intercept });
  const damping = new Float64Array(groups).fill(DAMPING);
  if ((await held.count(options)) > 0) {
    const least = new Float64Array(groups).fill(Number.POSITIVE_INFINITY);
    for (const candidate of DAMPINGS) {
      const errors = await held.errors(await solved(damping.map(() => candidate)), options);
      for (let group = 0; group < groups; group++) {
        const own = errors.subarray(group * outputs, (group + 1) * outputs);
        const error = own.reduce((sum, value) => sum + value, 0);
        if (error < least[group]!) [least[group], damping[group]] = [error, candidate];
      }
    }
  }
  await fits.merge(held, options);
  let refit = await solved(damping);
  const parts = partsOf(examples[0]?.wanted);
  const targets = parts > 1 ? examples.map((example) => joined(example, groups * outputs)) : [];
  for (let round = 0; parts > 1 && round < ROUNDS; round++) {
    await fits.clearTargets(options);
    for (const [i, { rows }] of examples.entries())
      await fits.addClipped(rows.x, targets[i]!, parts as 2 | 3, refit, rows.patches!, options);
    refit = await solved(damping);
  }
  return { refit, means: await fits.means(options) };
}
