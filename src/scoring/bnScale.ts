import type { Group } from '../coupling/groups.js';
import type { SliceRequest } from '../native/statistics.js';
import type { CalibrationStatistics, Criterion } from './criterion.js';
import { norm } from './shown.js';

/**
 * |γ| of the BatchNorm that follows a lane (of LayerNorm and its like too): it is the standard deviation of what comes out of it.
 * Where several scale one lane, as on a residual stream that many layers write to, √Σγ²: the deviation of their sum.
 *
 * A group without any (folded BatchNorm) scores √Σw² of the weights that make its lanes: the standard deviation of what comes
 * out for independent inputs of variance 1, hence the same quantity as far as weights tell.
 *
 * score: >= 0.   source: Liu, Li, Shen, Huang, Yan, Zhang 2017, network slimming.
 */
export const bnScale: Criterion = {
  name: 'bn-scale',
  summary: 'scale of the normalisation that follows a lane; of the weights that make it where there is none',
  source: 'Liu, Li, Shen, Huang, Yan, Zhang 2017',
  needs: 'weights',
  options: {},
  score: async (groups, _, calibration) => {
    const scaled = groups.filter((group) => gainsOf(group, calibration).slices.length > 0);
    const others = groups.filter((group) => !scaled.includes(group));
    const squares = await calibration.statistics(
      scaled.map((group) => gainsOf(group, calibration)),
      { kind: 'square-sum' },
    );
    const found = new Map<Group, Float64Array>(
      scaled.map((group, index) => [group, squares[index]!.map(Math.sqrt)]),
    );
    for (const [index, scores] of (await norm(others, calibration)).entries())
      found.set(others[index]!, scores);
    return groups.map((group) => found.get(group)!);
  },
};

const gainsOf = ({ lanes, axes }: Group, { gains }: CalibrationStatistics): SliceRequest => ({
  lanes: lanes.length,
  slices: axes
    .filter(({ parameterAxis }) => gains.has(parameterAxis.tensor))
    .map(({ parameterAxis, lanes: own }) => ({
      tensor: parameterAxis.tensor,
      axis: parameterAxis.axis,
      lanes: own,
    })),
});
