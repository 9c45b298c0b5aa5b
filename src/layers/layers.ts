import type { LinearMap, WeightLayout } from '../coupling/linearMap.js';
import type { Walk } from '../coupling/walk.js';
import type { TensorDocument } from '../model/document.js';
import { Names } from '../model/names.js';
import type { BiasPlace } from './biasPlaces.js';
import { biasPlaceOf, integerBias, isInUnits, placeInUnits, surroundingsOf } from './biasPlaces.js';
import { type Behind, behind, integersOf, type Quantised, together } from './quantised.js';

/** A stored weight W, and all nodes that compute W x + b with it: what least squares solves for. */
export interface Layer {
  readonly weight: TensorDocument;
  /** Present where the stored weight is of integers; W is then what they stand for. */
  readonly quantised?: Quantised;
  readonly layout: WeightLayout;
  readonly uses: readonly WeightUse[];
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
export const isObserved = ({ uses }: Layer): boolean => uses.every(({ output }) => output !== undefined);

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
  const around = surroundingsOf(walk);
  const { makers } = around;
  const found = new Map<string, LinearMap[]>();
  for (const given of linearMaps) {
    const mix = seen(given, graph.document.tensors[given.weight]!.dims);
    const key = `${mix.weight}:${JSON.stringify(mix.layout.fixed)}`;
    found.set(key, [...(found.get(key) ?? []), mix]);
  }
  const layers = [...found.values()].flatMap((uses): Layer[] => {
    const [first] = uses;
    const { layout } = first!;
    const groups = first!.groups ?? 1;
    const alike = uses.every(
      (use) => JSON.stringify(use.layout) === JSON.stringify(layout) && (use.groups ?? 1) === groups,
    );
    const reachable = uses.every(({ node }) => graph.isMain(node));
    if (!alike || !reachable) return [];
    // A kernel that is refitted tap by tap predicts all channels from all kept ones, which groups of channels do not allow.
    if (groups > 1 && layout.taps.length === 0) return [];
    const stored = together(
      graph,
      uses.map((use) => integersOf(graph, use) ?? behind(walk, makers, use.node, use.operand)),
    );
    if (stored === undefined || !graph.isNamed(stored.tensor.id)) return [];
    const { tensor: weight, quantised } = stored;
    if (quantised !== undefined && (weight.dtype === 'int32' || layout.fixed.length > 0)) return [];
    const length = (axes: readonly number[]): number =>
      axes.reduce((product, axis) => product * weight.dims[axis]!, 1);
    const additions = uses.map((use) =>
      isInUnits(use)
        ? placeInUnits(around, use, weight, quantised, length(layout.outputs))
        : biasPlaceOf(around, use, length(layout.outputs)),
    );
    // A refit changes the weight's scale, by which an int32 bias would become wrong where it cannot be written too. Layers
    // that read and give integers are solved for where one node alone uses the weight.
    if (uses.some((use, place) => isInUnits(use) && additions[place]!.kind === 'none')) return [];
    if (uses.length > 1 && uses.some(({ reals }) => reals !== undefined)) return [];
    const tied = uses.map((use) => integerBias(around, use));
    if (quantised !== undefined && tied.includes('shared')) return [];
    return [
      {
        weight,
        ...(quantised && { quantised }),
        layout,
        uses: uses.map((use, place) => ({
          ...alone(withoutBias(use, additions[place]!), names),
          index: places.get(use.node)!,
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
  const last = (layer: Layer): number => Math.max(...layer.uses.map(({ index }) => index));
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
