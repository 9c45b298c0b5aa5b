import { EspalierError } from '../base/errors.js';

/** Which columns of the rows a value gives, and where each lies on its axis. */
export interface Columns {
  /** The axis' indices. */
  readonly n: number;
  readonly columns: Int32Array;
  /** [times, columns]: where each column lies for the k-th time. */
  readonly indices: Int32Array;
  /** How often each lies on the axis: each time is a row of its own. */
  readonly times: number;
}

/** A value for some samples, seen as [outer, n, inner]; the samples are the outermost part of `outer`. */
export interface Block {
  /** For errors. */
  readonly value: string;
  readonly data: Float32Array;
  readonly outer: number;
  readonly inner: number;
  readonly columns: Columns;
  /** Lengths of the axes of positions that one sample has, outermost first; their product is outer / samples · inner · times. */
  readonly lengths: readonly number[];
}

/**
 * @param lanes for each index of the axis its lane, or -1
 * @param first the column of lane 0
 */
export function columnsOf(lanes: Int32Array, first = 0): Columns {
  const places = new Map<number, number[]>();
  for (const [index, lane] of lanes.entries()) {
    if (lane < 0) continue;
    const own = places.get(lane) ?? [];
    places.set(lane, own);
    own.push(index);
  }
  const all = [...places].sort(([a], [b]) => a - b);
  const times = all.length === 0 ? 0 : Math.min(...all.map(([, own]) => own.length));
  const indices = new Int32Array(times * all.length);
  for (const [column, [, own]] of all.entries())
    for (let k = 0; k < times; k++) indices[k * all.length + column] = own[k]!;
  return { n: lanes.length, columns: Int32Array.from(all, ([lane]) => lane + first), indices, times };
}

interface SampledRow {
  readonly key: number;
  readonly source: number;
  readonly sample: number;
  readonly position: number;
  readonly values: Float32Array;
}

/** Rows of lanes' values, [rows, columns]. */
export interface LaneRows {
  readonly rows: number;
  readonly values: Float32Array;
}

/**
 * A sample of rows out of all that batches have: a row is what the lanes are at one position of one sample (a pixel, a token,
 * one of the dims of a head). Of N rows the `most` are kept whose hash of (seed, source, sample, position) is least: each as
 * likely as any other, the same ones however samples are batched.
 *
 * memory: most · columns floats.
 * cost: a hash for each position; values are read of rows that are kept only.
 */
export class RowSampler {
  /** A heap: the greatest key first. */
  readonly #rows: SampledRow[] = [];

  constructor(
    readonly columns: number,
    readonly most: number,
    readonly seed = 0,
  ) {}

  /**
   * Adds the rows of a batch. Blocks fill different columns of the same rows; columns that none fills are 0. The block with most
   * positions says which there are; a position of another one is that at the same share of each axis, and of all axes together
   * where there are not as many.
   *
   * source: tells values apart that show the same lanes: each gives rows of its own.
   * errors: NON_FINITE with the value, the lane and the sample.
   */
  add(from: number, samples: number, blocks: readonly Block[], source = 0): void {
    const each = blocks.map((block) => split(block, samples));
    const units = each.some(({ units }) => units !== samples) ? 1 : samples;
    const all = units === samples ? each : blocks.map((block) => split(block, 1));
    const [first] = all.toSorted((a, b) => b.positions - a.positions);
    if (first === undefined) return;
    for (let unit = 0; unit < units; unit++) {
      const sample = from + unit;
      const start = mixed(mixed(this.seed ^ Math.imul(source + 1, 0x9e3779b1)) ^ sample);
      for (let position = 0; position < first.positions; position++) {
        const key = mixed(start ^ Math.imul(position + 1, 0x85ebca6b));
        if (this.#rows.length >= this.most && key >= this.#rows[0]!.key) continue;
        const values = new Float32Array(this.columns);
        for (const part of all) gather(part, unit, sample, positionIn(part, first, position), values);
        this.#put({ key, source, sample, position, values });
      }
    }
  }

  /** The rows by source, sample and position. */
  take(): LaneRows {
    const rows = this.#rows.toSorted(
      (a, b) => a.source - b.source || a.sample - b.sample || a.position - b.position,
    );
    const values = new Float32Array(rows.length * this.columns);
    for (const [index, row] of rows.entries()) values.set(row.values, index * this.columns);
    return { rows: rows.length, values };
  }

