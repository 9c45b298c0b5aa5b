import type { GuardReport } from '../guard/types.js';
import type { Plan } from '../plan/plan.js';

/** A warning is part of a result, never printed by the library. */
export interface Warning {
  readonly code: string;
  readonly text: string;
}

/** A latency predicted from measured layers. Their sum is not the whole: `verify` measures what came of it. */
export interface LatencyPrediction {
  /** Of one run of the original on zeros, every open length at its assumed value; the fastest of some runs. */
  readonly originalMs: number;
  readonly predictedMs: number;
  /** Predicted over original. */
  readonly ratio: number;
  /** Layers that were measured at several widths, and those that are taken to shrink as their multiply-accumulates do. */
  readonly layers: { readonly measured: number; readonly estimated: number };
  /** What was measured for this call; 0 where the cache had it all. */
  readonly points: number;
  /** The layers that were measured, in order of the graph, by the names of their nodes; what they leave of the whole is `rest`. */
  readonly byNode: readonly LayerLatency[];
  /** All that is not measured by itself: other layers by their multiply-adds, other nodes by the elements that they make, the runtime's overhead. */
  readonly rest: { readonly originalMs: number; readonly predictedMs: number };
}

/** What one layer takes, scaled so that all layers and the rest together come to the measured time of the whole. */
export interface LayerLatency {
  readonly node: string;
  readonly originalMs: number;
  readonly predictedMs: number;
}

/** What a policy chose from, for one unit of a model (of pruning: a group), and its choice. */
export interface ChosenCurve {
  /** The unit's name: of pruning the id of the group. */
  readonly unit: string;
  /** [choices], descending: what each choice keeps of the unit (of pruning: lanes); the first keeps all. */
  readonly amounts: readonly number[];
  /** [choices], >= 0 and 0 for the first: what the model's answers were predicted to lose, as a share of their variance. */
  readonly loss: readonly number[];
  /** Whether that was measured on samples; else something stands for it. */
  readonly isLossMeasured: boolean;
  /** The index of the choice that was taken. */
  readonly chosen: number;
}

/** How much was refitted after the cut: weights solved by least squares, and on how many samples. */
export interface ReconstructionReport {
  /** Stored weights that were solved for anew. */
  readonly layers: number;
  /** Samples that they were fitted to. */
  readonly samples: number;
}

/** What is known of a pruned model beside what its file says: a `Pruned` is one. */
export interface ReportedOutcome {
  readonly plan: Plan;
  readonly warnings: readonly Warning[];
  readonly latency?: LatencyPrediction;
  readonly curves?: readonly ChosenCurve[];
  readonly guard?: GuardReport;
  readonly reconstruction?: ReconstructionReport;
}
