/** The multiplications that the second moments of all layers may take; layers with more positions are subsampled evenly. */
const MOST_COST = 2e11;
/** The cost of gathering one input, in multiplications that take as long. */
const GATHERING = 512;
/** Positions for each input of a layer at least and at most; layers of few inputs may have some more. */
const ROWS_EACH = 4;
const ROWS_ENOUGH = 256;
const ROWS_FEW = 32768;
/**
 * Where positions are subsampled, whole batches are left out first, as the runtime then need not compute and copy their values: at most
 * all but one in `MOST_STRIDE`, a power of two, and only while `SAMPLES` samples remain.
 */
const MOST_STRIDE = 8;
const SAMPLES = 128;
/** Positions of a layer's inputs on all data. */
export interface RegressionSize {
  readonly inputs: number;
  readonly rows: number;
  /** Regression targets that each input is multiplied by. */
  readonly targets?: number;
}

/** Multiplications for each position. */
const costOf = ({ inputs, targets = 0 }: RegressionSize): number =>
  inputs * (inputs + GATHERING + 2 * targets);

/** The multiplications that one layer may take so that all take at most `most`; what cheap layers do not need is left to the others. */
export function shareOf(sizes: readonly RegressionSize[], most = MOST_COST): number {
  const costs = sizes.map((size) => Math.min(size.rows, mostRows(size.inputs)) * costOf(size));
  let left = most;
  for (const [place, cost] of costs.sort((a, b) => a - b).entries()) {
    const share = left / (costs.length - place);
    if (cost > share) return share;
    left -= cost;
  }
  return Number.POSITIVE_INFINITY;
}

/** The stride at which a layer's positions are subsampled, so that it takes at most `share` multiplications but keeps `wantedRows`. */
export function strideFor(size: RegressionSize, share: number): number {
  const most = Math.max(wantedRows(size.inputs), share / costOf(size));
  return Math.max(1, Math.floor(size.rows / Math.min(mostRows(size.inputs), most)));
}

/** More positions say nothing new: those of one sample are much alike. */
const mostRows = (inputs: number): number => Math.max(ROWS_FEW, ROWS_ENOUGH * inputs);

/** The least number of positions that a layer's second moments are estimated from. */
export const wantedRows = (inputs: number): number => ROWS_EACH * inputs;

/**
 * A stride of positions as a stride of batches and a stride of positions within them. That of batches is a power of two, so that batches of which
 * much is left out are among those of which less is.
 */
export function stridesFor(
  every: number,
  samples: number,
): { readonly batches: number; readonly positions: number } {
  const most = Math.min(MOST_STRIDE, Math.floor(samples / SAMPLES), every);
  let batches = 1;
  while (2 * batches <= most) batches *= 2;
  return { batches, positions: Math.floor(every / batches) };
}
