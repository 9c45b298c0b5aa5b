import type { Bias, LinearMap, WeightLayout } from '../coupling/linearMap.js';
import { passageOf } from '../coupling/passage.js';
import type { Walk } from '../coupling/walk.js';
import type { TensorDocument } from '../model/document.js';
import type { Graph, Node } from '../model/graph.js';
import { Names } from '../model/names.js';
import {
  type Behind,
  behind,
  directly,
  integersOf,
  type Makers,
  makersOf,
  type Quantised,
  storedAs,
  together,
} from './quantised.js';

/** A stored weight W, and all nodes that compute W x + b with it: what least squares solves for. */
export interface Layer {
  readonly weight: TensorDocument;
  /** Present where the stored weight is of integers; W is then what they stand for. */
  readonly quantised?: Quantised;
  readonly layout: WeightLayout;
  readonly sites: readonly WeightUse[];
  /** Independent groups of channels and outputs: as many as channels in a depthwise convolution, 1 in most layers. */
  readonly groups: number;
  /** The input channels of each group, and the kernel positions (taps) of each channel: W is [outputs, channels · taps]. */
  readonly channels: number;
  readonly taps: number;
  /** Of all groups. */
  readonly outputs: number;
}

/** Whether every output of a layer sees all channels of x. */
export const mixesAll = ({ groups }: Layer): boolean => groups === 1;

/** Whether the layer's output W x + b is a value of the graph at every use, so that it can be observed. */
export const isObserved = ({ sites }: Layer): boolean => sites.every(({ output }) => output !== undefined);

/** A layer's weight as it is stored. */
export const weightOf = ({ weight: tensor, quantised }: Layer): Pick<Behind, 'tensor' | 'quantised'> => ({
  tensor,
  ...(quantised && { quantised }),
});

/** One node that computes with the layer's weight. In a fused node `output` names W x + b, although no value of the graph holds it. */
export interface WeightUse extends LinearMap {
  /** Among the graph's nodes, in their order. */
  readonly index: number;
  readonly addition: BiasPlace;
  /** A bias of integers that the node reads, whether or not it is refitted: its scale goes with the weight's. */
  readonly tied?: Pick<Behind, 'tensor' | 'quantised'>;
}

/** Where b is stored that is added to W x at a use of the weight. */
export type BiasPlace =
  /** A stored vector that nothing else reads. `included`: the site's output has it in it. */
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

/** Kernels over more inputs than this are refitted tap by tap: second moments of whole patches would cost more than running the model. */
const MOST_PATCH = 2304;

/**
 * A linear map in the form that is solved for. A kernel over many channels is refitted tap by tap: the kept channels predict all of
 * them at each position, and W' = W B for each tap. As padding is zero at the edges, there is no intercept then.
 */
function seen(mix: LinearMap, dims: readonly number[]): LinearMap {
  const { layout, window, output, ...rest } = mix;
  const inputs = [layout.input, ...layout.taps].reduce((product, axis) => product * dims[axis]!, 1);
  if (inputs <= MOST_PATCH || layout.taps.length === 0 || inputs === dims[layout.input]) return mix;
  return {
    ...rest,
    layout: { ...layout, outputs: [...layout.outputs, ...layout.taps], taps: [] },
    bias: { kind: 'none' },
  };
}

