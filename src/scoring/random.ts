import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Criterion } from './criterion.js';

/** A number drawn for each lane: what any other criterion must beat. The same seed draws the same numbers. */
export const random: Criterion = {
  name: 'random',
  summary: 'drawn at random, by the seed: what any other criterion must beat',
  source: 'baseline',
  needs: 'nothing',
  options: {},
  score: async (groups, _, { seed }) => {
    const generator = xoroshiro128plus(seed);
    return groups.map((group) => Float64Array.from(group.lanes, () => uniformFloat64(generator)));
  },
};
