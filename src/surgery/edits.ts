import { lengthAfter } from '../coupling/axis.js';
import type { Removal } from '../coupling/survivors.js';
import type { Walk } from '../coupling/walk.js';
import { equal } from '../model/dim.js';
import type { Edits, Selection } from '../model/edits.js';
import { Names } from '../model/names.js';
import type { Copy, Cuts, KeptByTensor } from './cuts.js';
import { withFolds } from './folding.js';
import { restate } from './restating.js';

/** Everything that must be written for a removal: tensors cut, lengths stated again, shapes of values corrected. */
export function editsOf(walk: Walk, removal: Removal, cuts: Cuts, metadata: Edits['metadata']): Edits {
  const names = new Names(walk.graph);
  const selections: Selection[] = [...cuts.kept].flatMap(([tensor, axes]) =>
    [...axes].map(([axis, kept]) => ({ tensor, axis, kept: Uint32Array.from(kept) })),
  );
  const restated = restate(walk, removal, names);
  const copied = copyShared(walk, cuts.copies, names);
  return withFolds(walk.graph.document, {
    selections,
    ...restated,
    copies: copied.copies,
    inputs: [...restated.inputs, ...copied.inputs],
    valueInfos: correctShapes(walk, removal, cuts.kept),
    metadata,
  });
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
        const own = axes[axis]!;
        const length = cut?.get(axis)?.length ?? lengthAfter(own, removal);
        if (typeof stated === 'number') {
          if (typeof length !== 'number' || own.length !== stated || length === stated) return [];
          // In a graph that no runtime could run a length may come to a number that is none: then none is stated.
          return Number.isSafeInteger(length) && length >= 0 ? [{ axis, length }] : [{ axis }];
        }
        // A symbol such as 4*batch may stand for another product elsewhere, which has changed in another way.
        return stated !== null && !equal(length, own.length) ? [{ axis }] : [];
      });
      if (dims.length > 0) corrections.push({ value: value.id, dims });
    }
  }
  return corrections;
}
