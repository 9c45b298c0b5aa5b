import { finished, type Steps } from '../base/steps.js';
import type { Graph } from '../model/graph.js';
import { choosing } from './choosing.js';
import type { Group } from './groups.js';
import { findingGroups } from './groups.js';
import type { Lengths } from './lengths.js';
import type { SettledEquations } from './settledEquations.js';
import type { ReadNumbers } from './storedTensors.js';
import type { OpenWalk, Registry, Walk } from './walk.js';

/** All that is known of a model's coupling: the walk, and the groups of lanes that can be cut. */
export interface Analysis extends Walk {
  /** What all that is stated of lanes comes to. */
  readonly equations: SettledEquations;
  readonly groups: readonly Group[];
  /** What is known of lengths that the file leaves open; the others are guessed by their names. */
  readonly lengths?: Lengths;
}

/**
 * Finds which slices of weights belong together.
 *
 * @param keep globs (`*` and `?`) of stored tensors, values or nodes that must stay whole
 * @param free globs of inputs and outputs of the model whose axes may shrink
 */
export const analyse = (
  graph: Graph,
  registry: Registry,
  read: ReadNumbers,
  keep: readonly string[] = [],
  free: readonly string[] = [],
): Analysis => finished(analysing(graph, registry, read, keep, free));

/** `analyse`, in steps of about a node or a tensor each. */
export function* analysing(
  graph: Graph,
  registry: Registry,
  read: ReadNumbers,
  keep: readonly string[] = [],
  free: readonly string[] = [],
  /** The graph, walked before without `free`; it cannot be again, as more is stated of its lanes here. */
  walked?: OpenWalk,
): Steps<Analysis> {
  const frees = free.map(matcher);
  const isFree = (name: string): boolean => frees.some((matches) => matches(name));
  const found =
    walked !== undefined && free.length === 0 ? walked : yield* choosing(graph, registry, read, isFree);
  for (const glob of keep) {
    keepWhole(found, glob);
    yield;
  }
  const { lanes: _, ...rest } = found;
  return { ...rest, ...(yield* findingGroups(found)) };
}

/** What a glob matches must stay whole: tensors by all of their axes, nodes by their weights, else by their outputs. */
function keepWhole({ graph, lanes, parameterAxes, tensors }: OpenWalk, glob: string): void {
  const matches = matcher(glob);
  const text = `it was asked to be kept: ${glob}`;
  const freezeTensor = (tensor: number): void => {
    for (const slot of parameterAxes) {
      if (slot.tensor !== tensor) continue;
      for (const label of slot.labels) lanes.equations.freeze(label, { why: 'keep', node: '', text });
    }
  };
  const stored = new Map(parameterAxes.map((slot) => [graph.nameOf(slot.tensor), slot.tensor]));
  // What is derived stays as it is where anything that it is derived of does.
  for (const { tensor, leaves, nodes } of graph.folds ?? [])
    if (leaves.some((leaf) => matches(graph.nameOf(leaf))) || nodes.some(matches)) freezeTensor(tensor);
  for (const [name, tensor] of stored) if (matches(name)) freezeTensor(tensor);
  for (const node of graph.nodes) {
    if (!matches(node.name)) continue;
    const weights = node.inputs.flatMap((input) => stored.get(input) ?? []);
    for (const tensor of weights) freezeTensor(tensor);
    if (weights.length > 0) continue;
    for (const output of node.outputs)
      for (const axis of tensors.get(output)?.axes ?? []) lanes.freeze(axis, 'keep', text);
  }
}

/** Whether a glob matches anything that `keep` can name. */
export function namesSomething(graph: Graph, glob: string): boolean {
  const matches = matcher(glob);
  return (
    graph.document.tensors.some(({ id }) => matches(graph.nameOf(id))) ||
    graph.nodes.some((node) => matches(node.name))
  );
}

/** Whether a glob matches an input or an output. */
export function namesInterface({ inputs, outputs }: Graph, glob: string): boolean {
  const matches = matcher(glob);
  return [...inputs, ...outputs].some(({ name }) => matches(name));
}

const matcher = (glob: string): ((name: string) => boolean) => {
  const pattern = new RegExp(
    `^${glob
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    's',
  );
  return (name) => pattern.test(name);
};
