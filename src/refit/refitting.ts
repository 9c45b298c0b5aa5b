import type { ValueSource } from '../execution/activationCache.js';
import type { StagedRun } from '../execution/stagedRun.js';
import type { NativeOptions } from '../native/index.js';
import type { PendingUpdates } from './pendingUpdates.js';
import type { RefitInputs, RefitMode } from './refitInputs.js';

/** What the refit of each entry of a schedule works on: both models as far as they are computed, and the weights so far. */
export interface Refitting {
  readonly updates: PendingUpdates;
  readonly original: ValueSource;
  readonly pruned: StagedRun;
  /** With the samples that are taken along by now. */
  readonly source: RefitInputs;
  readonly mode: RefitMode;
  readonly options: NativeOptions;
}
