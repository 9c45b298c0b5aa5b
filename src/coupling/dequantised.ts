import type { TensorDocument } from '../model/document.js';
import type { Graph, Node } from '../model/graph.js';
import { type Facts, type FactsOf, NO_FACTS } from './facts.js';

/** A value that is (q - zero point) · scale of stored integers q, spelled out: a cast, perhaps a difference, and a product. */
export interface Dequantised {
  readonly integers: TensorDocument;
  readonly scale: TensorDocument;
  /** Without one it is 0. */
  readonly zeroPoint?: TensorDocument;
  /** The axis that scale and zero point lie on, where they are not one for all. */
  readonly axis: number;
  /** Which operand reads which value on the way to the integers, the last one first. */
  readonly reads: readonly Read[];
  readonly scaledAt: { readonly node: Node; readonly operand: number };
}

interface Read {
  readonly value: string;
  readonly node: Node;
  readonly operand: number;
}

/** Element types in which integers that stand for weights are stored. */
const INTEGERS = new Set(['int8', 'uint8', 'int4', 'uint4', 'int16', 'uint16']);
/** The most nodes that are followed from the product back to the stored integers. */
const MOST_STEPS = 6;

/** What the graph has stored, which node makes a value, and what is known of its operator. */
export interface Stores {
  storedAs(value: string): TensorDocument | undefined;
  makerOf(value: string): Node | undefined;
  readonly factsOf: FactsOf;
}

/** All such values, by name; also in branches and bodies. In functions stored tensors belong to every call. */
export function dequantisedValues(
  { nodes }: Pick<Graph, 'nodes'>,
  stores: Stores,
): ReadonlyMap<string, Dequantised> {
  const found = new Map<string, Dequantised>();
  for (const node of nodes) {
    if (node.inputs.length !== 2 || ownFacts(node, stores).arithmetic !== 'product') continue;
    const own = scaled(node, 0, stores) ?? scaled(node, 1, stores);
    if (own !== undefined) found.set(node.outputs[0]!, own);
  }
  return found;
}

/**
 * The facts of a node's operator; none of a node in a function's body, which is run for several calls and cannot be rewritten
 * for one.
 */
export const ownFacts = (node: Node | undefined, { factsOf }: Pick<Stores, 'factsOf'>): Facts =>
  node !== undefined && node.id >= 0 && node.body === undefined ? factsOf(node) : NO_FACTS;

/** The product seen as integers at one operand, their scale at the other. */
function scaled(node: Node, operand: number, stores: Stores): Dequantised | undefined {
  const by = { node, operand: 1 - operand };
  const scale = stores.storedAs(node.inputs[by.operand]!);
  if (scale?.dtype !== 'float32' && scale?.dtype !== 'float16') return undefined;
  const reads: Read[] = [{ value: node.inputs[operand]!, node, operand }];
  let zeroPoint: TensorDocument | undefined;
  let hasPoint = false;
  let isCast = false;
  for (let step = 0; step < MOST_STEPS; step++) {
    const { value } = reads.at(-1)!;
    const integers = stores.storedAs(value);
    if (integers !== undefined) {
      if (!isCast || !INTEGERS.has(integers.dtype)) return undefined;
      const axes = [scale, zeroPoint].map((own) => own && axisOf(own, integers));
      if (axes.some((axis, place) => axis === undefined && (place === 0 || hasPoint))) return undefined;
      const along = axes.filter((axis) => axis !== undefined && axis !== 'all');
      if (new Set(along).size > 1) return undefined;
      // Refits take a scale and a zero point for each index, or one of both for all: one scale with several zero points is
      // neither.
      if (axes[0] === 'all' && along.length > 0) return undefined;
      const axis = (along[0] as number | undefined) ?? 0;
      return { integers, scale, ...(zeroPoint && { zeroPoint }), axis, reads, scaledAt: by };
    }
    const maker = stores.makerOf(value);
    if (maker === undefined) return undefined;
    const { casts, arithmetic } = ownFacts(maker, stores);
    if (casts) isCast = true;
    else if (!hasPoint && arithmetic === 'difference') {
      zeroPoint = behindCasts(maker.inputs[1]!, stores);
      if (zeroPoint === undefined) return undefined;
      hasPoint = true;
    } else return undefined;
    reads.push({ value: maker.inputs[0]!, node: maker, operand: 0 });
  }
  return undefined;
}

/** A stored tensor, perhaps in another type. */
function behindCasts(value: string, stores: Stores): TensorDocument | undefined {
  let at = value;
  for (let step = 0; step < MOST_STEPS; step++) {
    const stored = stores.storedAs(at);
    if (stored !== undefined) return stored;
    const maker = stores.makerOf(at);
    if (maker === undefined || !ownFacts(maker, stores).casts) return undefined;
    at = maker.inputs[0]!;
  }
  return undefined;
}

/** The axis of the integers that numbers broadcast to them lie on; undefined where they lie on several, or enlarge them. */
function axisOf(numbers: TensorDocument, { dims }: TensorDocument): number | 'all' | undefined {
  const lead = dims.length - numbers.dims.length;
  if (lead < 0) return undefined;
  const along = numbers.dims.flatMap((length, axis) => (length === 1 ? [] : [{ length, axis: axis + lead }]));
  if (along.length === 0) return 'all';
  const [only, ...others] = along;
  return others.length === 0 && only!.length === dims[only!.axis] ? only!.axis : undefined;
}
