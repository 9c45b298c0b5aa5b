/**
 * How alike two rows of numbers are. The one definition that `verify`, guards and trials share.
 *
 * Element by element:
 * - both finite: they differ by as much as they differ
 * - both infinite of the same sign: they are equal, and add to no sum
 * - both NaN: neither model answers there; the element is left out and counted apart
 * - anything else (finite against infinite or NaN, infinities of unlike sign, infinite against NaN): they are apart, by more
 *   than any number says. A row that holds such an element is lost: nothing of it counts as alike
 */
export interface Sums {
  /** Elements that both models answer. */
  elements: number;
  /** Σ x y, Σ x², Σ y² and Σ (x - y)² over elements that are finite in both. */
  dot: number;
  original: number;
  pruned: number;
  difference: number;
  /** The largest |x - y|; Infinity where an element is apart. */
  max: number;
  /** Elements that are equal. */
  same: number;
  /** Elements that are apart. */
  apart: number;
  /** Elements that are NaN in both. */
  unanswered: number;
  /** Elements that are NaN or infinite in each. */
  readonly nonFinite: { original: number; pruned: number };
}

/** The sums over no elements: zero in every field. A new object each time, since sums are added up in place. */
export const noSums = (): Sums => ({
  ...{ elements: 0, dot: 0, original: 0, pruned: 0, difference: 0 },
  ...{ max: 0, same: 0, apart: 0, unanswered: 0, nonFinite: { original: 0, pruned: 0 } },
});

/** Two rows of equally many numbers: the original's and the pruned model's. */
export interface Pair {
  readonly original: ArrayLike<number>;
  readonly pruned: ArrayLike<number>;
}

/** The sums over a pair of rows, in double precision. */
export function sumsOf({ original: a, pruned: b }: Pair): Sums {
  const sums = noSums();
  let [dot, original, pruned, difference, max, same, odd] = [0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    const between = x - y;
    // Asked of both numbers, as the difference of finite ones may be infinite.
    if (!(Number.isFinite(x) && Number.isFinite(y))) {
      odd += 1;
      addOdd(sums, x, y);
      continue;
    }
    if (between === 0) same += 1;
    dot += x * y;
    original += x * x;
    pruned += y * y;
    difference += between * between;
    const size = Math.abs(between);
    if (size > max) max = size;
  }
  Object.assign(sums, { dot, original, pruned, difference, max: Math.max(max, sums.max) });
  sums.same += same;
  sums.elements += a.length - odd;
  return sums;
}

/** An element that is not finite in one of them, or in both. */
function addOdd(sums: Sums, x: number, y: number): void {
  if (!Number.isFinite(x)) sums.nonFinite.original += 1;
  if (!Number.isFinite(y)) sums.nonFinite.pruned += 1;
  if (Number.isNaN(x) && Number.isNaN(y)) {
    sums.unanswered += 1;
    return;
  }
  sums.elements += 1;
  if (x === y) sums.same += 1;
  else {
    sums.apart += 1;
    sums.max = Number.POSITIVE_INFINITY;
  }
}

/** Adds a row's sums to those of all rows. */
export function addSums(all: Sums, one: Sums): void {
  all.elements += one.elements;
  all.dot += one.dot;
  all.original += one.original;
  all.pruned += one.pruned;
  all.difference += one.difference;
  all.max = Math.max(all.max, one.max);
  all.same += one.same;
  all.apart += one.apart;
  all.unanswered += one.unanswered;
  all.nonFinite.original += one.nonFinite.original;
  all.nonFinite.pruned += one.nonFinite.pruned;
}

/** Is there something to compare? Not where both models gave nothing but NaN; two empty answers are answers that are equal. */
export const isAnswered = ({ elements, unanswered }: Sums): boolean => elements > 0 || unanswered === 0;

/**
 * Of the two as vectors, -1 to 1: 1 for zeros against zeros. Undefined where one of them is zeros and the other is not.
 *
 * @param share how much of both was compared at all, 0 to 1: of the rest nothing is alike
 */
export function cosineOf({ dot, original, pruned, difference }: Sums, share = 1): number | undefined {
  if (share === 0) return 0;
  if (original === 0 && pruned === 0) return difference === 0 ? share : undefined;
  const squares = original * pruned;
  // The product of small numbers may underflow to zero, and that of large ones overflow: then the roots are multiplied
  // instead.
  const norms =
    squares > 0 && squares < Infinity ? Math.sqrt(squares) : Math.sqrt(original) * Math.sqrt(pruned);
  const value = dot / norms;
  if (!Number.isFinite(value)) return undefined;
  const cosine = Math.max(-1, Math.min(1, value));
  return cosine > 0 ? share * cosine : cosine;
}

/**
 * ‖original - pruned‖ / ‖original‖, 0 and more: 0 for zeros against zeros. Undefined where the original is zeros and the pruned is
 * not.
 *
 * @param share as in `cosineOf`: with e the error of what was compared, 1 - share · (1 - e), or e where that is more than 1
 */
export function relativeErrorOf({ original, difference }: Sums, share = 1): number | undefined {
  if (share === 0) return 1;
  if (original === 0 && difference > 0) return undefined;
  const error = difference === 0 ? 0 : Math.sqrt(difference / original);
  if (Number.isNaN(error)) return undefined;
  return error < 1 ? 1 - share * (1 - error) : error;
}
