import type { ParameterAxis } from '../coupling/axis.js';
import type { Removal } from '../coupling/survivors.js';
import type { Walk } from '../coupling/walk.js';
import type { PlannedCopy } from '../plan/plan.js';

/** Axes that shrink and the indices that stay, by tensor id. */
export type KeptByTensor = ReadonlyMap<number, ReadonlyMap<number, readonly number[]>>;

/** One operand's own copy of a shared tensor. */
export interface Copy extends PlannedCopy {
  readonly id: number;
}

/** What becomes of the stored tensors under a removal. */
export interface Cuts {
  readonly kept: KeptByTensor;
  readonly copies: readonly Copy[];
}

/** The indices that stay of each stored tensor that shrinks. */
export function cutsOf(walk: Walk, removal: Removal): Cuts {
  const kept = new Map<number, Map<number, readonly number[]>>();
  const shared = new Map<number, { slot: ParameterAxis; indices: readonly number[] }[]>();
  const note = (tensor: number, axis: number, indices: readonly number[]): void => {
    const axes = kept.get(tensor) ?? new Map<number, readonly number[]>();
    kept.set(tensor, axes.set(axis, indices));
  };
  for (const slot of walk.parameterAxes) {
    const cut = removal.count(slot.labels) < slot.labels.length;
    if (slot.use === undefined) {
      if (cut) note(slot.tensor, slot.axis, removal.indices(slot.labels));
      continue;
    }
    const uses = shared.get(slot.tensor) ?? [];
    uses.push({ slot, indices: removal.indices(slot.labels) });
    shared.set(slot.tensor, uses);
  }
  const copies: Copy[] = [];
  for (const [tensor, uses] of shared) {
    // A vector: one axis has lanes.
    const [first, ...others] = uses;
    const alike = others.every(({ indices }) => same(indices, first!.indices));
    for (const { slot, indices } of uses) {
      if (indices.length === slot.labels.length) continue;
      if (alike) note(tensor, slot.axis, indices);
      else
        copies.push({
          id: tensor,
          tensor: walk.graph.nameOf(tensor),
          ...slot.use!,
          kept: { [slot.axis]: indices },
        });
    }
  }
  return { kept, copies };
}

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);
