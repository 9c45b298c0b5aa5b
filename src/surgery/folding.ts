import type { ModelDocument } from '../model/document.js';
import type { Edits } from '../model/edits.js';
import type { Graph } from '../model/graph.js';
import type { PruneSection } from '../plan/plan.js';
import type { Cuts } from './cuts.js';

/**
 * The same edits; derived tensors whose content they change become initializers in the place of the nodes that make them. What
 * is written together with one is written with it.
 */
export function withFolds({ tensors }: ModelDocument, edits: Edits): Edits {
  const changed = [...edits.selections, ...(edits.contents ?? [])].map(({ tensor }) => tensor);
  const numbers = new Set(changed.flatMap((tensor) => tensors[tensor]!.derived?.together ?? []));
  if (numbers.size === 0) return edits;
  const all = tensors.filter(({ derived }) => derived !== undefined && numbers.has(derived.together));
  return {
    ...edits,
    folded: all.map(({ id, name }) => ({ tensor: id, name })),
    dropped: {
      nodes: [...new Set(all.flatMap(({ derived }) => derived!.nodes))],
      tensors: [...new Set(all.flatMap(({ derived }) => derived!.tensors))],
    },
  };
}

/** Of the stored tensors behind what is derived, the indices that a plan keeps: those that make what stays, and those that make nothing. */
export function leafTables(graph: Graph, { kept }: Cuts): PruneSection['tensors'] {
  const gone = new Map<string, Map<number, { readonly length: number; readonly indices: Set<number> }>>();
  for (const { tensor, masks } of graph.folds ?? [])
    for (const [axis, indices] of kept.get(tensor) ?? []) {
      const stay = new Set(indices);
      for (const mask of masks[axis] ?? []) {
        const axes = gone.get(graph.nameOf(mask.tensor)) ?? new Map();
        gone.set(graph.nameOf(mask.tensor), axes);
        const own = axes.get(mask.axis) ?? { length: mask.makes.length, indices: new Set() };
        axes.set(mask.axis, own);
        for (const [index, made] of mask.makes.entries())
          if (made >= 0 && !stay.has(made)) own.indices.add(index);
      }
    }
  const tables: Record<string, Record<string, readonly number[]>> = {};
  for (const [name, axes] of gone)
    for (const [axis, { length, indices }] of axes) {
      if (indices.size === 0) continue;
      const left = Array.from({ length }, (_, index) => index).filter((index) => !indices.has(index));
      tables[name] = { ...tables[name], [axis]: left };
    }
  return tables;
}
