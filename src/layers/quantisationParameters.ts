/** The parameters of a linear quantisation: integers q between two bounds stand for (q - zero) · scale. */
export interface QuantisationParameters {
  /** One; as many as the axis has indices; or of blocks, in the order of the tensor's axes, one for each block of `axis`. */
  readonly scale: Float32Array;
  /** One, or as many. */
  readonly zero: Float32Array;
  readonly axis: number;
  /** How many neighbours along the axis share a scale that no other line along it has. */
  readonly block?: number;
  readonly type: IntegerType;
  /** The largest distance of an integer from its zero point. */
  readonly qmax: number;
}

/** Types of integers that weights are quantised to; and of their biases, int32. */
export type IntegerType = keyof typeof BOUNDS;

const BOUNDS = {
  int4: [-8, 7],
  uint4: [0, 15],
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 128],
} as const;

/**
 * The largest distance of integers from their zero point. Where the original does not use the type's whole range, for symmetry or since
 * products are summed in 16 bits, neither does the refit.
 */
export function qmaxOf(
  integers: Float32Array,
  dims: readonly number[],
  grid: Omit<QuantisationParameters, 'qmax'>,
): number {
  if (grid.type === 'int32') return Number.POSITIVE_INFINITY;
  let qmax = 0;
  each(dims, grid, (i, _, zero) => {
    qmax = Math.max(qmax, Math.abs(integers[i]! - zero));
  });
  return qmax > 0 ? qmax : 127;
}

/** Calls back for each element with its place, the place of its scale, and its zero point. */
function each(
  dims: readonly number[],
  { scale, zero, axis, block }: Omit<QuantisationParameters, 'type' | 'qmax'>,
  visit: (place: number, scale: number, zero: number) => void,
): void {
  const count = dims.reduce((product, length) => product * length, 1);
  const inner = dims.slice(axis + 1).reduce((product, length) => product * length, 1);
  const length = dims[axis] ?? 1;
  const blocks = block === undefined ? 0 : Math.ceil(length / block);
  for (let i = 0; i < count; i++) {
    const line = Math.floor(i / inner);
    const index =
      block === undefined
        ? line % length
        : (Math.floor(line / length) * blocks + Math.floor((line % length) / block)) * inner + (i % inner);
    visit(i, scale.length === 1 ? 0 : index, zero[zero.length === 1 ? 0 : index]!);
  }
}

/** The real numbers that the integers of a tensor stand for. */
export function dequantise(
  integers: Float32Array,
  dims: readonly number[],
  grid: Omit<QuantisationParameters, 'qmax'>,
): Float32Array {
  const numbers = new Float32Array(integers.length);
  each(dims, grid, (i, at, zero) => {
    numbers[i] = (integers[i]! - zero) * grid.scale[at]!;
  });
  return numbers;
}

/** Scales, no smaller than the present ones, under which the largest numbers still fit into the integers' range. */
export function wider(
  numbers: Float32Array,
  dims: readonly number[],
  grid: QuantisationParameters,
): Float32Array {
  const scale = grid.scale.slice();
  const [lowest, highest] = BOUNDS[grid.type];
  each(dims, grid, (i, at, zero) => {
    const value = numbers[i]!;
    const room = value > 0 ? Math.min(grid.qmax, highest - zero) : Math.min(grid.qmax, zero - lowest);
    // Where the zero point lies at the end of the integers' range, no scale makes room for numbers on that side.
    if (room > 0 && Math.abs(value) > scale[at]! * (room + 0.5)) scale[at] = Math.abs(value) / room;
  });
  return scale;
}

/** Quantises numbers: rounded to the nearest integer, ties to even, and saturated. */
export function quantise(
  numbers: Float32Array,
  dims: readonly number[],
  grid: QuantisationParameters,
): Float32Array {
  const integers = new Float32Array(numbers.length);
  const [lowest, highest] = BOUNDS[grid.type];
  each(dims, grid, (i, at, zero) => {
    const low = Math.max(lowest, Math.ceil(zero - grid.qmax - NEARLY));
    const high = Math.min(highest, Math.floor(zero + grid.qmax + NEARLY));
    // A zero point that is stored as a float may lie between two integers.
    const whole = Math.round(zero);
    const nearest = toEven(numbers[i]! / grid.scale[at]! + (zero - whole)) + whole;
    integers[i] = Number.isNaN(nearest) ? whole : Math.min(high, Math.max(low, nearest));
  });
  return integers;
}

/** What a difference of an integer and a float32 may be off by. */
const NEARLY = 1e-3;

/** To the nearest integer, ties to even. */
export function toEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
