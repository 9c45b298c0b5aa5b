/** What looking at the positions of all layers may cost, in products: positions beyond are left out, evenly. */
const MOST_COST = 4e11;
/** Products in the time of which one input is gathered. */
const GATHERING = 512;
/** Positions for each input of a layer at least, and of any layer at most. */
const ROWS_EACH = 4;
const ROWS_MOST = 524288;
/**
 * Where positions are left out, whole batches are first, since the runtime need not hand over what nobody looks at: as long as one batch
 * of these is looked at, and so many samples are.
 */
const MOST_STRIDE = 8;
const SAMPLES = 128;
/** Both strides together leave out this share of what one would at least. */
const CLOSE = 0.8;

/** Positions of a layer's inputs on all data. */
export interface Size {
  readonly inputs: number;
  readonly rows: number;
  /** Targets that each input is multiplied by, counted as often as it is. */
  readonly targets?: number;
}

/** In products, for each position. */
const costOf = ({ inputs, targets = 0 }: Size): number => inputs * (inputs + GATHERING + 2 * targets);

/** What one layer may cost so that all together hold a bound: layers that cost less leave more to others. */
export function shareOf(sizes: readonly Size[], most = MOST_COST): number {
  const costs = sizes.map((size) => Math.min(size.rows, ROWS_MOST) * costOf(size));
  let left = most;
  for (const [place, cost] of costs.sort((a, b) => a - b).entries()) {
    const share = left / (costs.length - place);
    if (cost > share) return share;
    left -= cost;
  }
  return Number.POSITIVE_INFINITY;
}

/** Each so-many-th position of a layer is worth looking at. */
export function strideFor(size: Size, share: number): number {
  const most = Math.max(wantedRows(size.inputs), share / costOf(size));
  return Math.max(1, Math.floor(size.rows / Math.min(ROWS_MOST, most)));
}

/** Fewer positions say too little about a layer. */
export const wantedRows = (inputs: number): number => ROWS_EACH * inputs;

/** The same as each so-many-th batch, and each so-many-th position in it. */
export function stridesFor(
  every: number,
  samples: number,
): { readonly batches: number; readonly positions: number } {
  const most = Math.min(MOST_STRIDE, Math.floor(samples / SAMPLES), every);
  for (let batches = most; batches > 1; batches--) {
    const positions = Math.floor(every / batches);
    if (batches * positions >= CLOSE * every) return { batches, positions };
  }
  return { batches: 1, positions: every };
}
