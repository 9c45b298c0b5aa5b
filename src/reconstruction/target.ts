import type { Walk } from '../lanes/walk.js';
import type { NativeModel } from '../native/index.js';
import type { Node } from '../onnx/graph.js';
import type { Readers, Site } from './layers.js';

/** A sum that a layer's output goes into: out = scale · y + constant + other. */
export interface Stream {
  /** The other value of the sum, computed from data. */
  readonly other: string;
  /** By output of the layer; undefined: 1. */
  readonly scale?: Float64Array;
}

/** Most nodes between a layer and its sum. */
const MOST_STEPS = 4;
/** A scale below this share of the largest says nothing of the layer's output. */
const SMALL = 1e-3;

/**
 * The residual stream that a layer adds to, seen through biases and BatchNormalization: what the stream has got wrong so
 * far, the layer can give back.
 */
export function streamOf(
  { graph, tensors }: Walk,
  native: NativeModel,
  readers: Readers,
  site: Site,
): Stream | undefined {
  let value = site.output?.value;
  let scale: Float64Array | undefined;
  const isConstant = (name: string): boolean => graph.initializers.has(name) || graph.constants.has(name);
  for (let step = 0; step < MOST_STEPS && value !== undefined; step++) {
    const own: readonly Node[] = readers.get(value) ?? [];
    if (own.length !== 1 || graph.outputs.some(({ name }) => name === value)) return undefined;
    const [node] = own;
    const from: string = value;
    if (node!.domain !== '') return undefined;
    if (node!.op === 'Add') {
      const other = node!.inputs.find((name) => name !== from);
      if (other === undefined) return undefined;
      if (!isConstant(other)) {
        const [a, b] = [tensors.get(from)?.axes, tensors.get(other)?.axes];
        // One that is broadcast over the other is no stream.
        if (a === undefined || b === undefined || a.length !== b.length) return undefined;
        return { other, ...(scale !== undefined && { scale }) };
      }
    } else if (node!.op === 'BatchNormalization' && node!.outputs.length === 1 && scale === undefined) {
      const stored = [node!.inputs[1]!, node!.inputs[4]!].map((name) => graph.initializers.get(name));
      if (stored.includes(undefined)) return undefined;
      const [gamma, variance] = stored.map((tensor) => native.numbers(tensor!.id));
      const epsilon = node!.attributes.epsilon;
      const small = epsilon?.type === 'float' ? Number(epsilon.value) : 1e-5;
      scale = gamma!.map((value, i) => value / Math.sqrt(variance![i]! + small));
    } else if (node!.op !== 'Identity' && node!.op !== 'Dropout') return undefined;
    [value] = node!.outputs;
  }
  return undefined;
}

/** Adds to y, [.., outputs, ..], what the stream lacks: (original - pruned) / scale, where the scale is none that is lost in it. */
export function corrected(
  y: Float32Array,
  lacking: Float32Array,
  outputs: number,
  inner: number,
  scale: Float64Array | undefined,
): Float32Array {
  if (y.length !== lacking.length) return y;
  const largest = scale === undefined ? 1 : scale.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const by =
    scale === undefined
      ? undefined
      : scale.map((value) => (Math.abs(value) > SMALL * largest ? 1 / value : 0));
  const out = new Float32Array(y.length);
  for (let i = 0; i < y.length; i++) {
    const factor = by === undefined ? 1 : by[Math.floor(i / inner) % outputs]!;
    out[i] = y[i]! + factor * lacking[i]!;
  }
  return out;
}
