import { EspalierError } from '../base/errors.js';
import { type Dataset, loadData } from '../data/data.js';
import { matchInputs } from '../data/match.js';
import type { CallOptions, Inspection, Warning } from '../options/types.js';
import type { Verification } from '../verify/types.js';
import type { NamedModel } from './models.js';

/** Opens samples before anything else is done, so that a wrong name is told at once. */
export async function readData(path: string, labels: string | undefined): Promise<Dataset> {
  const dataset = await loadData(path);
  if (labels !== undefined && !dataset.arrays.has(labels)) {
    const names = [...dataset.arrays.keys()].join(', ');
    throw new EspalierError(
      'DATA_MISMATCH',
      `the data have no array "${labels}" for labels`,
      { file: path },
      `They have ${names}.`,
    );
  }
  return dataset;
}

/** Whether the samples fit the inputs that the file states. The runtime has the last word later. */
export function checkData(dataset: Dataset, { inputs }: Inspection): void {
  const values = inputs as Parameters<typeof matchInputs>[1];
  matchInputs(dataset, values);
}

/** Compares the pruned model with its original; where no runtime is installed, a warning says what to install. */
export async function checkPruned(
  original: NamedModel,
  pruned: NamedModel,
  data: Dataset,
  labels: string | undefined,
  call: CallOptions,
): Promise<{ readonly verification?: Verification; readonly warnings: readonly Warning[] }> {
  const { verify } = await import('../verify/verify.js');
  try {
    const verification = await verify(original, pruned, {
      data,
      ...(labels !== undefined && { labels }),
      ...call,
    });
    return { verification, warnings: [] };
  } catch (error) {
    if (!(error instanceof EspalierError) || error.code !== 'RUNTIME_MISSING') throw error;
    const { what, todo } = EspalierError.onCommandLine(error);
    const text = `not compared on the data: ${what}. ${todo}`;
    return { warnings: [{ code: error.code, text }] };
  }
}
