import type { TensorDocument } from '../model/document.js';
import type { Node } from '../model/graph.js';
import { ownFacts, type Stores } from './dequantised.js';
import { type Facts, NO_FACTS } from './facts.js';

/**
 * A product of quantised data and a stored weight, whose scales come behind it: what it is of, and what it comes to, in floats.
 *
 *   x -> DynamicQuantizeLinear -> MatMulInteger -> Cast -> Mul by (x's scale · the weight's)  ->  y
 *
 * Some quantisers add a bias of floats to the integers, as it is in units of both scales:
 *
 *   … MatMulInteger -> Add of (b / (x's scale · the weight's), rounded and cast) -> Cast -> Mul …
 */
export interface IntegerProduct {
  /** The floats that were quantised for it. */
  readonly data: string;
  /** The floats that it comes to, and the node that makes them. */
  readonly output: string;
  readonly end: Node;
  /** The weight's scale: stored, and the operands that read it. */
  readonly scale: TensorDocument;
  readonly scaledAt: readonly Place[];
  /** The operand that reads a bias that is added to the integers. */
  readonly bias?: Place;
}

/** An operand of a node. */
interface Place {
  readonly node: Node;
  readonly operand: number;
}

/** A stored factor, and where it is read. */
interface Factor {
  readonly name: string;
  readonly at: Place;
}

/** A bias that is added to integers: where it is read, and the scale that it is divided by besides the data's. */
interface IntegerBias {
  readonly bias: Place;
  readonly scale: Factor;
}

/** The most Muls in a row that scale an integer product. */
const MOST_STEPS = 3;
/** The most roundings, casts and moves between a bias of floats and the integers that it is added to. */
const MOST_BIAS_STEPS = 6;

/**
 * A graph around a product of integers: who makes and who reads its values, where the bias and the scale of its
 * result are looked for.
 */
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
  const { quantises } = maker === undefined ? NO_FACTS : around.factsOf(maker);
  if (maker === undefined || quantises === undefined || maker.outputs[0] !== node.inputs[data])
    return undefined;
  const { scale } = quantises;
  const by = 'output' in scale ? maker.outputs[scale.output] : maker.inputs[scale.operand];
  return { data: maker.inputs[0]!, scale: by ?? '' };
}

/** What a node that makes integers of quantised data at operand `data` comes to; undefined where its scales are not found. */
export function integerProduct(node: Node, data: number, around: Surroundings): IntegerProduct | undefined {
  const from = quantisedFrom(node, data, around);
  if (from === undefined) return undefined;
  const integers = node.outputs[0] ?? '';
  const next = onlyReader(integers, around);
  const isAdded = next !== undefined && isOf(next, 'sum', around);
  const added = isAdded ? integerBias(next, integers, from.scale, around) : undefined;
  if (isAdded && added === undefined) return undefined;
  const cast = isAdded ? onlyReader(next.outputs[0]!, around) : next;
  if (cast === undefined || !around.factsOf(cast).casts) return undefined;
  let value = cast.outputs[0]!;
  const found: Factor[] = [];
  for (let step = 0; step < MOST_STEPS; step++) {
    const end = onlyReader(value, around);
    if (end === undefined || !isOf(end, 'product', around)) return undefined;
    found.push(...factors({ node: end, operand: end.inputs[0] === value ? 1 : 0 }, around));
    value = end.outputs[0]!;
    const scales = found.filter(({ name }) => around.storedAs(name) !== undefined && name !== from.scale);
    const isScaled = found.some(({ name }) => name === from.scale);
    if (!isScaled || scales.length === 0) continue;
    const [own, ...others] = scales;
    const scale = around.storedAs(own!.name)!;
    if (others.length > 0 || found.length !== 2) return undefined;
    if (added !== undefined && around.storedAs(added.scale.name) !== scale) return undefined;
    return {
      ...{ data: from.data, output: value, end, scale },
      scaledAt: [own!.at, ...(added === undefined ? [] : [added.scale.at])],
      ...(added && { bias: added.bias }),
    };
  }
  return undefined;
}

/**
 * The bias that an Add adds to an integer product, where it is a stored vector divided by the data's scale and by a stored
 * one.
 */
function integerBias(
  { inputs }: Node,
  integers: string,
  dataScale: string,
  around: Surroundings,
): IntegerBias | undefined {
  let value = inputs[inputs[0] === integers ? 1 : 0]!;
  for (let step = 0; step < MOST_BIAS_STEPS; step++) {
    const maker = around.makerOf(value);
    if (maker === undefined || around.usesOf(value) !== 1) return undefined;
    if (isOf(maker, 'quotient', around)) {
      const by = factors({ node: maker, operand: 1 }, around);
      const scale = by.find(({ name }) => name !== dataScale && around.storedAs(name) !== undefined);
      const isScaled = by.length === 2 && by.some(({ name }) => name === dataScale);
      const isStored = around.storedAs(maker.inputs[0]!) !== undefined;
      return isStored && isScaled && scale ? { bias: { node: maker, operand: 0 }, scale } : undefined;
    }
    const { rounds, casts, reshapes } = around.factsOf(maker);
    if (!rounds && !casts && !reshapes) return undefined;
    value = maker.inputs[0]!;
  }
  return undefined;
}

/** Whether a node computes this of two operands, outside of functions, so that it can be rewritten. */
const isOf = (node: Node, arithmetic: Facts['arithmetic'], around: Stores): boolean =>
  node.inputs.length === 2 && ownFacts(node, around).arithmetic === arithmetic;

function onlyReader(value: string, around: Surroundings): Node | undefined {
  const readers = around.readersOf(value);
  return readers.length === 1 && around.usesOf(value) === 1 ? readers[0] : undefined;
}

/** An operand, or the factors of the product that it is. */
function factors(at: Place, around: Surroundings): Factor[] {
  const name = at.node.inputs[at.operand]!;
  const maker = around.makerOf(name);
  if (maker === undefined || !isOf(maker, 'product', around) || around.usesOf(name) !== 1)
    return [{ name, at }];
  return [0, 1].map((operand) => ({ name: maker.inputs[operand]!, at: { node: maker, operand } }));
}
