import type { Warning } from '../options/types.js';
import type { BatchSource } from './batchSource.js';
import type { Verification } from './types.js';

/** What a reader should not miss. */
export function warningsOf(
  { outputs, unjudged, bytes, data }: Verification,
  source: BatchSource | undefined,
): readonly Warning[] {
  const warnings: Warning[] = [];
  const warn = (code: string, text: string) => warnings.push({ code, text });
  for (const { name, nonFinite, unanswered } of outputs) {
    if (nonFinite.pruned > nonFinite.original)
      warn(
        'NON_FINITE',
        `the output "${name}" of the pruned model holds ${nonFinite.pruned} NaN or infinite values, of the original ${nonFinite.original}`,
      );
    else if (nonFinite.original > 0)
      warn(
        'NON_FINITE',
        `the output "${name}" of the original holds ${nonFinite.original} NaN or infinite values`,
      );
    if (unanswered.elements > 0)
      warn(
        'NO_ANSWER',
        `${unanswered.elements} values of the output "${name}" are NaN in both models: no answer, and left out of the comparison${unanswered.samples > 0 ? `, with ${unanswered.samples} samples that hold nothing else` : ''}`,
      );
  }
  for (const { output, why } of unjudged)
    warn('NOT_COMPARED', `the output "${output}" could not be compared: ${why}`);
  if (bytes.pruned > bytes.original) warn('LARGER', 'the pruned model is larger than the original');
  if (source !== undefined && data.samples > 0 && data.samples < source.samples)
    warn(
      'SAMPLES',
      `${source.samples - data.samples} samples were left out: the model takes ${source.batch} at once`,
    );
  return warnings;
}
