import type { InputRows } from '../layers/rows.js';
import type { RefitMode } from './refitInputs.js';
import type { RegressionTarget } from './target.js';

/**
 * Ridge dampings to choose from, as shares of the mean variance of a layer's inputs. The smallest suits removed lanes that the others
 * reproduce exactly, the largest suits samples too few to improve on the weights that there are.
 */
const DAMPINGS = [1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1];
/** Layers of more inputs than this have fewer dampings to choose from, as each costs the cube of the inputs. */
export const LARGE = 640;
const LARGE_DAMPINGS = [1e-3, 1e-2, 1];
/** Dampings of a quick trial: enough to tell plenty of samples from so few that a layer would overfit them. */
const QUICK_DAMPINGS = [1e-3, 1e-1, 1];
/** One batch in this many is held out to choose the damping, and fitted to like the others after that. */
export const HELD_OUT = 4;

/** The ridge dampings to choose from for a layer of so many inputs, as shares of the inputs' mean variance. */
export const dampingsFor = (inputs: number, { quick = false }: RefitMode): readonly number[] => {
  if (quick) return QUICK_DAMPINGS;
  return inputs > LARGE ? LARGE_DAMPINGS : DAMPINGS;
};

/** Whether a batch, counted from 0, is held out to choose the damping: the last of every `HELD_OUT`. */
export const isHeld = (batch: number): boolean => batch % HELD_OUT === HELD_OUT - 1;

/** A regression example: the inputs and the targets of a layer, for one batch at one use of its weight. */
export interface Example {
  readonly held: boolean;
  readonly rows: InputRows;
  wanted: RegressionTarget;
}
