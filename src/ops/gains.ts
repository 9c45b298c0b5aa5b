import type { Graph } from '../model/graph.js';

/** Operators that normalise each channel, or over channels, and then scale it: the position of the scale. */
const SCALES: Readonly<Record<string, number>> = {
  BatchNormalization: 1,
  InstanceNormalization: 1,
  GroupNormalization: 1,
  LayerNormalization: 1,
  RMSNormalization: 1,
};

/** Stored tensors that scale what was normalised just before: γ of BatchNormalization and its like. */
export function gainsOf(graph: Graph): ReadonlySet<number> {
  const gains = new Set<number>();
  for (const { op, domain, inputs } of graph.nodes) {
    const position = domain === '' ? SCALES[op] : undefined;
    const name = position === undefined ? undefined : inputs[position];
    if (name === undefined) continue;
    const tensor = graph.initializers.get(name) ?? graph.constants.get(name);
    if (tensor !== undefined) gains.add(tensor.id);
  }
  return gains;
}
