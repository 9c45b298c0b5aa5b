import type { Analysis } from '../coupling/analysis.js';
import type { Dataset } from '../data/dataset.js';
import { collect, type Observer } from '../execution/collecting.js';
import type { NativeModel } from '../native/index.js';
import { quietly } from '../native/quietly.js';
import type { CallOptions, Warning } from '../options/types.js';
import { onnxruntime } from '../runtime/onnxruntime.js';
import type { Runtime } from '../runtime/runtime.js';
import { AnswerCheck, isOfClasses, scoreOutputs } from './answerCheck.js';
import { firstNormalisation, StatisticsCheck } from './normalisationCheck.js';

/** Samples that are looked at: what is wrong with a preprocessing is wrong with each of them. */
const LOOKED = 64;

/**
 * What about samples looks as if the model was trained on others: it answers as if it knew nothing, or what its first normalisation reads
 * is far from what that expects. An untrained model looks so on any samples.
 *
 * errors: those of running the model on them
 */
export async function checkSamples(
  native: NativeModel,
  analysis: Analysis,
  dataset: Dataset,
  options: CallOptions & { readonly runtime?: Runtime },
): Promise<readonly Warning[]> {
  const answers = scoreOutputs(analysis).map(
    (output) => new AnswerCheck(output, isOfClasses(output, dataset)),
  );
  const first = firstNormalisation(analysis, native);
  const checks = [...answers, ...(first === undefined ? [] : [new StatisticsCheck(first)])];
  if (checks.length === 0) return [];
  const observer: Observer = {
    values: checks.map(({ value }) => value),
    take: async ({ tensors }) => {
      for (const check of checks) check.take(tensors[check.value]!);
    },
  };
  const { runtime = onnxruntime() } = options;
  await collect(native, [observer], dataset, runtime, { ...quietly(options), samples: LOOKED });
  return checks.flatMap((check) => check.warnings());
}
