import type { GuardMetric } from './metrics.js';

/** What must hold of the pruned model on samples that it was not calibrated with: one of the two limits. */
export interface Guard {
  readonly metric: GuardMetric;
  /** For what is better when it is higher. */
  readonly atLeast?: number;
  /** For kl. */
  readonly atMost?: number;
}

/** A metric on the samples held out. */
export interface GuardValue {
  readonly metric: GuardMetric;
  /** The mean over the samples, of the output that fares worst. It decides. */
  readonly value: number;
  /** Of 95 %: what the mean may be on other samples of the same kind. Wilson's for shares, else by bootstrap. */
  readonly interval: readonly [low: number, high: number];
  /** The output that it is of. */
  readonly output: string;
  /** Samples that neither model answers (NaN in both), where there are some: the mean is without them. */
  readonly unanswered?: number;
}

/** A guard, and how the model that was taken fares. */
export interface GuardResult extends Guard, GuardValue {}

/** One amount that was tried. */
export interface GuardTry {
  /** How hard: 1 is what was asked for, 0 would remove nothing. */
  readonly severity: number;
  readonly ratio?: number;
  readonly macs?: number;
  readonly params?: number;
  readonly latency?: number;
  readonly bytes?: number;
  readonly holds: boolean;
  /** Nothing where so small an amount removes nothing. */
  readonly values: readonly GuardValue[];
}

/** How a guard was kept. */
export interface GuardReport {
  readonly guards: readonly GuardResult[];
  /** Samples held out: the last ones. The choice among tries was made on them too, so a value just at its limit flatters. */
  readonly samples: number;
  /** Samples before them, left to calibration. */
  readonly calibration: number;
  /** Outputs that no guard looks at, and why: they are no tensors. Absent where there are none. */
  readonly unjudged?: readonly { readonly output: string; readonly why: string }[];
  /** In the order in which they were made; the smallest model that holds was taken. */
  readonly tries: readonly GuardTry[];
}
