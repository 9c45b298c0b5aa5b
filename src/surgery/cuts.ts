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
  const shared = new Map<number, { parameterAxis: ParameterAxis; indices: readonly number[] }[]>();
  const note = (tensor: number, axis: number, indices: readonly number[]): void => {
    const axes = kept.get(tensor) ?? new Map<number, readonly number[]>();
    kept.set(tensor, axes.set(axis, indices));
  };
  for (const parameterAxis of walk.parameterAxes) {
    const cut = removal.count(parameterAxis.labels) < parameterAxis.labels.length;
    if (parameterAxis.use === undefined) {
      if (cut) note(parameterAxis.tensor, parameterAxis.axis, removal.indices(parameterAxis.labels));
      continue;
    }
    const uses = shared.get(parameterAxis.tensor) ?? [];
    uses.push({ parameterAxis, indices: removal.indices(parameterAxis.labels) });
    shared.set(parameterAxis.tensor, uses);
  }
  const copies: Copy[] = [];
  for (const [tensor, uses] of shared) {
    // Only vectors are shared among uses, so that one axis alone has lanes.
    const [first, ...others] = uses;
    const alike = others.every(({ indices }) => same(indices, first!.indices));
    for (const { parameterAxis, indices } of uses) {
      if (indices.length === parameterAxis.labels.length) continue;
      if (alike) note(tensor, parameterAxis.axis, indices);
      else
        copies.push({
          id: tensor,
          tensor: walk.graph.nameOf(tensor),
          ...parameterAxis.use!,
          kept: { [parameterAxis.axis]: indices },
        });
    }
  }
  return { kept, copies };
}

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);
