import type { Bias, LinearMap } from '../coupling/linearMap.js';
import { passageOf } from '../coupling/passage.js';
import type { Walk } from '../coupling/walk.js';
import type { TensorDocument } from '../model/document.js';
import type { Graph, Node } from '../model/graph.js';
import { type Readers, readersOf } from '../model/readers.js';
import {
  type Behind,
  directly,
  type Makers,
  makersOf,
  type Quantised,
  storedAs,
  together,
} from './quantised.js';

/** Where b is stored that is added to W x at a use of the weight. */
export type BiasPlace =
  /** A stored vector that nothing else reads. `included`: the use's output has it in it. */
  | ({ readonly kind: 'stored'; readonly included: boolean } & Pick<Behind, 'tensor' | 'quantised'>)
  /** A part of one. */
  | {
      readonly kind: 'part';
      readonly tensor: TensorDocument;
      readonly row: number;
      readonly from: number;
      readonly length: number;
    }
  /** There is no bias of its own yet, but the node can take one. `shared`: it reads a vector that others read too, which is replaced. */
  | {
      readonly kind: 'operand';
      readonly operand: number;
      readonly shared?: TensorDocument;
      /** It is int32, in units of this scale of the data times that of the weight. */
      readonly times?: TensorDocument;
    }
  /** `trailing`: axes of length 1 that a vector of the outputs has behind it. */
  | { readonly kind: 'behind'; readonly trailing: number }
  | { readonly kind: 'none' };

/** What is asked of the graph to find where biases are. */
interface Known {
  readonly walk: Walk;
  readonly graph: Graph;
  readonly readers: Readers;
  readonly makers: Makers;
}

/** The same, and whose the vectors behind nodes are. */
export interface BiasSurroundings extends Known {
  /** Whose bias vectors behind nodes are: of several products that are added up with one, the last, so that all others are known then. */
  readonly claims: ReadonlyMap<number, Node>;
}

/** What is asked of a walked graph to find where the biases of its linear maps are. */
export function surroundingsOf(walk: Walk): BiasSurroundings {
  const { graph, linearMaps } = walk;
  const known = { walk, graph, readers: readersOf(graph), makers: makersOf(graph) };
  return { ...known, claims: claimsOf(known, linearMaps) };
}

function claimsOf(known: Known, linearMaps: readonly LinearMap[]): ReadonlyMap<number, Node> {
  return new Map(
    linearMaps.flatMap(({ bias, node, output }) =>
      bias.kind !== 'behind' || output === undefined
        ? []
        : addedBehind(known, output.value).map(({ tensor }) => [tensor.id, node] as const),
    ),
  );
}

/** Where the bias of a linear map is stored, or could be. `outputs`: how many outputs the map has. */
export function biasPlaceOf(around: BiasSurroundings, mix: LinearMap, outputs: number): BiasPlace {
  const { bias, node } = mix;
  if (bias.kind === 'operand' && bias.at !== undefined) {
    const stored = ownVector(around, bias.at, bias.operand);
    const trails = [0, trailingOf(mix)];
    return stored !== undefined && trails.some((trailing) => isVector(stored.tensor, outputs, trailing))
      ? { kind: 'stored', ...stored, included: true }
      : { kind: 'none' };
  }
  if (bias.kind === 'operand') return operandOf(around, node, bias, outputs);
  if (bias.kind === 'part') {
    const stored = ownVector(around, node, bias.operand);
    return stored !== undefined && stored.quantised === undefined
      ? { kind: 'part', tensor: stored.tensor, row: bias.row, from: bias.from, length: bias.length }
      : { kind: 'none' };
  }
  if (bias.kind === 'none') return bias;
  const trailing = trailingOf(mix);
  const stored = addedBehind(around, mix.output?.value ?? '').find(
    ({ tensor }) => isVector(tensor, outputs, trailing) && around.claims.get(tensor.id) === node,
  );
  return stored === undefined ? { kind: 'behind', trailing } : { kind: 'stored', ...stored, included: false };
}

/** Whether the bias of a linear map is int32 in units of the scales of data and weight. */
export const isInUnits = ({ bias }: LinearMap): boolean =>
  bias.kind === 'operand' && bias.inUnits !== undefined;

