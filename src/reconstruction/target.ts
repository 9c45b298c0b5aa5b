import type { Walk } from '../lanes/walk.js';
import type { TensorDocument } from '../native/document.js';
import type { NativeModel } from '../native/index.js';
import type { Node } from '../onnx/graph.js';
import type { Advance } from './advance.js';
import { numbersNow } from './contents.js';
import type { Rows } from './feeding.js';
import type { Readers, Site } from './layers.js';
import { type Behind, directly, makersOf, storedAs } from './quantised.js';

/**
 * What becomes of a layer's output: scale · y + shift + stream, of which only what lies between bounds is seen.
 */
export interface Aftermath {
  /** By output of the layer. */
  readonly scale: Float64Array;
  readonly shift: Float64Array;
  /** The other value of the sum that it goes into, computed from data: a residual stream. */
  readonly stream?: string;
  readonly low: number;
  readonly high: number;
  /** BatchNormalization on the way. */
  readonly through: readonly Node[];
}

/** Most nodes that are looked at behind a layer. */
const MOST_STEPS = 12;
/** A scale below this share of the largest says nothing of the layer's output. */
const SMALL = 1e-3;

/**
 * Follows a layer's output through biases, BatchNormalization, quantisation and one residual sum to a ReLU or a Clip. What
 * the stream has got wrong so far the layer can give back, and what is clipped off need not be right.
 */
export function aftermathOf(
  walk: Walk,
  native: NativeModel,
  readers: Readers,
  site: Pick<Site, 'output'>,
  outputs: number,
): Aftermath {
  const { graph, tensors } = walk;
  const found = {
    ...{ scale: new Float64Array(outputs).fill(1), shift: new Float64Array(outputs) },
    ...{
      low: Number.NEGATIVE_INFINITY,
      high: Number.POSITIVE_INFINITY,
      stream: undefined as string | undefined,
    },
    through: [] as Node[],
  };
  const result = (): Aftermath => {
    const { stream, ...rest } = found;
    return { ...rest, ...(stream !== undefined && { stream }) };
  };
  const stored = (name: string | undefined): TensorDocument | undefined => storedAs(graph, name ?? '');
  const makers = makersOf(graph);
  const vector = (node: Node, operand: number): Behind | undefined => directly(graph, makers, node, operand);
  let value = site.output?.value;
  for (let step = 0; step < MOST_STEPS && value !== undefined; step++) {
    const own: readonly Node[] = readers.get(value) ?? [];
    const from: string = value;
    if (own.length !== 1 || graph.outputs.some(({ name }) => name === from)) return result();
    const node = own[0]!;
    if (node.domain !== '') return result();
    if (node.op === 'Relu') return { ...result(), low: 0 };
    if (node.op === 'Clip') return { ...result(), ...clipOf(node, native, stored) };
    if (node.op === 'Add') {
      const place = node.inputs[0] === from ? 1 : 0;
      const other = node.inputs[place]!;
      if (other === from) return result();
      const addend = vector(node, place);
      if (addend === undefined) {
        const [a, b] = [tensors.get(from)?.axes, tensors.get(other)?.axes];
        // One that is broadcast over the other is no stream.
        if (found.stream !== undefined || a === undefined || a.length !== b?.length) return result();
        found.stream = other;
      } else {
        if (!addend.tensor.dims.every((length) => length === 1 || length === outputs)) return result();
        const numbers = numbersNow(native, addend);
        if (numbers.length !== outputs && numbers.length !== 1) return result();
        for (let i = 0; i < outputs; i++) found.shift[i]! += numbers[numbers.length === 1 ? 0 : i]!;
      }
    } else if (node.op === 'BatchNormalization' && node.outputs.length === 1 && found.stream === undefined) {
      const parameters = [1, 2, 3, 4].map((operand) => vector(node, operand));
      if (parameters.some((own) => own?.tensor.dims[0] !== outputs)) return result();
      found.through.push(node);
      const [gamma, beta, mean, variance] = parameters.map((own) => numbersNow(native, own!));
      const { epsilon } = node.attributes;
      const small = epsilon?.type === 'float' ? Number(epsilon.value) : 1e-5;
      for (let i = 0; i < outputs; i++) {
        const factor = gamma![i]! / Math.sqrt(variance![i]! + small);
        found.scale[i]! *= factor;
        found.shift[i] = (found.shift[i]! - mean![i]!) * factor + beta![i]!;
      }
    } else if (node.op === 'QuantizeLinear') {
      const { low, high, folded } = rangeOf(node, native, stored);
      if (folded) return { ...result(), low, high };
      // Other ranges hold nearly all that comes, and rounding is left as it is.
    } else if (node.op !== 'DequantizeLinear' && node.op !== 'Identity') return result();
    [value] = node.outputs;
  }
  return result();
}

/** Whether the stream can be computed without anything that has not had its turn. */
export function isUsable(
  { stream }: Aftermath,
  pruned: Pick<Advance, 'before'>,
  pending: Iterable<{ readonly sites: readonly { readonly node: Node }[] }>,
): boolean {
  if (stream === undefined) return true;
  const ids = new Set([...pruned.before([stream])].map(({ id }) => id));
  return ![...pending].some(({ sites }) => sites.some(({ node }) => ids.has(node.id)));
}

