import type { LinearMap } from '../coupling/linearMap.js';
import type { Walk } from '../coupling/walk.js';
import type { TensorDocument } from '../model/document.js';
import type { Graph, Node } from '../model/graph.js';

/**
 * Stored integers q that stand for (q - zero point) · scale: behind a node that dequantises them, or as others spell it out.
 *
 * source: https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html
 */
export interface Quantised {
  /** The operands that read the scale on behalf of these integers. */
  readonly scaledAt: readonly { readonly node: Node; readonly operand: number }[];
  readonly scale: TensorDocument;
  /** Without one it is 0. */
  readonly zeroPoint?: TensorDocument;
  /** The axis of the integers that parameters lie on, where they are not one for all. */
  readonly axis: number;
  /** How many neighbours along the axis share a scale that no other line along it has. */
  readonly block?: number;
  /** False where others read the scale too: another one then takes its place for these nodes. */
  readonly ownScale: boolean;
  /** Of an int32 bias: the scale is that of the weight, times this one of the data. It is stated nowhere, and follows the weight's. */
  readonly times?: TensorDocument;
}

/** A stored tensor that a value stands for. */
export interface Behind {
  readonly tensor: TensorDocument;
  readonly quantised?: Quantised;
  /** Which operand reads which value on the way, the last one first: `value`, node, position. */
  readonly reads: readonly { readonly value: string; readonly node: Node; readonly operand: number }[];
}

/** The node that makes each value, by the value's name; inputs and initializers have none. */
export type Makers = ReadonlyMap<string, Node>;

/** What has to be known of a graph to see stored tensors through the nodes that move or dequantise them. */
export type WeightSources = Pick<Walk, 'graph' | 'factsOf' | 'dequantised'>;

/** The node that makes each value. */
export const makersOf = ({ nodes }: Graph): Makers =>
  new Map(nodes.flatMap((node) => node.outputs.flatMap((output) => (output === '' ? [] : [[output, node]]))));

/** Of bfloat16 no runtime hands activations over, so there is nothing to fit to. */
const FLOATS = new Set(['float32', 'float16', 'float64']);
/** Whether a stored tensor is of a float type that activations can be fetched in: float16, float32 or float64. */
export const isFloats = ({ dtype }: TensorDocument): boolean => FLOATS.has(dtype);
/** Weights; and biases, whose scale is that of the data times that of the weight. */
const INTEGERS = new Set(['int8', 'uint8', 'int4', 'uint4', 'int16', 'uint16', 'int32']);

/** Most nodes between a stored tensor and who computes with it. */
const MOST_STEPS = 8;

/** The initializer, or the output of a Constant node, of this name; undefined where the value is computed. */
export const storedAs = (graph: Graph, name: string): TensorDocument | undefined =>
  graph.initializers.get(name) ?? graph.constants.get(name);

/**
 * The stored tensor behind an operand, followed through nodes that only move its elements, which the operator's rule has made sure of.
 * Integers are followed through the node that dequantises them, where its parameters are stored, one for all elements or one for
 * each index of an axis. Undefined for all other operands.
 */
export function behind(walk: WeightSources, makers: Makers, node: Node, operand: number): Behind | undefined {
  const { graph } = walk;
  const isDequantiser = (own: Node): boolean => walk.factsOf(own).dequantises === true;
  const reads: Behind['reads'][number][] = [{ value: node.inputs[operand] ?? '', node, operand }];
  for (let step = 0; step < MOST_STEPS; step++) {
    const { value, node: reader } = reads.at(-1)!;
    const tensor = storedAs(graph, value);
    if (tensor !== undefined) {
      if (isFloats(tensor))
        return reads.some(({ node: own }) => isDequantiser(own)) ? undefined : { tensor, reads };
      const quantised =
        isDequantiser(reader) && reads.length > 1 ? quantisedBy(graph, reader, tensor) : undefined;
      return quantised && { tensor, quantised, reads };
    }
    const spelled = isDequantiser(reader) ? undefined : walk.dequantised.get(value);
    if (spelled !== undefined) {
      const { integers, scale, zeroPoint, axis } = spelled;
      const quantised = { scaledAt: [spelled.scaledAt], scale, ...(zeroPoint && { zeroPoint }), axis };
      reads.push(...spelled.reads);
      return {
        tensor: integers,
        quantised: { ...quantised, ownScale: isOwn(graph, [spelled.scaledAt]) },
        reads,
      };
    }
    const maker = makers.get(value);
    if (maker === undefined || !graph.isMain(maker)) return undefined;
    // Quantised integers that were moved before they are dequantised are not followed: the axis of their scale would have
    // moved too.
    if (isDequantiser(reader) && reads.length > 1) return undefined;
    reads.push({ value: maker.inputs[0] ?? '', node: maker, operand: 0 });
  }
  return undefined;
}

