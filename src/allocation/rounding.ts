/** Which numbers of lanes a group may keep. */
export interface Rounding {
  /** The step of a group of `lanes`: it keeps a multiple of it, or stays whole. */
  step(lanes: number): number;
}

/** Runtimes compute in blocks: odd widths of wide layers are slower than the original. */
export const BLOCK = 8;
/** The number of lanes from which a group counts as wide, and keeps a multiple of `BLOCK` by default. */
export const WIDE = 32;

/**
 * Rounds every group's width to `multiple`; without one, groups of `WIDE` lanes and more to `BLOCK`, narrower ones to
 * any whole number.
 */
export const roundingTo = (multiple?: number): Rounding => ({
  step: (lanes) => multiple ?? (lanes >= WIDE ? BLOCK : 1),
});

/** The number of lanes to keep that is nearest to `wanted`; of two, the smaller. Never none. */
export function roundedCount(lanes: number, wanted: number, { step }: Rounding): number {
  const block = step(lanes);
  if (block >= lanes) return lanes;
  const below = Math.floor(wanted / block) * block;
  const nearest = wanted - below <= block / 2 + 1e-9 ? below : below + block;
  return Math.min(lanes, Math.max(block, nearest));
}
