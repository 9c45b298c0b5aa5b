import type { Criterion } from './criterion.js';
import { producers } from './criterion.js';

/** Σ|w| of the weights that make a lane. source: Li et al. 2017, pruning filters for efficient ConvNets. */
export const l1: Criterion = {
  name: 'l1',
  summary: 'sum of the absolute weights that make a lane',
  source: 'Li, Kadav, Durdanovic, Samet, Graf 2017',
  needs: 'weights',
  options: {},
  score: (groups, _, calibration) =>
    calibration.statistics(
      groups.map((group) => producers(group, calibration.rankOf)),
      { kind: 'abs-sum' },
    ),
};

/** √Σw² of the weights that make a lane. */
export const l2: Criterion = {
  name: 'l2',
  summary: 'Euclidean norm of the weights that make a lane',
  source: 'He, Kang, Dong, Fu, Yang 2018',
  needs: 'weights',
  options: {},
  score: async (groups, _, calibration) => {
    const squares = await calibration.statistics(
      groups.map((group) => producers(group, calibration.rankOf)),
      { kind: 'square-sum' },
    );
    return squares.map((values) => values.map(Math.sqrt));
  },
};
