import { EspalierError } from '../base/errors.js';
import { loadData } from '../data/data.js';
import type { Dataset } from '../data/dataset.js';
import { matchInputs } from '../data/match.js';
import { sampleFiles } from '../data/sampleFiles.js';
import type { CallOptions, Inspection, Model, SampleOptions, Warning } from '../options/types.js';
import { samplesReport } from '../report/samples.js';
import type { Verification } from '../verify/types.js';
import type { NamedModel } from './models.js';

/**
 * Looks at samples before anything else is done, so that a wrong name is told at once. Arrays are opened; files of other kinds, which become
 * arrays when the model is known, are left to `openData`.
 */
export async function readData(path: string, labels: string | undefined): Promise<Dataset | string> {
  if ((await sampleFiles(path)) !== undefined) return path;
  const dataset = await loadData(path);
  checkLabels(dataset, path, labels);
  return dataset;
}

/** Samples for a model, which are said to be what they are where they were made of files. */
export async function openData(
  data: Dataset | string,
  model: Model,
  options: SampleOptions,
  tell: (line: string) => void,
): Promise<Dataset> {
  const { preprocess, column, sampleRate, labels, samples, shape, signal } = options;
  if (typeof data !== 'string') return data;
  const dataset = await model.samples(data, {
    ...(preprocess !== undefined && { preprocess }),
    ...(column !== undefined && { column }),
    ...(sampleRate !== undefined && { sampleRate }),
    ...(labels !== undefined && { labels }),
    ...(samples !== undefined && { samples }),
    ...(shape !== undefined && { shape }),
    ...(signal !== undefined && { signal }),
  });
  checkLabels(dataset, data, labels);
  const wrong = await looksWrong(model, dataset, options);
  for (const line of samplesReport({ ...dataset, warnings: [...(dataset.warnings ?? []), ...wrong] }))
    tell(line);
  return dataset;
}

/** What looks wrong about samples; nothing where no runtime is installed, which the call itself will tell. */
export async function looksWrong(
  model: Model,
  dataset: Dataset,
  { signal }: Pick<CallOptions, 'signal'>,
): Promise<readonly Warning[]> {
  try {
    return await model.checkSamples(dataset, signal && { signal });
  } catch (error) {
    if (!(error instanceof EspalierError) || error.code !== 'RUNTIME_MISSING') throw error;
    const { what, todo } = EspalierError.onCommandLine(error);
    return [{ code: error.code, text: `the model was not tried on them: ${what}. ${todo}` }];
  }
}

function checkLabels(dataset: Dataset, path: string, labels: string | undefined): void {
  if (labels !== undefined && !dataset.arrays.has(labels)) {
    const names = [...dataset.arrays.keys()].join(', ');
    throw new EspalierError(
      'DATA_MISMATCH',
      `the data have no array "${labels}" for labels`,
      { file: path },
      `They have ${names}.`,
    );
  }
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
