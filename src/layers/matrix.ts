import type { Layer } from './layers.js';
import { taken } from './rows.js';

/** A weight as a matrix: for each output and each input (channel by channel, tap by tap) the place in the stored tensor. */
export interface Places {
  readonly outputs: readonly number[];
  readonly inputs: readonly number[];
}

/** Where W [outputs, channels · taps] lies in a tensor of these lengths: at `outputs[o] + inputs[i]`. */
export function placesOf({ layout }: Pick<Layer, 'layout'>, dims: readonly number[]): Places {
  const strides = dims.map((_, axis) =>
    dims.slice(axis + 1).reduce((product, length) => product * length, 1),
  );
  const along = (axes: readonly number[]): number[] =>
    axes.reduce<number[]>(
      (places, axis) =>
        places.flatMap((place) => Array.from({ length: dims[axis]! }, (_, i) => place + i * strides[axis]!)),
      [0],
    );
  const fixed = layout.fixed.reduce((place, { axis, index }) => place + index * strides[axis]!, 0);
  return {
    outputs: along(layout.outputs).map((place) => place + fixed),
    inputs: along([layout.input, ...layout.taps]),
  };
}

/** W, row by row. */
export function matrixOf(stored: Float32Array, { outputs, inputs }: Places): Float32Array {
  const matrix = new Float32Array(outputs.length * inputs.length);
  let at = 0;
  for (const row of outputs) for (const column of inputs) matrix[at++] = stored[row + column]!;
  return matrix;
}

/** Puts W back where it lies. */
export function putMatrix(
  matrix: ArrayLike<number>,
  { outputs, inputs }: Places,
  stored: Float32Array,
): void {
  let at = 0;
  for (const row of outputs) for (const column of inputs) stored[row + column] = matrix[at++]!;
}

/** The elements of a tensor at the indices that stay, axis by axis. */
export function selected(
  stored: Float32Array,
  dims: readonly number[],
  kept: ReadonlyMap<number, readonly number[]>,
): { readonly data: Float32Array; readonly dims: readonly number[] } {
  let data = stored;
  const lengths = [...dims];
  for (const [axis, indices] of kept) {
    data = taken(data, lengths, axis, indices);
    lengths[axis] = indices.length;
  }
  return { data: data === stored ? stored.slice() : data, dims: lengths };
}
