// What users write: the types of the package say what it gives, whichever module system this file is compiled for.
import type { Plan, Pruned } from 'espalier';
import { EspalierError, openModel, registerCriterion, VERSION } from 'espalier';

export async function smaller(path: string): Promise<Pruned> {
  const model = await openModel(path);
  const groups: number = model.inspect().groups.length;
  const pruned = await model.prune({ macs: 0.5, keep: [`${VERSION}${groups}`] });
  const plan: Plan = pruned.plan;
  return plan.groups.length > 0 ? pruned : await model.prune({ ratio: 0.5 });
}

// @ts-expect-error: there is no such option.
export const refused = (path: string) => openModel(path).then((model) => model.prune({ ration: 0.5 }));

registerCriterion({
  name: 'largest',
  summary: 'any',
  score: ({ groups, weights }) => weights.squareSum(groups, 'readers'),
});

export const codeOf = (error: unknown): string => (error instanceof EspalierError ? error.code : 'none');
