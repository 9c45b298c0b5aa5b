import type { Removal } from '../coupling/survivors.js';
import type { Edits } from '../model/edits.js';
import type { Cuts } from '../surgery/cuts.js';

/** A removal, and the edits that carry it out. */
export interface Removed {
  readonly removal: Removal;
  readonly cuts: Cuts;
  readonly edits: Edits;
}

/** The result of refitting a pruned model. */
export interface Reconstructed {
  readonly edits: Edits;
  /** Layers that were refitted, and the samples that they were fitted to. */
  readonly layers: number;
  readonly samples: number;
  /** Values that were taken from the original during the refit, as they decide the lengths of others, or pick elements of them. */
  readonly taken: readonly string[];
  /** Nodes whose outputs have other positions in the pruned model nevertheless: their weights were cut and not refitted. */
  readonly unmatched: readonly string[];
}
