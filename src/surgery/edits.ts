import type { Slot } from '../lanes/axis.js';
import { lengthAfter } from '../lanes/axis.js';
import type { Removal } from '../lanes/survivors.js';
import type { Walk } from '../lanes/walk.js';
import type { Edits, Selection } from '../native/edits.js';
import type { PlannedCopy } from '../plan/plan.js';
import { Names } from './names.js';
import { restate } from './restating.js';

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
  const shared = new Map<number, { slot: Slot; indices: readonly number[] }[]>();
  const note = (tensor: number, axis: number, indices: readonly number[]): void => {
    const axes = kept.get(tensor) ?? new Map<number, readonly number[]>();
    kept.set(tensor, axes.set(axis, indices));
  };
  for (const slot of walk.slots) {
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

/** Everything that must be written for a removal: tensors cut, lengths stated again, shapes of values corrected. */
export function editsOf(walk: Walk, removal: Removal, cuts: Cuts, metadata: Edits['metadata']): Edits {
  const names = new Names(walk.graph);
  const selections: Selection[] = [...cuts.kept].flatMap(([tensor, axes]) =>
    [...axes].map(([axis, kept]) => ({ tensor, axis, kept: Uint32Array.from(kept) })),
  );
  const restated = restate(walk, removal, names);
  const copied = copyShared(walk, cuts.copies, names);
  return {
    selections,
    ...restated,
    copies: copied.copies,
    inputs: [...restated.inputs, ...copied.inputs],
    valueInfos: correctShapes(walk, removal, cuts.kept),
    metadata,
  };
}

function copyShared(walk: Walk, copies: readonly Copy[], names: Names): Pick<Edits, 'copies' | 'inputs'> {
  const nodes = new Map(walk.graph.nodes.map((node) => [node.name, node.id]));
  const made = new Map<string, string>();
  const result: { copies: Edits['copies'][number][]; inputs: Edits['inputs'][number][] } = {
    copies: [],
    inputs: [],
  };
  for (const { id, tensor, node, input, kept } of copies) {
    const key = `${id}:${JSON.stringify(kept)}`;
    let name = made.get(key);
    if (name === undefined) {
      name = names.fresh(tensor);
      made.set(key, name);
      const selections = Object.entries(kept).map(([axis, indices]) => ({
        axis: Number(axis),
        kept: Uint32Array.from(indices),
      }));
      result.copies.push({ graph: 0, tensor: id, name, selections });
    }
    result.inputs.push({ node: nodes.get(node)!, index: input, name });
  }
  return result;
}

/** Stated shapes of values whose axes shrink. */
function correctShapes(walk: Walk, removal: Removal, kept: KeptByTensor): Edits['valueInfos'] {
  const corrections: Edits['valueInfos'][number][] = [];
  for (const [name, values] of walk.graph.stated) {
    const axes = walk.tensors.get(name)?.axes;
    if (axes === undefined) continue;
    const stored = walk.graph.initializers.get(name);
    const cut = stored === undefined ? undefined : kept.get(stored.id);
    for (const value of values) {
      if (value.shape === null || value.shape.length !== axes.length) continue;
      const dims = value.shape.flatMap((stated, axis) => {
        const length = cut?.get(axis)?.length ?? lengthAfter(axes[axis]!, removal);
        return typeof stated === 'number' &&
          typeof length === 'number' &&
          stated !== length &&
          axes[axis]!.length === stated
          ? [{ axis, length }]
          : [];
      });
      if (dims.length > 0) corrections.push({ value: value.id, dims });
    }
  }
  return corrections;
}

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);