  #put(row: SampledRow): void {
    const rows = this.#rows;
    let at = 0;
    if (rows.length < this.most) {
      at = rows.push(row) - 1;
      for (let up = (at - 1) >> 1; at > 0 && rows[up]!.key < row.key; at = up, up = (at - 1) >> 1)
        rows[at] = rows[up]!;
    } else {
      for (let down = 1; down < rows.length; at = down, down = 2 * at + 1) {
        if (down + 1 < rows.length && rows[down + 1]!.key > rows[down]!.key) down += 1;
        if (rows[down]!.key <= row.key) break;
        rows[at] = rows[down]!;
      }
    }
    rows[at] = row;
  }
}

/** Columns `from` to `to`, exclusive. */
export function columnsFrom(
  { rows, values }: LaneRows,
  columns: number,
  from: number,
  to: number,
): Float32Array {
  const part = new Float32Array(rows * (to - from));
  for (let row = 0; row < rows; row++)
    part.set(values.subarray(row * columns + from, row * columns + to), row * (to - from));
  return part;
}

/** The finalizer of MurmurHash3 (Appleby 2011), unsigned. */
function mixed(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

interface BlockOfUnits extends Block {
  readonly units: number;
  /** `outer` of one unit. */
  readonly own: number;
  readonly positions: number;
}

/** Where the rows cannot be divided among the samples, the whole batch counts as one unit. */
function split(block: Block, samples: number): BlockOfUnits {
  const units = block.outer % samples === 0 ? samples : 1;
  const own = block.outer / units;
  return { ...block, units, own, positions: own * block.inner * block.columns.times };
}

function positionIn(part: BlockOfUnits, first: BlockOfUnits, position: number): number {
  if (part.positions === first.positions) return position;
  const scaled = (at: number, length: number, of: number): number => Math.floor(((at + 0.5) * length) / of);
  const own = axesOf(part);
  const others = axesOf(first);
  if (own === undefined || own.length !== others?.length)
    return scaled(position, part.positions, first.positions);
  let [rest, stride, found] = [position, 1, 0];
  for (let axis = others.length - 1; axis >= 0; axis--) {
    const at = rest % others[axis]!;
    rest = (rest - at) / others[axis]!;
    found += stride * scaled(at, own[axis]!, others[axis]!);
    stride *= own[axis]!;
  }
  return found;
}

/** Axes of positions that have several, where they are all that there are. */
function axesOf({ lengths, positions }: BlockOfUnits): readonly number[] | undefined {
  const product = lengths.reduce((all, length) => all * length, 1);
  return product === positions ? lengths.filter((length) => length > 1) : undefined;
}

function gather(
  part: BlockOfUnits,
  unit: number,
  sample: number,
  position: number,
  values: Float32Array,
): void {
  const { data, inner, own, columns } = part;
  const { n, indices, times } = columns;
  const time = position % times;
  const rest = (position - time) / times;
  const behind = rest % inner;
  const start = (unit * own + (rest - behind) / inner) * n * inner + behind;
  const width = columns.columns.length;
  for (let i = 0; i < width; i++) {
    const value = data[start + indices[time * width + i]! * inner]!;
    const column = columns.columns[i]!;
    if (!Number.isFinite(value))
      throw new EspalierError(
        'NON_FINITE',
        `lane ${column} is ${value} in sample ${sample}`,
        { tensor: part.value },
        'Check the calibration data, and what the model gives for it.',
      );
    values[column] = value;
  }
}
