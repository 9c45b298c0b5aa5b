import { BoxColumns, type BoxRows, type Matching, matchBoxes, matchEqual } from './boxes.js';
import { type Answers, SampleAnswers } from './row.js';

/** One output of both models as numbers. */
export interface Both {
  readonly output: string;
  readonly dtype: string;
  readonly discrete: boolean;
  readonly original: OutputNumbers;
  readonly pruned: OutputNumbers;
}

/** A tensor's elements as numbers, row-major, and its shape. */
export interface OutputNumbers {
  readonly values: ArrayLike<number>;
  readonly dims: readonly number[];
}

/** The most columns of rows of integers that count as keys, so that equal rows are counterparts. */
const MOST_COLUMNS = 7;

/**
 * Compares outputs that hold what a detector chose, in whatever order and however many: one of them holds boxes, and those that have
 * a row for each box go with it; of integers alone, equal rows are counterparts.
 *
 * Knows what the columns of boxes mean from what it has seen of them.
 */
export class Sets {
  readonly #columns = new Map<string, BoxColumns>();

  /**
   * Those of the outputs that are such sets, in any order. The others are to be compared in other ways.
   *
   * @param outputs what a non-maximum suppression chose
   */
  compare(outputs: readonly Both[], samples: number): Answers[] {
    const answers = this.#detections(outputs, samples, (one, columns) => looksLike(one, columns));
    const taken = new Set(answers.map(({ output }) => output));
    const integers = outputs.filter((one) => !taken.has(one.output) && isIntegerRows(one));
    return [...answers, ...integers.map((one) => equalRows(one, samples))];
  }

  /** @param outputs what TopK chose: may be boxes, [samples, boxes, 4 to 7], of which the corners tell */
  compareChosen(outputs: readonly Both[], samples: number): Answers[] {
    return this.#detections(
      outputs.filter(({ original }) => original.dims[0] === samples),
      samples,
      (one, columns) =>
        one.original.dims.length === 3 && widthOf(one) <= MOST_COLUMNS && columns.format === 'corners',
    );
  }

  #detections(
    outputs: readonly Both[],
    samples: number,
    fits: (one: Both, columns: BoxColumns) => boolean,
  ): Answers[] {
    // Of several outputs that look like boxes the narrowest is taken: others may hold features of each box.
    const boxes = outputs
      .filter((one) => isBoxes(one, samples) && hasNumbers(one) && fits(one, this.#seen(one, samples)))
      .sort((a, b) => widthOf(a) - widthOf(b))[0];
    if (boxes === undefined) return [];
    return this.#boxes(
      boxes,
      outputs.filter((other) => goesWith(other, boxes)),
      samples,
    );
  }

  #seen(one: Both, samples: number): BoxColumns {
    const width = widthOf(one);
    const columns = this.#columns.get(one.output) ?? new BoxColumns(width);
    this.#columns.set(one.output, columns);
    for (const { values } of [one.original, one.pruned])
      columns.see({ values, count: values.length / width, width }, samples);
    return columns;
  }

  #boxes(boxes: Both, others: readonly Both[], samples: number): Answers[] {
    const columns = this.#columns.get(boxes.output)!;
    const axes = boxes.original.dims.length - 1;
    const classes = others.filter(
      (other) => isWhole(other) && lengthOf(other.original.dims.slice(axes)) === 1,
    );
    const counts = countsOf(boxes);
    const matched = Array.from({ length: lengthOf(boxes.original.dims.slice(0, -2)) }, (_, set) => {
      const [from, to] = [set * counts.original, set * counts.pruned];
      const alike = (i: number, j: number): boolean =>
        classes.every(({ original, pruned }) => original.values[from + i] === pruned.values[to + j]);
      return matchBoxes(setOf(boxes.original, set), setOf(boxes.pruned, set), columns, alike);
    });
    return [boxes, ...others].map((one) => {
      const manner = one === boxes ? 'boxes' : 'rows of boxes';
      return answersOf(one, matched, { counts, axes, samples, manner });
    });
  }
}

const widthOf = ({ original }: Both): number => original.dims.at(-1)!;

/** [boxes, 4 and more], or the same with an axis for samples and perhaps one for classes before it. */
export function isBoxes({ discrete, original, pruned }: Both, samples: number): boolean {
  const rank = original.dims.length;
  return (
    !discrete &&
    rank >= 2 &&
    rank <= 4 &&
    // Otherwise the first axis counts boxes, each of which has a mask or other rows.
    (rank === 2 || original.dims[0] === samples) &&
    original.dims.at(-1)! >= 4 &&
    sameBut(original.dims, pruned.dims, rank - 2)
  );
}

/** Any four numbers may be two corners; longer rows are boxes where these are in order, or sizes are not negative. */
const looksLike = (one: Both, columns: BoxColumns): boolean =>
  widthOf(one) === 4 || columns.format !== 'diagonal';

