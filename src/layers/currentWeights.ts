import type { TensorDocument } from '../model/document.js';
import type { Edits, NewContent } from '../model/edits.js';
import type { Names } from '../model/names.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import type { Cuts } from '../surgery/cuts.js';
import { selected } from './matrix.js';
import {
  dequantise,
  type QuantisationParameters,
  qmaxOf,
  quantise,
  toEven,
  wider,
} from './quantisationParameters.js';
import type { Quantised } from './quantised.js';

/** A stored tensor as it is used: its own numbers, or what its integers stand for. */
export interface StoredWeight {
  readonly tensor: TensorDocument;
  readonly quantised?: Quantised;
}

/** Numbers of a tensor of these lengths. */
export interface WeightNumbers {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** The numbers of a stored tensor in the original, dequantised where it holds integers. */
export async function numbersOf(
  native: NativeModel,
  stored: StoredWeight,
  options: NativeOptions,
): Promise<Float32Array> {
  const data = await native.floats(stored.tensor.id, options);
  if (stored.quantised === undefined) return data;
  return dequantise(data, stored.tensor.dims, await gridOf(native, stored.tensor, stored.quantised, options));
}

/** The same of a small tensor, at once. */
export function numbersNow(native: NativeModel, { tensor, quantised }: StoredWeight): ArrayLike<number> {
  const numbers = native.numbers(tensor.id);
  if (quantised === undefined) return numbers;
  const { scale, zeroPoint, axis, block } = quantised;
  const grid = {
    scale: Float32Array.from(native.numbers(scale.id)),
    zero: zeroPoint === undefined ? Float32Array.of(0) : Float32Array.from(native.numbers(zeroPoint.id)),
    ...{ axis, type: tensor.dtype as QuantisationParameters['type'] },
    ...(block !== undefined && { block }),
  };
  return dequantise(Float32Array.from(numbers), tensor.dims, grid);
}

/** The nearest number that a float16 holds, ties to even. */
function toHalf(value: number): number {
  const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(value))));
  const step = 2 ** (exponent - 10);
  return Number.isFinite(exponent) ? toEven(value / step) * step : value;
}

async function gridOf(
  native: NativeModel,
  { dtype }: TensorDocument,
  { scale, zeroPoint, axis, block, times }: Quantised,
  options: NativeOptions,
): Promise<Omit<QuantisationParameters, 'qmax'>> {
  const [factor] = times === undefined ? [1] : await native.floats(times.id, options);
  const own = await native.floats(scale.id, options);
  return {
    scale: times === undefined ? own : own.map((value) => value * factor!),
    zero: zeroPoint === undefined ? Float32Array.of(0) : await native.floats(zeroPoint.id, options),
    axis,
    ...(block !== undefined && { block }),
    type: dtype as QuantisationParameters['type'],
  };
}

/** The present content of the stored tensors of a pruned model: cut, and where they were refitted, with their new numbers. */
export class CurrentWeights {
  readonly #written = new Map<number, NewContent>();
  /** `dims`: of the scale, as it is left. */
  readonly #grids = new Map<
    number,
    { grid: QuantisationParameters; readonly dims: readonly number[]; readonly quantised: Quantised }
  >();
  /** Integers whose scales are no longer those of the file. */
  readonly #rescaled = new Set<number>();

  constructor(
    readonly native: NativeModel,
    readonly cuts: Cuts,
    readonly options: NativeOptions,
  ) {}

