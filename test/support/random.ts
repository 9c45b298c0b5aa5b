import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Numbers from -1 to 1, the same for the same seed. */
export function random(seed: number): () => number {
  const generator = xoroshiro128plus(seed);
  return () => 2 * uniformFloat64(generator) - 1;
}

/** Whole numbers from 0 to below a limit. */
export function draws(seed: number): (limit: number) => number {
  const next = random(seed);
  return (limit) => Math.min(limit - 1, Math.floor(((next() + 1) / 2) * limit));
}
