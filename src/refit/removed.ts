import type { Removal } from '../coupling/survivors.js';
import type { Edits } from '../model/edits.js';
import type { Cuts } from '../surgery/cuts.js';

/** A removal, and the edits that carry it out. */
export interface Removed {
  readonly removal: Removal;
  readonly cuts: Cuts;
  readonly edits: Edits;
}

/** What came of refitting a removal. */
export interface Reconstructed {
  readonly edits: Edits;
  /** Layers that were refitted, and the samples that they were fitted to. */
  readonly layers: number;
  readonly samples: number;
  /** Values that the original decided while weights were refitted: how long others are, or which are looked at. */
  readonly taken: readonly string[];
  /** Nodes whose answers lie at other places in the pruned model all the same: they have the weights that were cut. */
  readonly unmatched: readonly string[];
}
