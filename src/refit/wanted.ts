import { answeredBy } from '../compare/standIns.js';
import { isObserved, mixesAll } from '../layers/layers.js';
import { recurrentsOf, valuesOf } from '../layers/recurrent.js';
import { readersOf } from '../model/readers.js';
import type { RefitInputs } from './refitInputs.js';
import { postOpsOf } from './target.js';

/** Values of the original that layers are refitted to, its answers among them. */
export function valuesWanted({
  native,
  walk,
  layers,
}: Pick<RefitInputs, 'native' | 'walk' | 'layers'>): Set<string> {
  const readers = readersOf(walk.graph);
  const wanted = new Set([...answeredBy(walk.graph.document)]);
  for (const layer of layers.filter(mixesAll)) {
    const observed = isObserved(layer);
    for (const use of layer.uses) {
      if (observed) wanted.add(use.output!.value);
      // A weight that is used on its own outputs is first fitted on the original's inputs.
      if (!observed || layer.uses.length > 1) wanted.add(use.data);
      const { residualBranch } = postOpsOf(walk, native, readers, use, layer.outputs);
      if (residualBranch !== undefined) wanted.add(residualBranch);
    }
  }
  for (const recurrent of recurrentsOf(walk, layers))
    for (const value of valuesOf(recurrent)) wanted.add(value);
  return wanted;
}
