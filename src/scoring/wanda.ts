import type { Group } from '../coupling/groups.js';
import type { SliceRequest } from '../native/statistics.js';
import type { ChannelSummary, Criterion } from './criterion.js';
import { sliceOf } from './criterion.js';
import { overPlaces } from './shown.js';

/**
 * What a lane carries times what its consumers make of it: √(mean x²) · √Σ‖W_:j‖², over the stored weights that a node contracts
 * with the value, for the whole lane rather than weight by weight. Lanes that no stored weight reads count for √(mean x²) alone.
 *
 * score: >= 0, the mean over the values that show the lane.   reads: one pass over the data, and the consumers' weights.
 * source: Sun, Liu, Bair, Kolter 2023, of single weights.
 */
export const wanda: Criterion = {
  name: 'wanda',
  summary: "norm of a lane's activations times the norm of the weights that read it",
  source: 'Sun, Liu, Bair, Kolter 2023',
  needs: 'data',
  options: {},
  score: async (groups, _, calibration) => {
    const shown = await calibration.activations(groups);
    const read = shown.flatMap((all, index) =>
      all
        .filter(({ place }) => place.readers.length > 0)
        .map((own) => ({ own, request: requestOf(groups[index]!, own) })),
    );
    const squares = await calibration.statistics(
      read.map(({ request }) => request),
      { kind: 'square-sum' },
    );
    const weights = new Map(read.map(({ own }, index) => [own, squares[index]!]));
    return overPlaces(groups, shown, calibration, (own) => {
      const square = weights.get(own);
      return own.summary.meanSquare.map((mean, lane) => Math.sqrt(mean * (square?.[lane] ?? 1)));
    });
  },
};

const requestOf = ({ lanes }: Group, { place }: ChannelSummary): SliceRequest => ({
  lanes: lanes.length,
  slices: place.readers.map(sliceOf),
});