/** The integers that a node reads as its weight; undefined where it reads floats. */
export function integersOf(graph: Graph, { node, operand, integers }: LinearMap): Behind | undefined {
  const value = node.inputs[operand] ?? '';
  const tensor = storedAs(graph, value);
  if (integers === undefined || tensor === undefined) return undefined;
  const { scale, zeroPoint, axis, scaledAt } = integers;
  const quantised = { scaledAt, scale, axis, ownScale: isOwn(graph, scaledAt) };
  const reads = [{ value, node, operand }];
  return { tensor, quantised: { ...quantised, ...(zeroPoint && { zeroPoint }) }, reads };
}

/** The stored tensor that an operand is itself, or as the integers behind one node that dequantises them. */
export function directly(
  walk: WeightSources,
  makers: Makers,
  node: Node,
  operand: number,
): Behind | undefined {
  const found = behind(walk, makers, node, operand);
  return found !== undefined && found.reads.length === (found.quantised === undefined ? 1 : 2)
    ? found
    : undefined;
}

/** Scales that can be written again. */
const isScale = (tensor: TensorDocument | undefined): tensor is TensorDocument =>
  tensor?.dtype === 'float32' || tensor?.dtype === 'float16';

function quantisedBy(graph: Graph, node: Node, tensor: TensorDocument): Quantised | undefined {
  const { attributes, inputs } = node;
  const scale = storedAs(graph, inputs[1] ?? '');
  const zeroPoint = storedAs(graph, inputs[2] ?? '');
  const blocks = attributes.block_size;
  const block = blocks?.type === 'int' && blocks.value > 0 ? blocks.value : undefined;
  if (!INTEGERS.has(tensor.dtype) || !isScale(scale)) return undefined;
  if ((inputs[2] ?? '') !== '' && zeroPoint === undefined) return undefined;
  const given = attributes.axis;
  const rank = tensor.dims.length;
  const stated = given?.type === 'int' ? given.value : Math.min(1, Math.max(0, rank - 1));
  const axis = stated < 0 ? stated + rank : stated;
  const fits = ({ dims }: TensorDocument): boolean =>
    block === undefined
      ? dims.every((length) => length === 1) || (dims.length === 1 && dims[0] === tensor.dims[axis])
      : dims.length === rank &&
        dims.every(
          (length, d) => length === (d === axis ? Math.ceil(tensor.dims[d]! / block) : tensor.dims[d]),
        );
  if (!fits(scale) || (zeroPoint !== undefined && !fits(zeroPoint))) return undefined;
  const scaledAt = { node, operand: 1 };
  return {
    ...{ scaledAt: [scaledAt], scale, axis, ownScale: isOwn(graph, [scaledAt]) },
    ...(zeroPoint && { zeroPoint }),
    ...(block !== undefined && { block }),
  };
}

/** Nobody else reads the stored tensor at these operands. */
function isOwn(graph: Graph, places: Quantised['scaledAt']): boolean {
  const names = new Set(places.map(({ node, operand }) => node.inputs[operand]!));
  const [name] = names;
  const stored = storedAs(graph, name!);
  return (
    names.size === 1 &&
    stored !== undefined &&
    graph.uses.get(name!) === places.length &&
    graph.isNamed(stored.id)
  );
}

/** Several operands that are one stored tensor, which nobody else reads on the way; undefined where that is not so. */
export function together(
  graph: Graph,
  all: readonly (Behind | undefined)[],
): Omit<Behind, 'reads'> | undefined {
  const [first] = all;
  if (first === undefined) return undefined;
  const { tensor, quantised } = first;
  const alike = all.every(
    (own) =>
      own?.tensor === tensor &&
      own.quantised?.scale === quantised?.scale &&
      own.quantised?.zeroPoint === quantised?.zeroPoint &&
      own.quantised?.axis === quantised?.axis &&
      own.quantised?.block === quantised?.block,
  );
  const readers = new Map<string, Set<string>>();
  for (const { value, node, operand } of all.flatMap((own) => own?.reads ?? []))
    readers.set(value, (readers.get(value) ?? new Set()).add(`${node.name}:${operand}`));
  // If another node read the tensor, it would be changed by the refit too.
  const alone = [...readers].every(([value, own]) => graph.uses.get(value) === own.size);
  if (!alike || !alone) return undefined;
  if (quantised === undefined) return { tensor };
  const scaledAt = new Map(
    all.flatMap((own) => (own?.quantised?.scaledAt ?? []).map((at) => [`${at.node.name}:${at.operand}`, at])),
  );
  return { tensor, quantised: { ...quantised, scaledAt: [...scaledAt.values()] } };
}
