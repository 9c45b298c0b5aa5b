import type { Bias, Mix, WeightLayout } from '../lanes/mix.js';
import type { Walk } from '../lanes/walk.js';
import type { TensorDocument } from '../native/document.js';
import type { Graph, Node } from '../onnx/graph.js';

/** A stored weight W, and all nodes that compute W x + b with it: what least squares solves for. */
export interface Layer {
  readonly weight: TensorDocument;
  readonly layout: WeightLayout;
  readonly sites: readonly Site[];
  /** Of x: channels, and taps of each. W is seen as [outputs, channels · taps]. */
  readonly channels: number;
  readonly taps: number;
  readonly outputs: number;
}

/** One node of a layer. */
export interface Site extends Mix {
  /** Among the graph's nodes, in their order. */
  readonly index: number;
  readonly addition: Addition;
}

/** Where a site adds b. */
export type Addition =
  /** A stored vector that nothing else reads. `included`: the site's output has it in it. */
  | { readonly kind: 'stored'; readonly tensor: TensorDocument; readonly included: boolean }
  /** A part of one. */
  | { readonly kind: 'part'; readonly tensor: TensorDocument; readonly from: number; readonly length: number }
  /** Nowhere yet; here it can be. `shared`: a vector that others read too, for which one of its own is put. */
  | { readonly kind: 'operand'; readonly operand: number; readonly shared?: TensorDocument }
  | { readonly kind: 'behind' }
  | { readonly kind: 'none' };

const FLOATS = new Set(['float32', 'float16', 'bfloat16', 'float64']);

/** The layers of a model in the order in which their last nodes come. Nodes in branches and functions are left as they are. */
export function layersOf({ graph, mixes }: Walk): Layer[] {
  const places = new Map(graph.nodes.map((node, index) => [node, index]));
  const readers = readersOf(graph);
  const found = new Map<string, Mix[]>();
  for (const mix of mixes) {
    const key = `${mix.weight}:${JSON.stringify(mix.layout.fixed)}`;
    found.set(key, [...(found.get(key) ?? []), mix]);
  }
  const layers = [...found.values()].flatMap((sites): Layer[] => {
    const [first] = sites;
    const weight = graph.document.tensors[first!.weight]!;
    const { layout } = first!;
    const alike = sites.every((site) => JSON.stringify(site.layout) === JSON.stringify(layout));
    const reachable = sites.every(({ node }) => node.graph === 0 && node.id >= 0);
    // Who else reads the weight would be given the refit too.
    const uses = sites.reduce(
      (sum, { node }) => sum + node.inputs.filter((name) => holds(graph, name, weight)).length,
      0,
    );
    const direct = uses === (graph.uses.get(graph.nameOf(weight.id)) ?? 0);
    if (
      !FLOATS.has(weight.dtype) ||
      !alike ||
      !reachable ||
      !graph.isNamed(weight.id) ||
      (uses > 0 && !direct)
    )
      return [];
    const length = (axes: readonly number[]): number =>
      axes.reduce((product, axis) => product * weight.dims[axis]!, 1);
    return [
      {
        weight,
        layout,
        sites: sites.map((site) => ({
          ...site,
          index: places.get(site.node)!,
          addition: additionOf(graph, readers, site, length(layout.outputs)),
        })),
        channels: weight.dims[layout.input]!,
        taps: length(layout.taps),
        outputs: length(layout.outputs),
      },
    ];
  });
  const last = (layer: Layer): number => Math.max(...layer.sites.map(({ index }) => index));
  return layers.sort((a, b) => last(a) - last(b));
}

const holds = (graph: Graph, name: string, weight: TensorDocument): boolean =>
  storedAs(graph, name)?.id === weight.id;

const storedAs = (graph: Graph, name: string): TensorDocument | undefined =>
  graph.initializers.get(name) ?? graph.constants.get(name);

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

function additionOf(graph: Graph, readers: Readers, mix: Mix, outputs: number): Addition {
  const { bias, node } = mix;
  const isOwn = (name: string, tensor: TensorDocument): boolean =>
    graph.uses.get(name) === 1 && graph.isNamed(tensor.id) && FLOATS.has(tensor.dtype);
  const vector = (tensor: TensorDocument | undefined): tensor is TensorDocument =>
    tensor !== undefined &&
    tensor.dims.at(-1) === outputs &&
    tensor.dims.every((length, axis) => length === 1 || axis === tensor.dims.length - 1);
  if (bias.kind === 'operand') return operandOf(graph, node, bias, isOwn, vector);
  if (bias.kind === 'part') {
    const name = node.inputs[bias.operand] ?? '';
    const tensor = storedAs(graph, name);
    return tensor !== undefined && isOwn(name, tensor)
      ? { kind: 'part', tensor, from: bias.from, length: bias.length }
      : { kind: 'none' };
  }
  if (bias.kind === 'none') return bias;
  const [reader, ...others] = readers.get(mix.output?.value ?? '') ?? [];
  if (
    reader?.op === 'Add' &&
    reader.domain === '' &&
    others.length === 0 &&
    graph.uses.get(mix.output!.value) === 1
  ) {
    const name = reader.inputs.find((input) => input !== mix.output!.value) ?? '';
    const tensor = storedAs(graph, name);
    if (vector(tensor) && isOwn(name, tensor)) return { kind: 'stored', tensor, included: false };
  }
  return { kind: 'behind' };
}

function operandOf(
  graph: Graph,
  node: Node,
  { operand }: Extract<Bias, { kind: 'operand' }>,
  isOwn: (name: string, tensor: TensorDocument) => boolean,
  vector: (tensor: TensorDocument | undefined) => tensor is TensorDocument,
): Addition {
  const name = node.inputs[operand] ?? '';
  if (name === '') return { kind: 'operand', operand };
  const tensor = storedAs(graph, name) ?? behindIdentity(graph, name);
  if (!vector(tensor)) return { kind: 'none' };
  if (storedAs(graph, name) !== undefined && isOwn(name, tensor))
    return { kind: 'stored', tensor, included: true };
  return { kind: 'operand', operand, shared: tensor };
}

/** Exporters share one zero bias among layers, each behind an Identity of its own. */
function behindIdentity(graph: Graph, name: string): TensorDocument | undefined {
  let at = name;
  for (let steps = 0; steps < 8; steps++) {
    const maker = graph.nodes.find(({ outputs }) => outputs.includes(at));
    if (maker?.op !== 'Identity' || maker.domain !== '') return undefined;
    at = maker.inputs[0]!;
    const tensor = storedAs(graph, at);
    if (tensor !== undefined) return tensor;
  }
  return undefined;
}
