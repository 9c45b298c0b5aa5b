import { isAnswered, type Pair, type Sums, sumsOf } from './elements.js';

/** One output's answers to one sample: what of them can be compared, element by element. */
export class SampleAnswers implements Pair {
  #sums: Sums | undefined;

  constructor(
    readonly original: ArrayLike<number>,
    readonly pruned: ArrayLike<number>,
    /** How much of both that is, 0 to 1: what has no counterpart is missing here, and alike in nothing. */
    readonly share = 1,
    /** Of boxes: how much those that were matched overlap on average, 0 to 1. */
    readonly overlap?: number,
  ) {}

  get sums(): Sums {
    this.#sums ??= sumsOf(this);
    return this.#sums;
  }

  /** False where both models gave nothing but NaN. */
  get answered(): boolean {
    return isAnswered(this.sums);
  }

  /** An element is finite in one model only, or infinite in both with unlike signs: nothing here counts as alike. */
  get lost(): boolean {
    return this.sums.apart > 0;
  }
}

/** How an output's answers were compared. */
export type Manner =
  /** Element by element, all of them. */
  | 'values'
  /** Element by element up to the shorter along each axis, since the data decided their lengths. */
  | 'sequences'
  /** As sets: boxes that overlap by more than half, of the same class where rows tell it, are counterparts. */
  | 'boxes'
  /** Row by row: rows belong to the boxes of another output, and go with their counterparts. */
  | 'rows of boxes'
  /** As sets of rows that are equal or not. */
  | 'equal rows';

/** One output of both models for some samples. */
export interface Answers {
  readonly output: string;
  readonly dtype: string;
  readonly manner: Manner;
  /** One for each sample; where the output has no axis for samples, the same for all of them. */
  readonly rows: readonly SampleAnswers[];
  /**
   * Does it name a class for each sample? 'scores': floats [samples, classes], the largest is meant; 'names': one whole number or
   * text for each sample, which is the class.
   */
  readonly classes: 'scores' | 'names' | undefined;
  /** Of integers, Booleans or texts: an element is right or it is not. */
  readonly discrete: boolean;
  /** What the data decided the lengths of: boxes, rows, or positions along the open axes. */
  readonly lengths?: { readonly original: number; readonly pruned: number };
}
