import type { TensorDocument } from '../native/document.js';
import type { Stores } from './dequantised.js';
import type { Node } from './expand.js';

/**
 * A product of quantised data and a stored weight, whose scales come behind it: what it is of, and what it comes to, in floats.
 *
 *   x -> DynamicQuantizeLinear -> MatMulInteger -> Cast -> Mul by (x's scale · the weight's)  ->  y
 */
export interface IntegerProduct {
  /** The floats that were quantised for it. */
  readonly data: string;
  /** The floats that it comes to, and the node that makes them. */
  readonly output: string;
  readonly end: Node;
  /** The weight's scale: stored, and the operand that reads it. */
  readonly scale: TensorDocument;
  readonly scaledAt: { readonly node: Node; readonly operand: number };
}

/** A stored factor, and where it is read. */
interface Factor {
  readonly name: string;
  readonly at: IntegerProduct['scaledAt'];
}

/** Factors that one Mul takes after the other. */
const MOST_STEPS = 3;

export interface Surroundings extends Stores {
  readersOf(value: string): readonly Node[];
  /** How many operands and outputs of the graph read a value. */
  usesOf(value: string): number;
}

/** The data operand of a node, before it was quantised, and the scale that it was quantised by. */
export function quantisedFrom(
  node: Node,
  data: number,
  around: Stores,
): { readonly data: string; readonly scale: string } | undefined {
  const maker = around.makerOf(node.inputs[data] ?? '');
  if (maker === undefined || maker.domain !== '' || maker.outputs[0] !== node.inputs[data]) return undefined;
  if (maker.op === 'DynamicQuantizeLinear') return { data: maker.inputs[0]!, scale: maker.outputs[1] ?? '' };
  if (maker.op === 'QuantizeLinear') return { data: maker.inputs[0]!, scale: maker.inputs[1]! };
  return undefined;
}

/** What a node that makes integers of quantised data at operand `data` comes to; undefined where its scales are not found. */
export function integerProduct(node: Node, data: number, around: Surroundings): IntegerProduct | undefined {
  const from = quantisedFrom(node, data, around);
  const cast = onlyReader(node.outputs[0] ?? '', around);
  if (from === undefined || cast?.op !== 'Cast' || cast.domain !== '') return undefined;
  let value = cast.outputs[0]!;
  const found: Factor[] = [];
  for (let step = 0; step < MOST_STEPS; step++) {
    const end = onlyReader(value, around);
    if (end?.op !== 'Mul' || end.domain !== '' || end.graph !== 0 || end.id < 0 || end.body !== undefined)
      return undefined;
    found.push(...factors({ node: end, operand: end.inputs[0] === value ? 1 : 0 }, around));
    value = end.outputs[0]!;
    const scales = found.filter(({ name }) => around.storedAs(name) !== undefined && name !== from.scale);
    const isScaled = found.some(({ name }) => name === from.scale);
    if (!isScaled || scales.length === 0) continue;
    const [own, ...others] = scales;
    const scale = around.storedAs(own!.name)!;
    if (others.length > 0 || found.length !== 2) return undefined;
    return { data: from.data, output: value, end, scale, scaledAt: own!.at };
  }
  return undefined;
}

function onlyReader(value: string, around: Surroundings): Node | undefined {
  const readers = around.readersOf(value);
  return readers.length === 1 && around.usesOf(value) === 1 ? readers[0] : undefined;
}

/** An operand, or the factors of the product that it is. */
function factors(at: Factor['at'], around: Surroundings): Factor[] {
  const name = at.node.inputs[at.operand]!;
  const maker = around.makerOf(name);
  const isProduct = maker?.op === 'Mul' && maker.domain === '' && maker.graph === 0 && maker.id >= 0;
  if (!isProduct || around.usesOf(name) !== 1) return [{ name, at }];
  return [0, 1].map((operand) => ({ name: maker.inputs[operand]!, at: { node: maker, operand } }));
}
