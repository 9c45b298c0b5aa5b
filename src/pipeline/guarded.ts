import { guarded, type PruningAmount } from '../guard/strongestPruning.js';
import type { NativeModel } from '../native/index.js';
import { quietly } from '../native/quietly.js';
import { datasetFrom } from '../options/dataset.js';
import type { OpenedPlanOptions } from '../options/opened.js';
import type { Size } from '../options/types.js';
import { onnxruntime } from '../runtime/onnxruntime.js';
import type { PrunedModel } from './pruned.js';

/**
 * The smallest model that keeps its guards: prunes again and again, by amounts between nothing and what was asked for.
 * The last quarter of the samples is held out; calibration gets the others.
 */
export async function prunedWithin(
  { native, file, size }: { readonly native: NativeModel; readonly file: string; readonly size: Size },
  options: OpenedPlanOptions,
  prune: (options: OpenedPlanOptions) => Promise<PrunedModel>,
): Promise<PrunedModel> {
  const { guard = [], labels, data: _, runtime = onnxruntime(), ...asked } = options;
  const dataset = datasetFrom(options);
  const { pruned, report } = await guarded<PrunedModel>({
    model: native,
    file,
    runtime,
    guards: guard,
    dataset,
    samples: options.samples,
    labels,
    seed: options.seed ?? 0,
    ...quietly(options),
    ...(options.onProgress && { onProgress: options.onProgress }),
    amount: (severity) => amountAt(severity, asked, size),
    attempt: ({ ...amount }, calibration) => {
      const { samples: _, ...rest } = asked;
      return prune({ ...rest, ...amount, data: calibration, runtime });
    },
  });
  return pruned.guarded(report);
}

/** Between nothing, 0, and what was asked for, 1: on the line that joins them. */
function amountAt(
  severity: number,
  { ratio, macs, params, bytes, latency }: OpenedPlanOptions,
  size: Size,
): PruningAmount {
  const share = (left: number): number => 1 - severity * (1 - left);
  if (ratio !== undefined) return { ratio: severity * ratio };
  if (macs !== undefined) return { macs: share(macs) };
  if (latency !== undefined) return { latency: share(latency) };
  if (params !== undefined) return { params: share(params) };
  return { bytes: Math.floor(size.bytes - severity * (size.bytes - bytes!)) };
}
