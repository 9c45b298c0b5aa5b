import type { Removal } from '../coupling/survivors.js';
import type { Walk } from '../coupling/walk.js';
import type { PlannedAxes, PlannedInterface } from '../plan/plan.js';

/** The axes of free inputs and outputs that a removal shortens; undefined where the interface stays as it is. */
export function interfaceOf({ free }: Walk, removal: Removal): PlannedInterface | undefined {
  const changed = free.filter(({ labels }) => removal.count(labels) < labels.length);
  if (changed.length === 0) return undefined;
  const of = (kind: 'input' | 'output'): Record<string, PlannedAxes> => {
    const found: Record<string, PlannedAxes> = {};
    for (const { name, axis, labels } of changed.filter((own) => own.kind === kind))
      found[name] = {
        ...found[name],
        [axis]: { length: labels.length, kept: removal.indices(labels) },
      };
    return found;
  };
  return { inputs: of('input'), outputs: of('output') };
}
