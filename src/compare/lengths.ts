import type { Tensor, TensorData } from '../runtime/runtime.js';

/** What two answers have in common, and how much of them that is. */
export interface Common {
  readonly original: Tensor;
  readonly pruned: Tensor;
  /** The product, over all axes, of the shorter length over the longer: 1 where both have the same shape, 0 where one is empty. */
  readonly share: number;
}

/**
 * Two tensors up to the shorter of them along each axis, from its start: what can be compared of sequences whose lengths the
 * data decided. Undefined where they have unlike numbers of axes.
 */
export function commonOf(original: Tensor, pruned: Tensor): Common | undefined {
  if (original.dims.length !== pruned.dims.length) return undefined;
  if (original.dims.every((length, axis) => length === pruned.dims[axis]))
    return { original, pruned, share: 1 };
  const dims = original.dims.map((length, axis) => Math.min(length, pruned.dims[axis]!));
  const share = original.dims.reduce(
    (all, length, axis) =>
      length === pruned.dims[axis] ? all : (all * dims[axis]!) / Math.max(length, pruned.dims[axis]!),
    1,
  );
  return { original: startOf(original, dims), pruned: startOf(pruned, dims), share };
}

/** The first elements along each axis, as many as `dims` says. */
function startOf(tensor: Tensor, dims: readonly number[]): Tensor {
  if (dims.every((length, axis) => length === tensor.dims[axis])) return tensor;
  const count = dims.reduce((product, length) => product * length, 1);
  const taken = emptyLike(tensor.data, count);
  const strides = tensor.dims.map((_, axis) => tensor.dims.slice(axis + 1).reduce((a, b) => a * b, 1));
  const index = dims.map(() => 0);
  for (let to = 0; to < count; to++) {
    let from = 0;
    for (let axis = 0; axis < dims.length; axis++) from += index[axis]! * strides[axis]!;
    taken[to] = tensor.data[from]!;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      if (index[axis]! < dims[axis]!) break;
      index[axis] = 0;
    }
  }
  return { type: tensor.type, data: taken as TensorData, dims };
}

/** Zeros, or empty texts, to be written to. */
function emptyLike(data: TensorData, length: number): (number | bigint | string)[] {
  if (Array.isArray(data)) return Array<string>(length).fill('');
  const Kind = data.constructor as new (length: number) => unknown;
  return new Kind(length) as (number | bigint | string)[];
}
