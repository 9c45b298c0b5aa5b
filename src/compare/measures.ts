import { largest } from '../runtime/classes.js';
import { cosineOf, relativeErrorOf } from './elements.js';
import type { Answers, SampleAnswers } from './row.js';

/**
 * What one sample of an output is worth, from its row. Of a sample that neither model answers (NaN in both) none says anything:
 * NaN. Of a row that is lost each is at its worst.
 */
export type Measure = (row: SampleAnswers, answers: Answers) => number;

const measure =
  (worst: number, of: Measure): Measure =>
  (row, answers) => {
    if (!row.answered) return Number.NaN;
    return row.lost ? worst : of(row, answers);
  };

/** The class that a row names: where its largest value lies, or the value itself. -1 or NaN where it names none. */
export const classOf = (values: ArrayLike<number>, classes: Answers['classes']): number =>
  classes === 'names' ? (values[0] ?? Number.NaN) : largest(values, 0, values.length);

/** Do both name the same class? */
export const sameClass = measure(0, ({ original, pruned, share }, { classes, manner }) => {
  // Boxes are matched within their classes, so that all that are matched agree.
  if (manner === 'boxes') return share;
  const named = classOf(pruned, classes);
  return !(named < 0) && named === classOf(original, classes) ? 1 : 0;
});

/**
 * How much of what the original says is kept, 0 to 1. Of outputs that name classes whether they name the same one; of boxes the
 * panoptic quality: overlaps of the matched over the mean of how many there are; of integers and texts the share of elements that
 * are equal; of all others 1 - ‖original - pruned‖ / ‖original‖, and 0 where that is negative.
 *
 * source: Kirillov et al., Panoptic Segmentation, CVPR 2019
 */
export const fidelity = measure(0, (row, answers) => {
  const { sums, share, overlap } = row;
  if (answers.classes !== undefined) return sameClass(row, answers);
  if (overlap !== undefined) return share * overlap;
  if (answers.discrete) return share * (sums.elements === 0 ? 1 : sums.same / sums.elements);
  return Math.max(0, 1 - (relativeErrorOf(sums, share) ?? 1));
});

/** Of the two as vectors. 1 for zeros against zeros, 0 for zeros against anything else. */
export const cosine = measure(0, ({ sums, share }) => cosineOf(sums, share) ?? 0);

/** The least probability that is reckoned with: 2^-64. No sample is worth more bits than that. */
export const MOST_BITS = 64;

/** Log2 of a row as probabilities: of itself where the original's row sums to one already, else of its softmax. */
function logProbabilities(row: readonly number[], sums: boolean): number[] {
  const least = (log: number): number => Math.max(-MOST_BITS, log);
  if (sums) {
    const sum = row.reduce((all, value) => all + Math.max(0, value), 0);
    return row.map((value) => least(Math.log2(Math.max(0, value) / sum)));
  }
  const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
  // Where the largest value is infinite, ∞ - ∞ would not be a number: it gets all of the probability.
  const above = (value: number): number => (value === most ? 0 : value - most);
  const sum = row.reduce((all, value) => all + Math.exp(above(value)), 0);
  return row.map((value) => least(above(value) * Math.LOG2E - Math.log2(sum)));
}

/**
 * Σ p log2(p / q) in bits, p the original's probabilities of the classes, q the pruned model's: the softmax of the outputs,
 * or the outputs themselves where the original's are probabilities (none negative, sum 1 to within 0.001).
 */
export const divergence = measure(MOST_BITS, (row) => {
  const answered = Array.from(row.original, (_, i) => i).filter((i) => !Number.isNaN(row.original[i]!));
  const original = answered.map((i) => row.original[i]!);
  const sum = original.reduce((all, value) => all + value, 0);
  const sums = original.every((value) => value >= 0) && Math.abs(sum - 1) < 1e-3;
  const p = logProbabilities(original, sums);
  const q = logProbabilities(
    answered.map((i) => row.pruned[i]!),
    sums,
  );
  let bits = 0;
  for (let i = 0; i < p.length; i++) bits += 2 ** p[i]! * (p[i]! - q[i]!);
  return Number.isNaN(bits) ? MOST_BITS : Math.max(0, bits);
});

/** Whether each model names a sample's class as its label does. What is no answer is wrong. */
export const hits = (
  row: SampleAnswers,
  { classes }: Pick<Answers, 'classes'>,
  label: number,
): { readonly original: boolean; readonly pruned: boolean } => ({
  original: classOf(row.original, classes) === label,
  pruned: !row.lost && classOf(row.pruned, classes) === label,
});
