import type { Verification } from '../verify/types.js';
import { bytes, cosine, decimal, milliseconds, percent } from './numbers.js';
import { facts, sections, table } from './table.js';
import { warningLines } from './warnings.js';

/** How alike two models answer, how fast they are and how large. Warnings and faults come last. */
export function verificationReport(result: Verification, width?: number): string {
  return sections(
    result.outputs.length > 0 ? outputsTable(result, width) : undefined,
    comparisonTable(result),
    facts(notes(result)),
    warningLines(result.warnings),
    warningLines(result.faults, 'fault'),
  );
}

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

function comparisonTable({ accuracy, latency, bytes: size }: Verification): string {
  const rows = [
    ...(accuracy
      ? [['accuracy', percent(accuracy.original), percent(accuracy.pruned), change(accuracy)]]
      : []),
    ...(latency
      ? [
          [
            'latency',
            milliseconds(latency.originalMs),
            milliseconds(latency.prunedMs),
            percent(latency.ratio),
          ],
        ]
      : []),
    ['file', bytes(size.original), bytes(size.pruned), percent(size.ratio)],
  ];
  return table(
    [
      { head: '' },
      { head: 'original', right: true },
      { head: 'pruned', right: true },
      { head: '', right: true },
    ],
    rows,
  );
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