const isIntegerRows = ({ discrete, original, pruned }: Both): boolean =>
  discrete &&
  original.dims.length >= 2 &&
  original.dims.at(-1)! <= MOST_COLUMNS &&
  sameBut(original.dims, pruned.dims, original.dims.length - 2);

const sameBut = (a: readonly number[], b: readonly number[], axis: number): boolean =>
  a.length === b.length && a.every((length, at) => at === axis || length === b[at]);

const hasNumbers = ({ original, pruned }: Both): boolean =>
  [original, pruned].every(({ values }) => Array.prototype.every.call(values, Number.isFinite));

/** Has it a row for each of the boxes, in both models? */
function goesWith(other: Both, boxes: Both): boolean {
  if (other === boxes) return false;
  const axes = boxes.original.dims.length - 1;
  const starts = (own: OutputNumbers, box: OutputNumbers): boolean =>
    own.dims.length >= axes && box.dims.slice(0, axes).every((length, axis) => own.dims[axis] === length);
  const behind = ({ dims }: OutputNumbers): string => dims.slice(axes).join();
  return (
    starts(other.original, boxes.original) &&
    starts(other.pruned, boxes.pruned) &&
    behind(other.original) === behind(other.pruned)
  );
}

/** One whole number for each row, as classes are. */
const isWhole = ({ original, pruned }: Both): boolean =>
  [original, pruned].every(({ values }) => Array.prototype.every.call(values, Number.isInteger));

const lengthOf = (dims: readonly number[]): number => dims.reduce((product, length) => product * length, 1);

const countsOf = ({ original, pruned }: Both): Counts => ({
  original: original.dims.at(-2)!,
  pruned: pruned.dims.at(-2)!,
});

/** How many rows each set has, in each model. */
interface Counts {
  readonly original: number;
  readonly pruned: number;
}

/** The set at this position among sets that are stored one after the other. */
function setOf({ values, dims }: OutputNumbers, set: number): BoxRows {
  const [count, width] = [dims.at(-2)!, dims.at(-1)!];
  const start = set * count * width;
  return { values: (values as Float64Array).subarray(start, start + count * width), count, width };
}

function equalRows(one: Both, samples: number): Answers {
  const matched = Array.from({ length: lengthOf(one.original.dims.slice(0, -2)) }, (_, set) =>
    matchEqual(setOf(one.original, set), setOf(one.pruned, set)),
  );
  const axes = one.original.dims.length - 1;
  return answersOf(one, matched, { counts: countsOf(one), axes, samples, manner: 'equal rows' });
}

interface Found {
  readonly counts: Counts;
  /** Axes before those of a single row. */
  readonly axes: number;
  readonly samples: number;
  readonly manner: Answers['manner'];
}

/** How an output's rows compare, with the counterparts that were found in each set. */
function answersOf(
  one: Both,
  matched: readonly Matching[],
  { counts, axes, samples, manner }: Found,
): Answers {
  const { output, dtype, discrete, original, pruned } = one;
  const width = lengthOf(original.dims.slice(axes));
  const each = axes > 1 && original.dims[0] === samples;
  const sets = each ? matched.length / samples : matched.length;
  const rowOf = (sample: number): SampleAnswers => {
    const own: { readonly original: number[]; readonly pruned: number[] } = { original: [], pruned: [] };
    let [pairs, overlap, all] = [0, 0, 0];
    for (let set = sample * sets; set < (sample + 1) * sets; set++) {
      const matching = matched[set]!;
      for (const [i, j] of matching.pairs) {
        take(own.original, original.values, (set * counts.original + i) * width, width);
        take(own.pruned, pruned.values, (set * counts.pruned + j) * width, width);
      }
      pairs += matching.pairs.length;
      overlap += matching.overlap;
      all += matching.original + matching.pruned;
    }
    const mean = pairs === 0 ? 1 : overlap / pairs;
    return new SampleAnswers(
      ...([own.original, own.pruned] as const),
      all === 0 ? 1 : (2 * pairs) / all,
      manner === 'boxes' ? mean : undefined,
    );
  };
  const rows = Array.from({ length: each ? samples : 1 }, (_, sample) => rowOf(sample));
  const total = (of: 'original' | 'pruned'): number => matched.reduce((sum, own) => sum + own[of], 0);
  return {
    ...{ output, dtype, manner, discrete, classes: undefined },
    rows: each ? rows : Array<SampleAnswers>(samples).fill(rows[0]!),
    lengths: { original: total('original'), pruned: total('pruned') },
  };
}

function take(into: number[], values: ArrayLike<number>, start: number, width: number): void {
  for (let i = start; i < start + width; i++) into.push(values[i]!);
}
