/** Rows of one set: [count, width], of which four columns from `at` on are a box. */
export interface BoxRows {
  readonly values: ArrayLike<number>;
  readonly count: number;
  readonly width: number;
}

/**
 * What the four numbers are: two corners with the lower numbers first, a centre with width and height, or any two corners that face
 * each other, as NonMaxSuppression takes them. x and y may come in either order: overlaps are the same.
 */
type Format = 'corners' | 'centre' | 'diagonal';

/** What was seen of an output's rows so far, of both models: its columns' meanings are the same in all batches. */
export class BoxColumns {
  #rows = 0;
  #ordered = 0;
  #sized = true;
  /** Of each column: only whole numbers so far. */
  readonly #whole: boolean[];
  #images = true;

  constructor(readonly width: number) {
    this.#whole = Array<boolean>(width).fill(true);
  }

  /** @param samples of the batch: a first column may say which of them a box belongs to */
  see({ values, count, width }: BoxRows, samples: number): void {
    for (let row = 0; row < count; row++) {
      const start = row * width;
      for (let column = 0; column < width; column++)
        if (!Number.isInteger(values[start + column]!)) this.#whole[column] = false;
      const first = values[start]!;
      if (!(Number.isInteger(first) && first >= 0 && first < samples)) this.#images = false;
    }
    const { at } = this;
    for (let row = 0; row < count; row++) {
      const start = row * width + at;
      const [a, b, c, d] = [values[start]!, values[start + 1]!, values[start + 2]!, values[start + 3]!];
      if (a === c && b === d) continue;
      this.#rows += 1;
      if (c > a && d > b) this.#ordered += 1;
      if (c < 0 || d < 0) this.#sized = false;
    }
  }

  /** Where the box begins: behind the number of the image, where rows are [image, box, class, score] or the like. */
  get at(): number {
    return this.width >= 6 && this.#images && this.#whole[0] === true ? 1 : 0;
  }

  get format(): Format {
    if (this.#ordered >= 0.95 * this.#rows) return 'corners';
    return this.#sized ? 'centre' : 'diagonal';
  }

  /** Columns that tell classes or images: rows that differ there are no counterparts. */
  get keys(): readonly number[] {
    const coordinates = [0, 1, 2, 3].map((column) => this.at + column);
    // Where coordinates are whole pixels, further whole columns may be coordinates too, and not classes.
    if (this.width > 7 && coordinates.every((column) => this.#whole[column])) return [];
    return this.#whole.flatMap((whole, column) => (whole && !coordinates.includes(column) ? [column] : []));
  }
}

/** Left, top, right, bottom. */
type Corners = readonly [number, number, number, number];

/** Left, top, right and bottom of a row's box, whatever its four numbers are. */
export function cornersOf({ values, width }: BoxRows, row: number, { at, format }: BoxColumns): Corners {
  const start = row * width + at;
  const [a, b, c, d] = [values[start]!, values[start + 1]!, values[start + 2]!, values[start + 3]!];
  if (format === 'centre') return [a - c / 2, b - d / 2, a + c / 2, b + d / 2];
  return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
}

const areaOf = ([left, top, right, bottom]: Corners): number => (right - left) * (bottom - top);

/** Intersection over union. */
function overlapOf(a: Corners, b: Corners): number {
  const wide = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const high = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (wide <= 0 || high <= 0) return 0;
  return (wide * high) / (areaOf(a) + areaOf(b) - wide * high);
}

/** Counterparts among two sets. */
export interface Matching {
  /** Rows of the original and of the pruned model's set. */
  readonly pairs: readonly (readonly [original: number, pruned: number])[];
  /** The sum of the pairs' overlaps. */
  readonly overlap: number;
  /** How many each set holds; rows without area are none: sets of a fixed length are filled up with them. */
  readonly original: number;
  readonly pruned: number;
}

/** Boxes that overlap by no more than this are no counterparts: so each has one at most, where a set's own boxes do not overlap. */
const LEAST_OVERLAP = 0.5;

/**
 * Finds for each box of the original the one that overlaps it most: pairs by how much they overlap, each box once.
 *
 * @param alike whether two rows are preferred as counterparts, before all that are not
 */
export function matchBoxes(
  a: BoxRows,
  b: BoxRows,
  columns: BoxColumns,
  alike: (original: number, pruned: number) => boolean,
): Matching {
  const [ours, theirs] = [boxesOf(a, columns), boxesOf(b, columns)];
  const { keys } = columns;
  const found: {
    readonly i: number;
    readonly j: number;
    readonly overlap: number;
    readonly first: boolean;
  }[] = [];
  for (const [i, box] of ours)
    for (const [j, other] of theirs) {
      const overlap = overlapOf(box, other);
      if (overlap <= LEAST_OVERLAP) continue;
      const apart = keys.some((column) => a.values[i * a.width + column] !== b.values[j * b.width + column]);
      if (!apart) found.push({ i, j, overlap, first: alike(i, j) });
    }
  found.sort((p, q) => Number(q.first) - Number(p.first) || q.overlap - p.overlap || p.i - q.i || p.j - q.j);
  const taken = { original: new Set<number>(), pruned: new Set<number>() };
  const pairs: (readonly [number, number])[] = [];
  let overlap = 0;
  for (const pair of found) {
    if (taken.original.has(pair.i) || taken.pruned.has(pair.j)) continue;
    taken.original.add(pair.i);
    taken.pruned.add(pair.j);
    pairs.push([pair.i, pair.j]);
    overlap += pair.overlap;
  }
  pairs.sort(([i], [j]) => i - j);
  return { pairs, overlap, original: ours.length, pruned: theirs.length };
}

const boxesOf = (rows: BoxRows, columns: BoxColumns): (readonly [row: number, box: Corners])[] =>
  Array.from({ length: rows.count }, (_, row) => [row, cornersOf(rows, row, columns)] as const).filter(
    ([, box]) => areaOf(box) > 0,
  );

/** Rows that are equal in both sets, each counted once. */
export function matchEqual(a: BoxRows, b: BoxRows): Matching {
  const textOf = ({ values, width }: BoxRows, row: number): string =>
    Array.from({ length: width }, (_, column) => values[row * width + column]!).join();
  const places = new Map<string, number[]>();
  for (let row = b.count - 1; row >= 0; row--) {
    const text = textOf(b, row);
    const known = places.get(text);
    if (known === undefined) places.set(text, [row]);
    else known.push(row);
  }
  const pairs: (readonly [number, number])[] = [];
  for (let row = 0; row < a.count; row++) {
    const own = places.get(textOf(a, row))?.pop();
    if (own !== undefined) pairs.push([row, own]);
  }
  return { pairs, overlap: pairs.length, original: a.count, pruned: b.count };
}
