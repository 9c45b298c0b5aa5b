import type { Axis } from '../coupling/axis.js';
import { atomsAlong } from '../coupling/settledEquations.js';
import type { ReadNumbers } from '../coupling/storedTensors.js';
import type { Registry, Walk } from '../coupling/walk.js';
import { walk } from '../coupling/walking.js';
import type { Mask } from '../model/folds.js';
import type { Graph, Node } from '../model/graph.js';
import { isConstant } from '../model/structure.js';
import type { Constant } from './programs.js';

/** What becomes of a derived tensor where slices of the stored tensors behind it are zero. */
export interface Masking {
  /** By axis, slices that make slices of it: which could be zeroed, if no other tensor is made of them. */
  readonly makers: readonly (readonly Mask[])[];
  /** Whether its slices are zero, and all else is as it was, where these slices are. */
  isExact(axis: number, masks: readonly Mask[]): boolean;
}

/** Walks the nodes that make a derived tensor by themselves, with the rules by which lanes go through any graph. */
export function maskingOf(graph: Graph, constant: Constant, registry: Registry, read: ReadNumbers): Masking {
  const walked = (masks: readonly Mask[]): Walk => {
    const zeros = new Map(
      [...constant.leaves].map((tensor) => [
        tensor,
        graph.document.tensors[tensor]!.dims.map((_, axis) =>
          masks.some((mask) => mask.tensor === tensor && mask.axis === axis),
        ),
      ]),
    );
    return walk({ ...alone(graph, constant), zeros }, registry, read);
  };
  const found = walked([]);
  const axes = found.tensors.get(constant.name)?.axes ?? [];
  const makers = axes.map((axis) => makersOf(found, constant, axis));
  return {
    makers,
    isExact: (axis, masks) => {
      const own = walked(masks);
      const made = own.tensors.get(constant.name)?.axes?.[axis];
      if (made === undefined || !made.factors.every((factor) => factor.labels === undefined || factor.zero))
        return false;
      return [...atomsOf(own, made).keys()].every((atom) => !own.equations.inexact.has(atom));
    },
  };
}

/** A graph of these nodes, whose values nothing holds fast. */
function alone(graph: Graph, { nodes, leaves }: Constant): Graph {
  const isLeaf = ([, { id }]: readonly [string, { readonly id: number }]): boolean => leaves.has(id);
  const stored = new Set([...graph.constants].filter(isLeaf).map(([name]) => name));
  const holders = graph.nodes.filter((node) => isConstant(node) && stored.has(node.outputs[0]!));
  return {
    ...graph,
    nodes: [...holders, ...nodes],
    inputs: [],
    outputs: [],
    stated: new Map(),
    initializers: new Map([...graph.initializers].filter(isLeaf)),
  };
}

/** The lane of each index of an axis; none where indices are no single lanes of their own. */
function atomsOf(walked: Walk, axis: Axis): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  if (typeof axis.length !== 'number' || axis.factors.every(({ labels }) => labels === undefined))
    return found;
  for (const atoms of atomsAlong(axis, walked.equations)) {
    if (atoms.length !== 1 || found.has(atoms[0]!)) return new Map();
    found.set(atoms[0]!, found.size);
  }
  return found;
}

function makersOf(walked: Walk, constant: Constant, axis: Axis): Mask[] {
  const atoms = atomsOf(walked, axis);
  if (atoms.size === 0) return [];
  const ends = endings(walked, constant.nodes, atoms);
  return walked.parameterAxes.flatMap(({ tensor, axis: own, labels, use }): Mask[] => {
    if (use !== undefined || ends.has(tensor)) return [];
    const makes = Int32Array.from(labels, (label) => {
      const made = walked.equations.atoms(label).flatMap((atom) => atoms.get(atom) ?? []);
      return made[0] ?? -1;
    });
    return makes.some((index) => index >= 0) ? [{ tensor, axis: own, makes }] : [];
  });
}

/**
 * Stored tensors with which some node runs over the lanes, so that those which stay are made with those that leave: zeroing a
 * part of a norm changes what is divided by it.
 */
function endings(
  walked: Walk,
  nodes: readonly Node[],
  atoms: ReadonlyMap<number, number>,
): ReadonlySet<number> {
  const isOn = ({ factors }: Axis): boolean =>
    factors.some(({ labels }) =>
      labels?.some((label) => walked.equations.atoms(label).some((atom) => atoms.has(atom))),
    );
  const axesOf = (name: string): readonly Axis[] => walked.tensors.get(name)?.axes ?? [];
  const carries = (name: string): boolean => axesOf(name).some(isOn);
  const runsOver = (node: Node): boolean => {
    const axes = axesOf(node.inputs[0] ?? '');
    return (walked.normalised.get(node) ?? []).some((axis) => axes[axis] !== undefined && isOn(axes[axis]));
  };
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const found = new Set<number>();
  const open: string[] = [];
  for (const node of nodes)
    if (!node.outputs.some(carries) || runsOver(node)) open.push(...node.inputs.filter(carries));
  const seen = new Set<string>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const stored = walked.graph.initializers.get(name) ?? walked.graph.constants.get(name);
    if (stored !== undefined) found.add(stored.id);
    open.push(...(makers.get(name)?.inputs.filter(carries) ?? []));
  }
  return found;
}
