import type { Criterion, Saliency } from './criterion.js';
import { norm } from './shown.js';
import { readings } from './tree.js';

/**
 * What nothing else knows, times what is made of it: the rise of the consumers' error when a lane leaves and all that stay are
 * refitted, ‖W_j‖² 2^{2h(X_j|rest)} / 2πe for a linear consumer. Of a convolution the lane's taps leave together, and the price is that
 * of their block, tr(B_cᵀ P_cc⁻¹ B_c). Summed over all consumers, each in shares of its output's variance; lanes leave one after the
 * other, and prices are of what is left.
 *
 * Dims of queries and keys cost the share of their products' energy that the best dims that are left cannot give.
 *
 * score: the share of its consumers' variance that is lost once the lane, and all that leave before it, have left; >= 0, in the order
 * in which they leave. A group of which nothing of that can be seen: the Euclidean norms of the weights that make its lanes.
 * parts: of the inputs that a lane has at its first consumer, in bits for each: `entropy` h(X_j), `conditional` h(X_j|rest),
 * `redundancy` I(X_j; rest), as of Gaussians; `energy` Σw² of the weights that read it.
 *
 * reads: one pass over the data. memory: the second moments of all layers.
 * source: Hassibi, Stork 1993; blocks as in Frantar, Alistarh 2022 (OBC)
 */
export const information: Criterion = {
  name: 'information',
  summary: 'what no other lane knows, times what the next layers make of it; priced at their outputs',
  source: 'Hassibi, Stork 1993; Frantar, Alistarh 2022',
  needs: 'data',
  options: {},
  score: async (groups, _, calibration) => {
    const priced = await calibration.saliencies(groups);
    const energy = await readings(groups, calibration);
    const hidden = groups.filter((__, index) => priced[index] === undefined);
    const norms = new Map((await norm(hidden, calibration)).map((scores, index) => [hidden[index]!, scores]));
    return groups.map((group, index) => {
      const own = priced[index];
      if (own === undefined) return norms.get(group)!;
      if (own.bits === undefined) return rising(own);
      const { entropy, conditional, redundancy } = own.bits;
      return { scores: rising(own), parts: { entropy, conditional, redundancy, energy: energy[index]! } };
    });
  },
};

/** Scores that rise in the order of removal: the loss curve, with a trifle added per lane so that the order is kept where it is flat. */
function rising({ order, damage }: Saliency): Float64Array {
  const scores = new Float64Array(order.length);
  const trifle = 1e-12 * (damage.at(-1) ?? 0) + Number.MIN_VALUE;
  for (const [place, lane] of order.entries()) scores[lane] = damage[place]! + (place + 1) * trifle;
  return scores;
}
