import type { Analysis } from '../coupling/analysis.js';
import type { Plan, PruneSection } from '../plan/plan.js';
import type { Decision } from './compression.js';
import { compressionNamed } from './compressions.js';
import { prune } from './prune/prune.js';

/** What was decided, by the name of the compression that did. */
export type Decisions = ReadonlyMap<string, Decision>;

const NOTHING: PruneSection = { groups: [], tensors: {} };

/**
 * The sections as a plan holds them. Pruning's lies at the top, where version 1 has it: so a plan that only prunes is one of version 1,
 * and readers that want its tables find them in either version.
 */
export function sectionsIn(decisions: Decisions): Pick<Plan, 'version' | 'sections'> & PruneSection {
  const own = (decisions.get(prune.name)?.section as PruneSection | undefined) ?? NOTHING;
  const others = [...decisions].filter(([name]) => name !== prune.name);
  if (others.length === 0) return { version: 1, ...own };
  return {
    version: 2,
    ...own,
    sections: Object.fromEntries(others.map(([name, { section }]) => [name, section])),
  };
}

/** What a plan says of this model, section by section. errors: PLAN_STALE, PLAN_MALFORMED */
export function replayed(analysis: Analysis, plan: Plan): Decisions {
  const found = new Map<string, Decision>([[prune.name, prune.replay(analysis, pruneSection(plan))]]);
  for (const [name, section] of Object.entries(plan.sections ?? {}))
    found.set(name, compressionNamed(name).replay(analysis, section));
  return found;
}

const pruneSection = ({ groups, tensors, derived, copies, interface: changed }: Plan): PruneSection => ({
  groups,
  tensors,
  ...(derived && { derived }),
  ...(copies && { copies }),
  ...(changed && { interface: changed }),
});
