import type { Steps } from '../base/steps.js';
import type { ParameterAxis } from './axis.js';
import { type Atoms, each, partitionSafely } from './partition.js';
import type { Reason } from './reason.js';
import type { SettledEquations } from './settledEquations.js';
import type { Walk } from './walk.js';

/**
 * Lanes that lie on the same axes of stored tensors in the same way, so that any of them can leave without the others. A lane is what
 * has to leave together: a channel in every tensor that makes it or reads it. A criterion scores a group's lanes, a policy decides
 * how many of them stay.
 *
 * For example y = fc(flatten(h + conv2(relu(h)))) with h = conv1(x), x of shape [n, 3, 2, 2], and 4 channels in h:
 *
 *   conv1.weight [4, 3, 3, 3]   conv1.bias [4]
 *   conv2.weight [4, 4, 3, 3]   conv2.bias [4]
 *   fc.weight    [10, 16]       fc.bias    [10]
 *
 * The sum makes channel i of h and channel i of conv2's output one lane, and conv2 reads h, so all of them are one group of 4 lanes,
 * named `conv1` after the first tensor that makes them. It has six axes, each of which shrinks with it:
 *
 *   tensor         axis   the lane of each index                               the axis
 *   conv1.weight   0      [0, 1, 2, 3]                                         makes the lanes
 *   conv1.bias     0      [0, 1, 2, 3]                                         makes the lanes
 *   conv2.weight   0      [0, 1, 2, 3]                                         makes the lanes
 *   conv2.weight   1      [0, 1, 2, 3]                                         reads the lanes (`contracted`)
 *   conv2.bias     0      [0, 1, 2, 3]                                         makes the lanes
 *   fc.weight      1      [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]     reads the lanes (`contracted`)
 *
 * A flattened channel is 2 × 2 columns of fc.weight. When lane 3 leaves, index 3 leaves each axis of conv1 and conv2, and columns 12 to
 * 15 leave fc.weight: conv1.weight becomes [3, 3, 3, 3], conv2.weight [3, 3, 3, 3], both biases [3], fc.weight [10, 12]. Of 430
 * parameters 298 stay. The 3 channels of x and the 10 of y are the model's interface and belong to no group. The group is
 * `exact`: the pruned model answers as the original does with channel 3 of conv1's and conv2's outputs set to zero.
 */
export interface Group {
  /** Named after the first tensor that makes its lanes. */
  readonly id: string;
  /** Independent lanes, in the order in which they first lie on an axis. */
  readonly lanes: readonly number[];
  /** The axes of stored tensors that the lanes lie on, of those that make the lanes and of those that read them. */
  readonly axes: readonly GroupAxis[];
  /** A model pruned of some of the lanes answers as the original does with these lanes set to zero. */
  readonly exact: boolean;
  /** The first node that makes its lanes inexact. */
  readonly inexact?: Reason;
  /** Indices of the groups whose lanes multiply with this one's on some axis, and whether they are the inner factor. */
  readonly factors: ReadonlyMap<number, 'outer' | 'inner'>;
}

/** An axis of a stored tensor, seen from one group. */
export interface GroupAxis {
  readonly parameterAxis: ParameterAxis;
  /** For each index of the axis: the position in `Group.lanes`, or -1. */
  readonly lanes: Int32Array;
}

/**
 * Groups of all lanes that can be cut. Lanes are told apart by which axes they lie on, how often, as which factor, and
 * whether they are exact. Linear in the number of axes and lanes. `equations`: those given, with
 * lanes kept that no group could lose.
 */
export function* findingGroups(
  walk: Walk,
  given: SettledEquations,
): Steps<{ readonly groups: Group[]; readonly equations: SettledEquations }> {
  const { graph, parameterAxes } = walk;
  const { atoms, members, groupOf, positionOf, equations } = yield* partitionSafely(walk, given);
  const axesOf = yield* groupAxes(atoms, parameterAxes, groupOf, positionOf, members.length);
  const factorsOf = yield* groupFactors(atoms, groupOf, members.length);
  const name = namer(graph.nodes, graph.nameOf);
  const groups = members.map((own, index): Group => {
    const reason = own.map((lane) => equations.inexact.get(lane)).find((found) => found !== undefined);
    return {
      id: name(axesOf[index]!),
      lanes: own,
      axes: axesOf[index]!,
      exact: reason === undefined,
      ...(reason !== undefined && { inexact: reason }),
      factors: factorsOf[index]!,
    };
  });
  return { groups, equations };
}

function* groupAxes(
  atoms: Atoms,
  axes: readonly ParameterAxis[],
  groupOf: Int32Array,
  positionOf: Int32Array,
  groups: number,
): Steps<GroupAxis[][]> {
  const result: GroupAxis[][] = Array.from({ length: groups }, () => []);
  for (const [at, axis] of atoms.entries()) {
    yield;
    const here = new Map<number, Int32Array>();
    each(axis, (lane, index) => {
      const group = groupOf[lane]!;
      let map = here.get(group);
      if (map === undefined) {
        map = new Int32Array(axis.single.length).fill(-1);
        here.set(group, map);
      }
      map[index] = positionOf[lane]!;
    });
    for (const [group, lanes] of here) result[group]!.push({ parameterAxis: axes[at]!, lanes });
  }
  return result;
}

function* groupFactors(
  atoms: Atoms,
  groupOf: Int32Array,
  groups: number,
): Steps<Map<number, 'outer' | 'inner'>[]> {
  const result = Array.from({ length: groups }, () => new Map<number, 'outer' | 'inner'>());
  for (const { products } of atoms) {
    yield;
    for (const factors of products.values()) {
      for (const [place, lane] of factors.entries()) {
        const own = groupOf[lane]!;
        for (const [other, partner] of factors.entries()) {
          const group = groupOf[partner]!;
          if (group !== own && !result[own]!.has(group))
            result[own]!.set(group, other > place ? 'inner' : 'outer');
        }
      }
    }
  }
  return result;
}

/** Exporters give folded weights names such as `onnx::Conv_193` or `12`: the node that reads them says more. */
const ANONYMOUS = /^(onnx::|_v_|val_|Constant_)|^\d+$/;

function namer(
  nodes: readonly { readonly name: string; readonly inputs: readonly string[] }[],
  tensorName: (tensor: number) => string,
): (axes: readonly GroupAxis[]) => string {
  const reader = new Map<string, string>();
  for (const node of nodes)
    for (const input of node.inputs) if (!reader.has(input)) reader.set(input, node.name);
  const taken = new Map<string, number>();
  return (axes) => {
    const maker = axes.find(({ parameterAxis }) => !parameterAxis.contracted) ?? axes[0]!;
    const tensor = tensorName(maker.parameterAxis.tensor);
    const base =
      (ANONYMOUS.test(tensor) ? reader.get(tensor) : undefined) ?? tensor.replace(/\.(weight|bias)$/, '');
    const count = (taken.get(base) ?? 0) + 1;
    taken.set(base, count);
    return count === 1 ? base : `${base}#${count}`;
  };
}