/** The bounds of a Clip that are known. source: https://onnx.ai/onnx/operators/onnx__Clip.html, versions 6 and 11 on */
function clipOf(
  node: Node,
  native: NativeModel,
  stored: (name: string | undefined) => TensorDocument | undefined,
): { readonly low: number; readonly high: number } {
  const bound = (name: 'min' | 'max', operand: number, otherwise: number): number => {
    const attribute = node.attributes[name];
    if (attribute?.type === 'float') return Number(attribute.value);
    const tensor = stored(node.inputs[operand]);
    return tensor === undefined ? otherwise : native.numbers(tensor.id)[0]!;
  };
  return { low: bound('min', 1, Number.NEGATIVE_INFINITY), high: bound('max', 2, Number.POSITIVE_INFINITY) };
}

/** What a QuantizeLinear saturates at, and whether that is zero on one side: a ReLU that was folded into it. */
function rangeOf(
  node: Node,
  native: NativeModel,
  stored: (name: string | undefined) => TensorDocument | undefined,
): { readonly low: number; readonly high: number; readonly folded: boolean } {
  const [scale, point] = [stored(node.inputs[1]), stored(node.inputs[2])];
  const open = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, folded: false };
  const range = RANGES[point?.dtype ?? ''];
  if (scale === undefined || point === undefined || range === undefined) return open;
  const [by, zero] = [native.numbers(scale.id), native.numbers(point.id)];
  if (by.length !== 1 || zero.length !== 1) return open;
  const [lowest, highest] = range;
  const at = (integer: number): number => (integer - zero[0]!) * by[0]!;
  return { low: at(lowest), high: at(highest), folded: zero[0] === lowest || zero[0] === highest };
}

const RANGES: Readonly<Record<string, readonly [low: number, high: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** Targets of a batch: y, and between which bounds it is seen; all [outer, outputs, inner]. */
export interface Wanted {
  readonly y: Float32Array;
  readonly low?: Float32Array;
  readonly high?: Float32Array;
}

/**
 * What a layer is to answer in the pruned model.
 *
 * - `y`: what it answers in the original; `streams`: the stream in both models; all of the outputs
 *   that are left
 */
export function wantedOf(
  y: Float32Array,
  { scale, shift, low, high }: Aftermath,
  outputs: number,
  inner: number,
  streams: { readonly original: Float32Array; readonly pruned: Float32Array } | undefined,
): Wanted {
  const largest = scale.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const by = scale.map((value) => (Math.abs(value) > SMALL * largest ? 1 / value : 0));
  const clips = Number.isFinite(low) || Number.isFinite(high);
  if (streams === undefined && !clips) return { y };
  const wanted = streams === undefined ? y : y.slice();
  const bounds = clips ? [new Float32Array(y.length), new Float32Array(y.length)] : undefined;
  const [lower, upper] = bounds ?? [];
  for (let start = 0, row = 0; start < y.length; start += inner, row++) {
    const output = row % outputs;
    const factor = by[output]!;
    const end = start + inner;
    if (streams !== undefined)
      for (let i = start; i < end; i++) wanted[i]! += factor * (streams.original[i]! - streams.pruned[i]!);
    if (lower === undefined || upper === undefined) continue;
    if (factor === 0) {
      lower.fill(Number.NEGATIVE_INFINITY, start, end);
      upper.fill(Number.POSITIVE_INFINITY, start, end);
      continue;
    }
    const [a, b] = [low - shift[output]!, high - shift[output]!];
    const [least, most] = factor > 0 ? [a, b] : [b, a];
    if (streams === undefined) {
      lower.fill(least * factor, start, end);
      upper.fill(most * factor, start, end);
      continue;
    }
    for (let i = start; i < end; i++) {
      lower[i] = (least - streams.pruned[i]!) * factor;
      upper[i] = (most - streams.pruned[i]!) * factor;
    }
  }
  if (bounds === undefined) return { y: wanted };
  const onlyLow = high === Number.POSITIVE_INFINITY && by.every((factor) => factor >= 0);
  return { y: wanted, low: bounds[0]!, ...(!onlyLow && { high: bounds[1]! }) };
}

/** Arrays that say what is wanted. */
export const partsOf = (wanted: Wanted | undefined): 1 | 2 | 3 =>
  wanted?.low === undefined ? 1 : wanted.high === undefined ? 2 : 3;

/** `joined` of all, which lets go of what they were. */
export function joinedOf(
  examples: readonly { readonly rows: Rows; wanted: Wanted }[],
  outputs: number,
): readonly Float32Array[] {
  return examples.map((example) => {
    const targets = joined(example.wanted, example.rows, outputs);
    example.wanted = { y: NONE };
    return targets;
  });
}

const NONE = new Float32Array(0);

/** Targets and bounds in one array: behind each other for each sample of a batch, or for each row. */
function joined({ y, low, high }: Wanted, { patches }: Rows, outputs: number): Float32Array {
  const parts = [y, low, high].filter((part) => part !== undefined);
  const outer = patches === undefined ? y.length / outputs : patches.batch;
  const length = y.length / outer;
  const all = new Float32Array(parts.length * y.length);
  for (let at = 0; at < outer; at++)
    for (const [place, part] of parts.entries())
      all.set(part.subarray(at * length, (at + 1) * length), (at * parts.length + place) * length);
  return all;
}
