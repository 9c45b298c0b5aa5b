import { finished, type Steps } from '../base/steps.js';
import type { Graph } from '../model/graph.js';
import { choosing } from './choosing.js';
import type { Group } from './groups.js';
import { findingGroups } from './groups.js';
import type { Lengths } from './lengths.js';
import type { Reason } from './reason.js';
import type { KeptLabels, SettledEquations } from './settledEquations.js';
import type { ReadNumbers } from './storedTensors.js';
import type { Registry, Walk } from './walk.js';

/** All that is known of a model's coupling: the walk, and the groups of lanes that can be cut. */
export interface Analysis extends Walk {
  /** As the walk has them, and what must stay whole besides: what was asked for, and what no group could lose. */
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
): Steps<Analysis> {
  return yield* analysingWalk(yield* walkingFreely(graph, registry, read, free), keep);
}

/** The walk over a graph in which inputs and outputs that a glob matches may shrink. */
export function walkingFreely(
  graph: Graph,
  registry: Registry,
  read: ReadNumbers,
  free: readonly string[] = [],
): Steps<Walk> {
  const frees = free.map(matcher);
  return choosing(graph, registry, read, (name) => frees.some((matches) => matches(name)));
}

/** The groups of lanes that a walk found, where what a glob of `keep` matches stays whole. The walk stays as it is. */
export function* analysingWalk(walk: Walk, keep: readonly string[] = []): Steps<Analysis> {
  const kept: KeptLabels[] = [];
  for (const glob of keep) {
    for (const own of keptBy(walk, glob)) kept.push(own);
    yield;
  }
  return { ...walk, ...(yield* findingGroups(walk, walk.equations.keeping(kept))) };
}

/** What stays whole as a glob matches it: tensors by all of their axes, nodes by their weights, else by their outputs. */
function* keptBy({ graph, parameterAxes, tensors }: Walk, glob: string): Generator<KeptLabels> {
  const matches = matcher(glob);
  const reason: Reason = { why: 'keep', node: '', text: `it was asked to be kept: ${glob}` };
  const ofTensor = (tensor: number): KeptLabels[] =>
    parameterAxes.flatMap((axis) => (axis.tensor === tensor ? [[axis.labels, reason]] : []));
  const stored = new Map(parameterAxes.map(({ tensor }) => [graph.nameOf(tensor), tensor]));
  // A derived tensor is computed from stored ones: where one of these must stay whole, so must what is made of it.
  for (const { tensor, leaves, nodes } of graph.folds ?? [])
    if (leaves.some((leaf) => matches(graph.nameOf(leaf))) || nodes.some(matches)) yield* ofTensor(tensor);
  for (const [name, tensor] of stored) if (matches(name)) yield* ofTensor(tensor);
  for (const node of graph.nodes) {
    if (!matches(node.name)) continue;
    const weights = node.inputs.flatMap((input) => stored.get(input) ?? []);
    for (const tensor of weights) yield* ofTensor(tensor);
    if (weights.length > 0) continue;
    for (const output of node.outputs)
      for (const { factors } of tensors.get(output)?.axes ?? [])
        for (const { labels } of factors) if (labels !== undefined) yield [labels, reason];
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