  async read({ tensor, quantised }: StoredWeight): Promise<WeightNumbers> {
    const known = this.#written.get(tensor.id);
    const { data, dims } =
      known === undefined
        ? selected(
            await this.native.floats(tensor.id, this.options),
            tensor.dims,
            this.cuts.kept.get(tensor.id) ?? new Map(),
          )
        : { data: known.values.slice(), dims: known.dims };
    if (quantised === undefined) return { data, dims };
    return { data: dequantise(data, dims, await this.#grid(tensor, quantised)), dims };
  }

  /** The present scale of a tensor's integers: one, or one for each kept index of its axis. */
  async scale({ tensor, quantised }: Required<StoredWeight>): Promise<Float32Array> {
    return (await this.#grid(tensor, quantised)).scale;
  }

  /**
   * Gives a tensor new numbers. For a tensor of integers they are quantised: under `scale`, or else under the present scale, which is
   * enlarged where the largest numbers do not fit.
   */
  async write(
    { tensor, quantised }: StoredWeight,
    { data, dims }: WeightNumbers,
    scale?: Float32Array,
  ): Promise<void> {
    if (quantised === undefined) {
      this.#written.set(tensor.id, { tensor: tensor.id, dims, values: data });
      return;
    }
    const before = await this.#grid(tensor, quantised);
    const wanted = scale ?? (before.type === 'int32' ? before.scale : wider(data, dims, before));
    const grid = { ...before, scale: quantised.scale.dtype === 'float16' ? wanted.map(toHalf) : wanted };
    if (grid.scale.some((value, at) => value !== before.scale[at])) this.#rescaled.add(tensor.id);
    this.#grids.set(tensor.id, { ...this.#grids.get(tensor.id)!, grid });
    this.#written.set(tensor.id, { tensor: tensor.id, dims, values: quantise(data, dims, grid) });
  }

  async #grid(tensor: TensorDocument, quantised: Quantised): Promise<QuantisationParameters> {
    const known = this.#grids.get(tensor.id);
    if (known !== undefined) return known.grid;
    const whole = await gridOf(this.native, tensor, quantised, this.options);
    const qmax = qmaxOf(await this.native.floats(tensor.id, this.options), tensor.dims, whole);
    const left = (values: Float32Array): Float32Array => this.#leftOf(values, tensor, quantised);
    const grid = { ...whole, scale: left(whole.scale), zero: left(whole.zero), qmax };
    this.#grids.set(tensor.id, { grid, dims: this.#scaleDims(tensor, quantised, grid), quantised });
    return grid;
  }

  #scaleDims(
    { id, dims }: TensorDocument,
    { scale, axis, block }: Quantised,
    grid: QuantisationParameters,
  ): readonly number[] {
    const kept = this.cuts.kept.get(id);
    if (grid.scale.length === 1 || kept === undefined) return scale.dims;
    if (block === undefined) return scale.dims.map((length) => (length === 1 ? 1 : grid.scale.length));
    const left = dims.map((length, d) => kept.get(d)?.length ?? length);
    return left.with(axis, Math.ceil(left[axis]! / block));
  }

  /** Parameters lose the indices that the integers lose; of blocks, those of which nothing is left. */
  #leftOf(values: Float32Array, { id, dims }: TensorDocument, { axis, block }: Quantised): Float32Array {
    const kept = this.cuts.kept.get(id);
    if (kept === undefined || values.length === 1) return values;
    if (block === undefined) {
      const along = kept.get(axis);
      return along === undefined ? values : Float32Array.from(along, (index) => values[index]!);
    }
    const ofBlocks = new Map(kept);
    const along = kept.get(axis);
    if (along !== undefined)
      ofBlocks.set(axis, [...new Set(along.map((index) => Math.floor(index / block)))]);
    return selected(values, dims.with(axis, Math.ceil(dims[axis]! / block)), ofBlocks).data;
  }

  /** All that was written, as edits. `names`: of the model that the edits are made to. */
  edits(names: Names): Pick<Edits, 'literals' | 'inputs'> & Required<Pick<Edits, 'contents'>> {
    const contents = [...this.#written.values()];
    const literals: Edits['literals'][number][] = [];
    const inputs: Edits['inputs'][number][] = [];
    for (const id of this.#rescaled) {
      const { grid, dims, quantised } = this.#grids.get(id)!;
      const { scale, ownScale, scaledAt, times } = quantised;
      if (times !== undefined) continue;
      if (ownScale) {
        contents.push({ tensor: scale.id, dims, values: grid.scale });
        continue;
      }
      const name = names.fresh(scale.name === '' ? 'scale' : scale.name);
      literals.push({ graph: 0, name, dtype: scale.dtype, dims, values: Array.from(grid.scale) });
      for (const { node, operand } of scaledAt) inputs.push({ node: node.id, index: operand, name });
    }
    return { contents, literals, inputs };
  }
}
