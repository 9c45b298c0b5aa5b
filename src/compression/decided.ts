import type { Analysis } from '../coupling/analysis.js';
import { Removal } from '../coupling/survivors.js';
import type { StoredType } from '../model/document.js';
import type { Edits } from '../model/edits.js';
import { type Cuts, cutsOf } from '../surgery/cuts.js';
import type { Decision } from './compression.js';

/** What all compressions together do to a model. */
export interface Decided {
  readonly removal: Removal;
  readonly cuts: Cuts;
  /** By tensor: the type that it is stored as, where that is another than its own. */
  readonly dtypes: ReadonlyMap<number, StoredType>;
  /** What is written beside what follows from the removal. */
  readonly edits: readonly Partial<Edits>[];
}

/** One after the other: a removal, if one of them makes one, and all that others write. */
export function decidedBy(analysis: Analysis, decisions: readonly Decision[]): Decided {
  const removals = decisions.flatMap(({ removal }) => (removal === undefined ? [] : [removal]));
  const removal = removals.length === 1 ? removals[0]! : union(analysis, removals);
  return {
    removal,
    cuts: cutsOf(analysis, removal),
    dtypes: new Map(decisions.flatMap(({ dtypes }) => [...(dtypes ?? [])])),
    edits: decisions.flatMap(({ edits }) => (edits === undefined ? [] : [edits])),
  };
}

/** What leaves by any of them leaves. */
function union({ equations }: Analysis, removals: readonly Removal[]): Removal {
  const all = Array.from({ length: equations.lanes }, (_, lane) => lane);
  return new Removal(
    equations,
    all.filter((lane) => removals.some((removal) => removal.removes(lane))),
  );
}
