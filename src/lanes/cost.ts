import type { TensorDocument } from '../native/document.js';
import type { Assignment } from '../onnx/dim.js';
import { evaluate, freeSymbols } from '../onnx/dim.js';
import type { Survivors } from '../onnx/values.js';
import type { Slot } from './axis.js';
import type { Walk } from './walk.js';

/** What a model costs. */
export interface Cost {
  /** Elements of its weights: stored tensors of floating-point or quantised type. */
  readonly params: number;
  /** Multiply-accumulates of one forward pass. */
  readonly macs: number;
  /** Bytes of tensor data. */
  readonly tensorBytes: number;
}

/** A length that the file leaves open counts as this much: one sample, and a plausible extent of anything else. */
const ASSUMED_BATCH = 1;
const ASSUMED_OTHER = 224;

/** Computes what a model costs under any removal. */
export class CostModel {
  /** Lengths that the file leaves open, and what is assumed for them. */
  readonly assumed: Readonly<Record<string, number>>;
  /** What is assumed of any open length. */
  readonly assign: Assignment;
  readonly #slots = new Map<number, Slot[]>();

  constructor(readonly walk: Walk) {
    for (const slot of walk.slots) {
      if (slot.use !== undefined) continue;
      const list = this.#slots.get(slot.tensor);
      if (list === undefined) this.#slots.set(slot.tensor, [slot]);
      else list.push(slot);
    }
    const names = new Set<string>();
    for (const piece of walk.work) for (const length of piece.lengths) freeSymbols(length.now, names);
    const batches = new Set(
      walk.graph.inputs.flatMap((input) =>
        typeof input.shape?.[0] === 'string' ? [input.shape[0]] : [`${input.name}.0`],
      ),
    );
    const isBatch = (name: string): boolean => batches.has(name) || batches.has(name.replace(/#\d+$/, ''));
    this.assign = (name) => (isBatch(name) ? ASSUMED_BATCH : ASSUMED_OTHER);
    this.assumed = Object.fromEntries([...names].map((name) => [name, this.assign(name)]));
  }

  /** The cost of what a removal leaves; `undefined` removes nothing. */
  of(survivors?: Survivors): Cost {
    let params = 0;
    let tensorBytes = 0;
    for (const tensor of this.walk.graph.document.tensors) {
      const elements = this.elements(tensor, survivors);
      if (isWeight(tensor)) params += elements;
      tensorBytes +=
        elements === count(tensor) ? tensor.bytes : Math.ceil((elements * BITS[tensor.dtype]!) / 8);
    }
    let macs = 0;
    for (const { lengths } of this.walk.work) {
      let product = 1;
      for (const length of lengths)
        product *= evaluate(survivors === undefined ? length.now : length.after(survivors), this.assign);
      macs += Math.max(0, product);
    }
    return { params, macs, tensorBytes };
  }

  /** Elements of a stored tensor that a removal leaves. */
  elements(tensor: TensorDocument, survivors?: Survivors): number {
    let elements = count(tensor);
    if (survivors === undefined || elements === 0) return elements;
    for (const slot of this.#slots.get(tensor.id) ?? [])
      elements = (elements / slot.labels.length) * survivors.count(slot.labels);
    return elements;
  }
}

const NOT_WEIGHTS = new Set(['int64', 'uint64', 'int32', 'uint32', 'bool', 'string']);
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
