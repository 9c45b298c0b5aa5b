import type { ParameterAxis } from '../coupling/axis.js';
import { guessing, type Length, type Lengths, openLengths } from '../coupling/lengths.js';
import type { Walk } from '../coupling/walk.js';
import type { Assignment } from '../model/dim.js';
import { evaluate } from '../model/dim.js';
import type { StoredType, TensorDocument } from '../model/document.js';
import type { KeptIndices } from '../model/values.js';

/** What a model costs. */
export interface Cost {
  /** Elements of its weights: stored tensors of floating-point or quantised type. */
  readonly params: number;
  /** Multiply-accumulates of one forward pass. */
  readonly macs: number;
  /** Bytes of tensor data. */
  readonly tensorBytes: number;
}

/** Computes what a model costs under any removal. */
export class CostModel {
  /** Open lengths that multiply-accumulates depend on, what they are taken to be, and how that is known. */
  readonly lengths: Readonly<Record<string, Length>>;
  /** The same as numbers. */
  readonly assumed: Readonly<Record<string, number>>;
  /** What any open length is taken to be. */
  readonly assign: Assignment;
  readonly #axesOf = new Map<number, ParameterAxis[]>();

  /** `lengths`: what is known of open ones; the others are guessed by their names. */
  constructor(readonly walk: Walk & { readonly lengths?: Lengths }) {
    for (const axis of walk.parameterAxes) {
      if (axis.use !== undefined) continue;
      const list = this.#axesOf.get(axis.tensor);
      if (list === undefined) this.#axesOf.set(axis.tensor, [axis]);
      else list.push(axis);
    }
    const guess = guessing(walk);
    const lengthOf = (name: string): Length =>
      walk.lengths?.get(name) ?? { length: guess(name), from: 'guess' };
    this.assign = (name) => lengthOf(name).length;
    const names = [...openLengths(walk)];
    this.lengths = Object.fromEntries(names.map((name) => [name, lengthOf(name)]));
    this.assumed = Object.fromEntries(names.map((name) => [name, this.assign(name)]));
  }

  /** The cost of what a removal leaves; `undefined` removes nothing. `dtypes`: tensors that are stored as another type than their own. */
  of(kept?: KeptIndices, dtypes?: ReadonlyMap<number, StoredType>): Cost {
    let params = 0;
    let tensorBytes = 0;
    const { tensors } = this.walk.graph.document;
    // A derived tensor that is cut is written into the file, in place of the tensors that it was derived of.
    const written = new Set(
      tensors.flatMap((tensor) =>
        tensor.derived !== undefined && this.elements(tensor, kept) < count(tensor)
          ? [tensor.derived.together]
          : [],
      ),
    );
    const left = new Set(
      tensors.flatMap(({ id, derived }) =>
        derived === undefined ? [] : written.has(derived.together) ? derived.tensors : [id],
      ),
    );
    for (const tensor of tensors) {
      if (left.has(tensor.id)) continue;
      const elements = this.elements(tensor, kept);
      if (isWeight(tensor)) params += elements;
      tensorBytes +=
        elements === count(tensor) && !dtypes?.has(tensor.id)
          ? tensor.bytes
          : Math.ceil((elements * BITS[dtypes?.get(tensor.id) ?? tensor.dtype]!) / 8);
    }
    let macs = 0;
    for (const { lengths } of this.walk.work) {
      let product = 1;
      for (const length of lengths)
        product *= evaluate(kept === undefined ? length.before : length.after(kept), this.assign);
      macs += Math.max(0, product);
    }
    return { params, macs, tensorBytes };
  }

  /** Elements of a stored tensor that a removal leaves. */
  elements(tensor: TensorDocument, kept?: KeptIndices): number {
    let elements = count(tensor);
    if (kept === undefined || elements === 0) return elements;
    for (const { labels } of this.#axesOf.get(tensor.id) ?? [])
      elements = (elements / labels.length) * kept.count(labels);
    return elements;
  }
}

const NOT_WEIGHTS = new Set(['int64', 'uint64', 'int32', 'uint32', 'bool', 'string']);
/**
 * Whether a stored tensor counts as parameters: everything but shapes, indices, masks and text (int32, uint32, int64,
 * uint64, bool, string).
 */
export const isWeight = (tensor: TensorDocument): boolean => !NOT_WEIGHTS.has(tensor.dtype);

const count = (tensor: TensorDocument): number =>
  tensor.dims.reduce((product, length) => product * length, 1);

/** Bits of one element. */
export const BITS: Readonly<Record<string, number>> = {
  float64: 64,
  float32: 32,
  float16: 16,
  bfloat16: 16,
  int8: 8,
  int16: 16,
  int32: 32,
  int64: 64,
  uint8: 8,
  uint16: 16,
  uint32: 32,
  uint64: 64,
  int4: 4,
  uint4: 4,
  int2: 2,
  uint2: 2,
  float4e2m1: 4,
  float8e4m3fn: 8,
  float8e4m3fnuz: 8,
  float8e5m2: 8,
  float8e5m2fnuz: 8,
  float8e8m0: 8,
  bool: 8,
  string: 0,
  complex64: 64,
  complex128: 128,
};