/** An int32 bias in units of the scales of data and weight, where the node alone reads it. */
export function placeInUnits(
  { graph }: BiasSurroundings,
  { node, bias }: LinearMap,
  weight: TensorDocument,
  quantised: Quantised | undefined,
  outputs: number,
): BiasPlace {
  if (bias.kind !== 'operand' || quantised === undefined) return { kind: 'none' };
  const times = storedAs(graph, node.inputs[bias.inUnits ?? -1] ?? '');
  if (times?.dtype !== 'float32' || times.dims.some((length) => length !== 1)) return { kind: 'none' };
  const name = node.inputs[bias.operand] ?? '';
  if (name === '') return { kind: 'operand', operand: bias.operand, times };
  const tensor = storedAs(graph, name);
  const isOwn = tensor !== undefined && graph.uses.get(name) === 1 && graph.isNamed(tensor.id);
  const fits = tensor?.dtype === 'int32' && tensor.dims.length === 1 && isVector(tensor, outputs);
  const follows = quantised.scale.dims.every((length) => length === 1 || length === outputs);
  if (!isOwn || !fits || !follows || weight.dtype === 'int32') return { kind: 'none' };
  const { zeroPoint: _, block: __, ...rest } = quantised;
  return { kind: 'stored', tensor, quantised: { ...rest, axis: 0, times }, included: true };
}

/** Stored tensors that the only reader of a value adds to it first of all, each of which nothing else reads. */
function addedBehind(known: Known, value: string): Omit<Behind, 'reads'>[] {
  const from = rounded(known, value);
  const [reader, ...others] = known.readers.get(from) ?? [];
  if (reader === undefined || others.length > 0 || known.graph.uses.get(from) !== 1) return [];
  const [first] = passageOf(known.walk.passages, reader, from)?.steps ?? [];
  if (first?.kind !== 'sum') return [];
  return first.operands.flatMap((operand) => ownVector(known, reader, operand) ?? []);
}

/** Behind a convolution a vector of its channels has an axis of length 1 for each that windows slide over. */
const trailingOf = ({ window }: LinearMap): number => window?.strides.length ?? 0;

const isVector = ({ dims }: TensorDocument, outputs: number, trailing = 0): boolean =>
  dims.at(-1 - trailing) === outputs &&
  dims.every((length, axis) => length === 1 || axis === dims.length - 1 - trailing);

/** A stored tensor, or what its integers stand for, that this operand alone reads. */
function ownVector(
  { walk, graph, makers }: Known,
  node: Node,
  operand: number,
): Omit<Behind, 'reads'> | undefined {
  const found = directly(walk, makers, node, operand);
  return found !== undefined && graph.isNamed(found.tensor.id) ? together(graph, [found]) : undefined;
}

/** The int32 operand of a node; `shared` where others read it too, so that it cannot be written. */
export function integerBias(
  around: BiasSurroundings,
  { node }: LinearMap,
): Pick<Behind, 'tensor' | 'quantised'> | 'shared' | undefined {
  const place = node.inputs.findIndex(
    (_, operand) => directly(around.walk, around.makers, node, operand)?.tensor.dtype === 'int32',
  );
  return place < 0 ? undefined : (ownVector(around, node, place) ?? 'shared');
}

/** A value, or what it is once it has been quantised and dequantised, where nobody reads it before. */
function rounded({ walk, graph, readers }: Known, value: string): string {
  let at = value;
  for (const fact of ['quantises', 'dequantises'] as const) {
    const [reader] = readers.get(at) ?? [];
    if (graph.uses.get(at) !== 1 || reader === undefined || reader.inputs[0] !== at) return value;
    if (!walk.factsOf(reader)[fact]) return value;
    at = reader.outputs[0]!;
  }
  return at;
}

function operandOf(
  around: BiasSurroundings,
  node: Node,
  { operand }: Extract<Bias, { kind: 'operand' }>,
  outputs: number,
): BiasPlace {
  const { graph } = around;
  const name = node.inputs[operand] ?? '';
  if (name === '') return { kind: 'operand', operand };
  const own = ownVector(around, node, operand);
  if (own !== undefined)
    return isVector(own.tensor, outputs) ? { kind: 'stored', ...own, included: true } : { kind: 'none' };
  const tensor = storedAs(graph, name) ?? behindIdentity(around, name);
  if (tensor === undefined || !isVector(tensor, outputs)) return { kind: 'none' };
  return { kind: 'operand', operand, shared: tensor };
}

/** Exporters share one zero bias among layers, each behind a node of its own that hands it on as it is. */
function behindIdentity({ walk, graph, makers }: Known, name: string): TensorDocument | undefined {
  let at = name;
  for (let steps = 0; steps < 8; steps++) {
    const maker = makers.get(at);
    if (maker === undefined || !walk.factsOf(maker).identity) return undefined;
    at = maker.inputs[0]!;
    const tensor = storedAs(graph, at);
    if (tensor !== undefined) return tensor;
  }
  return undefined;
}
