import type { Combination } from '../scoring/combined.js';
import type { Warning } from './outcomes.js';
import type { Size } from './size.js';

/** One way to prune, and what came of it. */
export interface SweepPoint {
  readonly criterion: string | Combination;
  readonly policy: string;
  readonly reconstruct: boolean;
  readonly seed: number;
  /** What was asked to stay, or of a ratio to leave: one of them, a fraction. */
  readonly ratio?: number;
  readonly macs?: number;
  readonly params?: number;
  /** What is left; absent where it failed. */
  readonly size?: Size;
  /** How alike the answers are, of the output that is least alike, 0 to 1. */
  readonly fidelity?: number;
  /** With labels: the share of samples that are classified rightly, 0 to 1. */
  readonly accuracy?: number;
  /** Seconds of the pruning alone. What is computed for the first point of a criterion, others find done. */
  readonly seconds: number;
  readonly warnings?: readonly Warning[];
  /** Why there is nothing. */
  readonly failed?: { readonly code: string; readonly text: string };
}

/** Prunings of one model beside each other: plain data, as `espalier sweep` writes it. */
export interface Sweep {
  readonly format: 'espalier-sweep';
  readonly version: 1;
  readonly model: { readonly file: string; readonly sha256: string; readonly size: Size };
  /** What calibrated, and what judged. */
  readonly data: { readonly source: string; readonly samples: number };
  readonly test: { readonly source: string; readonly samples: number };
  /** The original's, on what judged. */
  readonly accuracy?: number;
  readonly points: readonly SweepPoint[];
}
