import type { Dataset, Tensor } from '../../src/index.js';
import { datasetOf } from '../../src/index.js';
import { draws } from '../../test/support/random.js';

/** The arrays that a model is fed with: names that begin with `label` are never among them. */
export async function chosen(dataset: Dataset, samples: readonly number[]): Promise<Dataset> {
  const tensors: Record<string, Tensor> = {};
  for (const array of dataset.arrays.values()) {
    if (array.name.startsWith('label') || array.type === undefined) continue;
    const all = await array.read(0, array.dims[0]!);
    const stride = all.length / array.dims[0]!;
    const data = all.slice(0, samples.length * stride);
    for (const [place, sample] of samples.entries())
      data.set(all.subarray(sample * stride, (sample + 1) * stride) as never, place * stride);
    tensors[array.name] = {
      type: array.type,
      data,
      dims: [samples.length, ...array.dims.slice(1)],
    } as Tensor;
  }
  return datasetOf(tensors, dataset.source);
}

export const samplesOf = (dataset: Dataset): number =>
  Math.min(...[...dataset.arrays.values()].map(({ dims }) => dims[0] ?? 1));

/** Seed 0 takes all of them, each other seed another three quarters, in their order. */
export function drawn(samples: readonly number[], seed: number): readonly number[] {
  if (seed === 0) return samples;
  const order = shuffled(samples, seed);
  return order.slice(0, Math.ceil(0.75 * samples.length)).sort((a, b) => a - b);
}

/** Two halves by chance, always the same; neighbours of even and odd number, which may be pairs, stay together. */
export function halves(samples: number): readonly [readonly number[], readonly number[]] {
  const pairs = Array.from({ length: Math.ceil(samples / 2) }, (_, pair) => pair);
  const first = new Set(shuffled(pairs, 1).slice(0, Math.ceil(pairs.length / 2)));
  const all = Array.from({ length: samples }, (_, sample) => sample);
  return [all.filter((sample) => first.has(sample >> 1)), all.filter((sample) => !first.has(sample >> 1))];
}

/** Fisher and Yates. */
function shuffled(items: readonly number[], seed: number): number[] {
  const draw = draws(seed);
  const order = [...items];
  for (let end = order.length - 1; end > 0; end--) {
    const other = draw(end + 1);
    [order[end], order[other]] = [order[other]!, order[end]!];
  }
  return order;
}
