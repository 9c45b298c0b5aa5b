import type { GroupReport, GroupScore } from '../options/types.js';
import type { Plan } from '../plan/plan.js';
import { runsOf } from './runs.js';
import type { GroupRow, TensorRow } from './types.js';

/** The groups of the original in the order of the graph, and what is left of each. */
export function groupRows(
  groups: readonly GroupReport[],
  tensors: readonly TensorRow[],
  plan: Plan | undefined,
  scores: readonly GroupScore[] = [],
): GroupRow[] {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const planned = new Map(plan?.groups.map((group) => [group.id, group]));
  const parts = new Map(scores.map((own) => [own.id, own.parts]));
  const rows = groups.map((group): GroupRow => {
    const { id, lanes, exact, inexact, params, axes } = group;
    const own = planned.get(id);
    const bits = parts.get(id);
    const nodes = axes.flatMap(({ tensor }) => byName.get(tensor)?.node ?? []).filter((node) => node >= 0);
    return {
      ...{ id, exact, params },
      lanes: [lanes, own?.kept.length ?? (plan === undefined ? leftOf(group, byName) : lanes)],
      ...(inexact !== undefined && { inexact: `${inexact.node}: ${inexact.text}` }),
      node: nodes.length === 0 ? -1 : Math.min(...nodes),
      ...(own !== undefined && { runs: runsOf(own.kept, lanes) }),
      ...(own?.scores !== undefined && { scores: own.scores }),
      ...(bits?.entropy !== undefined &&
        bits.conditional !== undefined && {
          entropy: Array.from(bits.entropy),
          conditional: Array.from(bits.conditional),
        }),
    };
  });
  return rows.sort((a, b) => a.node - b.node);
}

/** How many lanes the pruned model's tensors still have: all of them where none of the axes tells. */
function leftOf({ lanes, axes }: GroupReport, tensors: ReadonlyMap<string, TensorRow>): number {
  for (const { tensor, axis, length } of axes) {
    const left = tensors.get(tensor)?.left?.[axis];
    if (left !== undefined && length % lanes === 0) return Math.round((left * lanes) / length);
  }
  return lanes;
}
