import { blockOf } from '../base/blocks.js';

/** Which numbers of lanes a group may keep. */
export interface Rounding {
  /** The step of a group of `lanes`: it keeps a multiple of it, or stays whole. */
  step(lanes: number): number;
}

/**
 * Rounds every group's width to `multiple`; without one, wide groups to whole blocks, narrower ones to any
 * whole number.
 */
export const roundingTo = (multiple?: number): Rounding => ({
  step: (lanes) => multiple ?? blockOf(lanes),
});

/** The number of lanes to keep that is nearest to `wanted`; of two, the smaller. Never none. */
export function roundedCount(lanes: number, wanted: number, { step }: Rounding): number {
  const block = step(lanes);
  if (block >= lanes) return lanes;
  const below = Math.floor(wanted / block) * block;
  const nearest = wanted - below <= block / 2 + 1e-9 ? below : below + block;
  return Math.min(lanes, Math.max(block, nearest));
}
