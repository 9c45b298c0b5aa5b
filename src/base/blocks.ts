/** Runtimes compute in blocks of this many channels: wide layers of other widths are slower than the original. */
export const BLOCK = 8;
/** The number of lanes from which a layer counts as wide, and had better keep a multiple of `BLOCK`. */
export const WIDE = 32;

/** What a layer of `lanes` had better keep a multiple of. */
export const blockOf = (lanes: number): number => (lanes >= WIDE ? BLOCK : 1);
