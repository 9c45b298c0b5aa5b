import type { TensorDocument } from '../native/document.js';
import type { Edits, NewContent } from '../native/edits.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import type { Cuts } from '../surgery/cuts.js';
import type { Names } from '../surgery/names.js';
import { dequantise, type Grid, quantise, reachOf, wider } from './grid.js';
import { selected } from './matrix.js';
import type { Quantised } from './quantised.js';

/** A stored tensor as it is used: its own numbers, or what its integers stand for. */
export interface Stored {
  readonly tensor: TensorDocument;
  readonly quantised?: Quantised;
}

/** Numbers of a tensor of these lengths. */
export interface Numbers {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** What a stored tensor stands for in the original. */
export async function numbersOf(
  native: NativeModel,
  stored: Stored,
  options: NativeOptions,
): Promise<Float32Array> {
  const data = await native.floats(stored.tensor.id, options);
  if (stored.quantised === undefined) return data;
  return dequantise(data, stored.tensor.dims, await gridOf(native, stored.tensor, stored.quantised, options));
}

/** The same of a small tensor, at once. */
export function numbersNow(native: NativeModel, { tensor, quantised }: Stored): ArrayLike<number> {
  const numbers = native.numbers(tensor.id);
  if (quantised === undefined) return numbers;
  const { scale, zeroPoint, axis } = quantised;
  const grid = {
    scale: Float32Array.from(native.numbers(scale.id)),
    zero: zeroPoint === undefined ? Float32Array.of(0) : Float32Array.from(native.numbers(zeroPoint.id)),
    ...{ axis, type: tensor.dtype as Grid['type'] },
  };
  return dequantise(Float32Array.from(numbers), tensor.dims, grid);
}

async function gridOf(
  native: NativeModel,
  { dtype }: TensorDocument,
  { scale, zeroPoint, axis }: Quantised,
  options: NativeOptions,
): Promise<Omit<Grid, 'reach'>> {
  return {
    scale: await native.floats(scale.id, options),
    zero: zeroPoint === undefined ? Float32Array.of(0) : await native.floats(zeroPoint.id, options),
    axis,
    type: dtype as Grid['type'],
  };
}

/** The stored tensors of a pruned model as they are by now: cut, and where they were written, with what they were given. */
export class Contents {
  readonly #written = new Map<number, NewContent>();
  readonly #grids = new Map<number, { grid: Grid; readonly quantised: Quantised }>();
  /** Integers whose scales are no longer those of the file. */
  readonly #rescaled = new Set<number>();

  constructor(
    readonly native: NativeModel,
    readonly cuts: Cuts,
    readonly options: NativeOptions,
  ) {}

  async read({ tensor, quantised }: Stored): Promise<Numbers> {
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

  /** The scale that a tensor's integers have by now: one, or one for each index that is left of its axis. */
  async scale({ tensor, quantised }: Required<Stored>): Promise<Float32Array> {
    return (await this.#grid(tensor, quantised)).scale;
  }

  /**
   * Gives a tensor other numbers. Integers are rounded; where the largest of them need it under a larger scale, or with `scale` under
   * that one.
   */
  async write({ tensor, quantised }: Stored, { data, dims }: Numbers, scale?: Float32Array): Promise<void> {
    if (quantised === undefined) {
      this.#written.set(tensor.id, { tensor: tensor.id, dims, values: data });
      return;
    }
    const before = await this.#grid(tensor, quantised);
    const grid = {
      ...before,
      scale: scale ?? (before.type === 'int32' ? before.scale : wider(data, dims, before)),
    };
    if (grid.scale.some((value, at) => value !== before.scale[at])) this.#rescaled.add(tensor.id);
    this.#grids.set(tensor.id, { grid, quantised });
    this.#written.set(tensor.id, { tensor: tensor.id, dims, values: quantise(data, dims, grid) });
  }

  async #grid(tensor: TensorDocument, quantised: Quantised): Promise<Grid> {
    const known = this.#grids.get(tensor.id);
    if (known !== undefined) return known.grid;
    const whole = await gridOf(this.native, tensor, quantised, this.options);
    const reach = reachOf(await this.native.floats(tensor.id, this.options), tensor.dims, whole);
    // Parameters lose the indices that the integers lose.
    const kept = this.cuts.kept.get(tensor.id)?.get(quantised.axis);
    const left = (values: Float32Array): Float32Array =>
      kept === undefined || values.length === 1 ? values : Float32Array.from(kept, (index) => values[index]!);
    const grid = { ...whole, scale: left(whole.scale), zero: left(whole.zero), reach };
    this.#grids.set(tensor.id, { grid, quantised });
    return grid;
  }

  /** All that was written, as edits. `names`: of the model that the edits are made to. */
  edits(names: Names): Pick<Edits, 'literals' | 'inputs'> & Required<Pick<Edits, 'contents'>> {
    const contents = [...this.#written.values()];
    const literals: Edits['literals'][number][] = [];
    const inputs: Edits['inputs'][number][] = [];
    for (const id of this.#rescaled) {
      const { grid, quantised } = this.#grids.get(id)!;
      const { scale, ownScale, nodes } = quantised;
      const dims = grid.scale.length === 1 ? scale.dims : [grid.scale.length];
      if (ownScale) {
        contents.push({ tensor: scale.id, dims, values: grid.scale });
        continue;
      }
      const name = names.fresh(scale.name === '' ? 'scale' : scale.name);
      literals.push({ graph: 0, name, dtype: scale.dtype, dims, values: Array.from(grid.scale) });
      for (const { id: node } of nodes) inputs.push({ node, index: 1, name });
    }
    return { contents, literals, inputs };
  }
}
