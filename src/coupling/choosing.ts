import type { Steps } from '../base/steps.js';
import type { Graph } from '../model/graph.js';
import { KEPT } from './settledEquations.js';
import type { ReadNumbers } from './storedTensors.js';
import type { Registry, Walk } from './walk.js';
import { walking } from './walking.js';

/** This many Ifs are tried both ways; values behind further ones stay whole, which is safe. */
const MOST_TRIED = 64;

/**
 * The walk over a graph in which Ifs whose branches end in values of different ranks are followed through one of them: the one
 * that fits what reads it. Exporters write such Ifs where a program asks whether an axis has the length 1 before it squeezes it,
 * and what follows only runs behind one of the two. An If that both fit equally stays as it is, and what it ends in whole.
 */
export function* choosing(
  graph: Graph,
  registry: Registry,
  read: ReadNumbers,
  isFree: (name: string) => boolean,
): Steps<Walk> {
  const choices = new Map<string, number>();
  const tried = new Set<string>();
  let best = yield* walking(graph, registry, read, isFree, choices);
  while (best.mistaken.size > 0) {
    for (const [name, how] of best.mistaken) choices.set(name, how);
    best = yield* walking(graph, registry, read, isFree, new Map(choices));
  }
  for (;;) {
    const next = best.undecided.find(({ name }) => !tried.has(name));
    if (next === undefined || tried.size >= MOST_TRIED) return best;
    tried.add(next.name);
    const walks = [
      yield* walking(graph, registry, read, isFree, new Map([...choices, [next.name, 0]])),
      yield* walking(graph, registry, read, isFree, new Map([...choices, [next.name, 1]])),
    ] as const;
    const [first, second] = walks.map(whole) as [number, number];
    if (first === second) continue;
    const chosen = first < second ? 0 : 1;
    choices.set(next.name, chosen);
    best = walks[chosen];
  }
}

/** How many indices of stored tensors stay whole. */
const whole = ({ parameterAxes, equations, mistaken }: Walk): number =>
  mistaken.size > 0
    ? Number.POSITIVE_INFINITY
    : parameterAxes.reduce(
        (sum, { labels }) => sum + labels.filter((label) => equations.atom(label) === KEPT).length,
        0,
      );
