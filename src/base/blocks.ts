/** Runtimes compute in blocks of so many channels: odd widths of wide layers are slower than the original. */
export const BLOCK = 8;
/** The number of lanes from which a layer counts as wide, and had better keep a multiple of `BLOCK`. */
export const WIDE = 32;

/** What a layer of `lanes` had better keep a multiple of. */
export const blockOf = (lanes: number): number => (lanes >= WIDE ? BLOCK : 1);
