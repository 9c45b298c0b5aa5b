import type { Verification } from '../verify/types.js';
import { bytes, cosine, decimal, milliseconds, percent } from './numbers.js';
import { facts, sections, table } from './table.js';
import { warningLines } from './warnings.js';

/** How alike two models answer, how fast they are and how large. Warnings and faults come last. */
export const verificationReport = (result: Verification, width?: number): string =>
  sections(comparisonTable(result), answersReport(result, width));

/** The same without what stands in a table of sizes already. */
export const answersReport = (result: Verification, width?: number): string =>
  sections(
    result.outputs.length > 0 ? outputsTable(result, width) : undefined,
    facts(notes(result)),
    warningLines(result.warnings),
    warningLines(result.faults, 'fault'),
  );

function outputsTable({ outputs }: Verification, width?: number): string {
  return table(
    [
      { head: 'output', wraps: true },
      { head: 'cosine', right: true },
      { head: 'relative error', right: true },
      { head: 'largest difference', right: true },
      { head: 'top-1 agreement', right: true },
    ],
    outputs.map((output) => [
      output.name,
      cosine(output.cosine),
      decimal(output.relativeError),
      decimal(output.maxAbsDifference),
      percent(output.top1Agreement),
    ]),
    width,
  );
}

function comparisonTable(result: Verification): string {
  const { original, pruned, ratio } = result.bytes;
  return table(
    [
      { head: '' },
      { head: 'original', right: true },
      { head: 'pruned', right: true },
      { head: '', right: true },
    ],
    [['file', bytes(original), bytes(pruned), percent(ratio)], ...runRows(result)],
  );
}

/** Accuracy and latency of both: a word, both numbers, how they compare. */
export function runRows({ accuracy, latency }: Verification): string[][] {
  const rows: string[][] = [];
  if (accuracy !== undefined)
    rows.push(['accuracy', percent(accuracy.original), percent(accuracy.pruned), change(accuracy)]);
  if (latency !== undefined) {
    const { originalMs, prunedMs, ratio } = latency;
    rows.push(['latency', milliseconds(originalMs), milliseconds(prunedMs), percent(ratio)]);
  }
  return rows;
}

function change({ original, pruned }: { readonly original: number; readonly pruned: number }): string {
  const points = (pruned - original) * 100;
  return `${points > 0 ? '+' : ''}${points.toFixed(1)} points`;
}

function notes({ data, accuracy, latency }: Verification): [string, string][] {
  const sizes = data.batches.length > 0 ? `, run with ${data.batches.join(', ')} at once` : '';
  const source = data.random ? 'random numbers, which say little about accuracy' : data.source;
  const threads = latency?.threads === 'default' ? "the runtime's own number of" : latency?.threads;
  return [
    ['data', `${data.samples} samples${sizes}: ${source}`],
    ...(accuracy
      ? [['classes', `output "${accuracy.output}" against "${accuracy.labels}"`] as [string, string]]
      : []),
    ...(latency
      ? [
          [
            'timing',
            `median of ${latency.runs} runs each, in turn; batch of ${latency.batch}, ${threads} threads`,
          ] as [string, string],
        ]
      : []),
  ];
}