/** The linear layers of a model, in the order of the last node of each. Nodes in branches and functions are not among them. */
export function layersOf(walk: Walk): Layer[] {
  const { graph, linearMaps } = walk;
  const names = new Names(graph);
  const places = new Map(graph.nodes.map((node, index) => [node, index]));
  const known = { walk, graph, readers: readersOf(graph), makers: makersOf(graph) };
  const around: Around = { ...known, claims: claimsOf(known, linearMaps) };
  const { makers } = known;
  const found = new Map<string, LinearMap[]>();
  for (const given of linearMaps) {
    const mix = seen(given, graph.document.tensors[given.weight]!.dims);
    const key = `${mix.weight}:${JSON.stringify(mix.layout.fixed)}`;
    found.set(key, [...(found.get(key) ?? []), mix]);
  }
  const layers = [...found.values()].flatMap((sites): Layer[] => {
    const [first] = sites;
    const { layout } = first!;
    const groups = first!.groups ?? 1;
    const alike = sites.every(
      (site) => JSON.stringify(site.layout) === JSON.stringify(layout) && (site.groups ?? 1) === groups,
    );
    const reachable = sites.every(({ node }) => graph.isMain(node));
    if (!alike || !reachable) return [];
    // What is seen tap by tap is guessed from all channels.
    if (groups > 1 && layout.taps.length === 0) return [];
    const stored = together(
      graph,
      sites.map((site) => integersOf(graph, site) ?? behind(walk, makers, site.node, site.operand)),
    );
    if (stored === undefined || !graph.isNamed(stored.tensor.id)) return [];
    const { tensor: weight, quantised } = stored;
    if (quantised !== undefined && (weight.dtype === 'int32' || layout.fixed.length > 0)) return [];
    const length = (axes: readonly number[]): number =>
      axes.reduce((product, axis) => product * weight.dims[axis]!, 1);
    const additions = sites.map((site) =>
      isInUnits(site)
        ? inUnits(around, site, weight, quantised, length(layout.outputs))
        : additionOf(around, site, length(layout.outputs)),
    );
    // A bias in other units would be wrong once the weight's scale changes; of integers, only weights of one node are solved for.
    if (sites.some((site, place) => isInUnits(site) && additions[place]!.kind === 'none')) return [];
    if (sites.length > 1 && sites.some(({ reals }) => reals !== undefined)) return [];
    const tied = sites.map((site) => integerBias(around, site));
    if (quantised !== undefined && tied.includes('shared')) return [];
    return [
      {
        weight,
        ...(quantised && { quantised }),
        layout,
        sites: sites.map((site, place) => ({
          ...alone(withoutBias(site, additions[place]!), names),
          index: places.get(site.node)!,
          addition: additions[place]!,
          ...(typeof tied[place] === 'object' && { tied: tied[place] }),
        })),
        groups,
        channels: weight.dims[layout.input]!,
        taps: length(layout.taps),
        outputs: length(layout.outputs),
      },
    ];
  });
  const last = (layer: Layer): number => Math.max(...layer.sites.map(({ index }) => index));
  return layers.sort((a, b) => last(a) - last(b));
}

/** What a node puts out has a bias in it that cannot be changed: then it is no W x of which a refit is known. */
function withoutBias(mix: LinearMap, addition: BiasPlace): LinearMap {
  if (mix.bias.kind !== 'operand' || addition.kind !== 'none') return mix;
  const { output: _, ...rest } = mix;
  return rest;
}

/** What a node that goes on has within has a name of its own. */
function alone(mix: LinearMap, names: Names): LinearMap {
  const { fused, output } = mix;
  if (fused === undefined || output === undefined) return mix;
  return { ...mix, output: { ...output, value: names.fresh(output.value) } };
}

/** The nodes that read each value, by the value's name. */
export type Readers = ReadonlyMap<string, readonly Node[]>;

/** The nodes that read each value; a node that reads it twice is there twice. */
export function readersOf({ nodes }: Graph): Readers {
  const readers = new Map<string, Node[]>();
  for (const node of nodes)
    for (const name of [...node.inputs, ...node.captures]) {
      const own = readers.get(name);
      if (own === undefined) readers.set(name, [node]);
      else own.push(node);
    }
  return readers;
}

interface Known {
  readonly walk: Walk;
  readonly graph: Graph;
  readonly readers: Readers;
  readonly makers: Makers;
}

interface Around extends Known {
  /** Whose bias vectors behind nodes are: of several products that are added up with one, the last, so that all others are known then. */
  readonly claims: ReadonlyMap<number, Node>;
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

function additionOf(around: Around, mix: LinearMap, outputs: number): BiasPlace {
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

const isInUnits = ({ bias }: LinearMap): boolean => bias.kind === 'operand' && bias.inUnits !== undefined;

/** An int32 bias in units of the scales of data and weight, where the node alone reads it. */
function inUnits(
  { graph }: Around,
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
function integerBias(around: Around, { node }: LinearMap): WeightUse['tied'] | 'shared' {
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
  around: Around,
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
