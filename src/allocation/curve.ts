/**
 * What can be done with one unit of a model (a group of lanes, a stored tensor), from nothing to the most. Choice 0 leaves the unit
 * as it is; every further one takes more away. Allocation knows no more of a unit than this.
 */
export interface Curve {
  /** The unit's name, for messages and plans. */
  readonly unit: string;
  /** [choices], descending: what stays of the unit, in the measure that costs are polynomials of degree two in: lanes, or bits. */
  readonly amounts: readonly number[];
  /** [choices], >= 0 and 0 for the first: what the model's answers are predicted to lose, as a share of their variance. */
  readonly loss: ArrayLike<number>;
  /** Whether that was measured on samples; else something stands for it. */
  readonly isLossMeasured?: boolean;
  /**
   * [choices - 1], >= 0: the importance of what each step takes away, for each of its parts and relative to the mean of the unit, so that
   * steps of all units can be put in one order.
   */
  readonly worth: ArrayLike<number>;
  /** The choice that keeps about this share of the unit, 0 < share < 1, by the unit's own rules of rounding. */
  nearest(share: number): number;
}

/** A limit on what is left of the model. */
export interface Budget {
  readonly name: 'macs' | 'params' | 'bytes' | 'latency';
  readonly limit: number;
  /** What would be left after one choice for each curve, in the budget's unit. */
  cost(choices: readonly number[]): number;
  /** The same from the amounts alone, where that is exact too and faster. */
  costOfAmounts?(choices: readonly number[]): number;
}

/** What a policy decides on. */
export interface Task {
  readonly curves: readonly Curve[];
  /** The share of each unit to take away, 0 < ratio < 1. */
  readonly ratio?: number;
  readonly budget?: Budget;
  /** Aborts the call that the policy is asked in. */
  readonly signal?: AbortSignal;
}

/** A choice for each curve, by its index among `amounts`. */
export type Choices = readonly number[];

/** How much is taken away where. */
export interface Policy<Result extends Choices | Promise<Choices> = Choices> {
  readonly name: string;
  readonly summary: string;
  /** What says how much is taken away: a share of each unit, a limit on what is left, or either of them. */
  readonly takes: 'ratio' | 'budget' | 'either';
  /** Whether it looks at `Curve.loss`, which takes time to measure. */
  readonly needsLoss?: boolean;
  /** errors: OPTION_INVALID without what it needs; BUDGET_IMPOSSIBLE where no choices hold the budget. */
  allocate(task: Task): Result;
}
