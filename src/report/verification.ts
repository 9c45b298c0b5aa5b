import type { OutputReport, Verification } from '../verify/types.js';
import { bytes, cosine, count, decimal, milliseconds, percent } from './numbers.js';
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
  // Of outputs that name classes fidelity is their agreement.
  const needsFidelity = outputs.some(({ top1Agreement }) => top1Agreement === null);
  return table(
    [
      { head: 'output', wraps: true },
      ...(needsFidelity ? [{ head: 'fidelity', right: true }] : []),
      { head: 'cosine', right: true },
      { head: 'relative error', right: true },
      { head: 'largest difference', right: true },
      { head: 'top-1 agreement', right: true },
    ],
    outputs.map((output) => [
      nameOf(output),
      ...(needsFidelity ? [decimal(output.fidelity, 4)] : []),
      cosine(output.cosine),
      decimal(output.relativeError),
      output.maxAbsDifference === Infinity ? 'infinite' : decimal(output.maxAbsDifference),
      percent(output.top1Agreement),
    ]),
    width,
  );
}

const nameOf = ({ name, value }: OutputReport): string => (value === undefined ? name : `${name} (${value})`);

/** What was compared in another way than element by element. */
function mannersOf({ outputs }: Verification): [string, string][] {
  return outputs.flatMap((output): [string, string][] => {
    const text = mannerOf(output);
    return text === undefined ? [] : [['compared', `${nameOf(output)}: ${text}`]];
  });
}

function mannerOf({ compared, lengths, value, name, unanswered }: OutputReport): string | undefined {
  const left =
    lengths && `${count(lengths.original)} of the original, ${count(lengths.pruned)} of the pruned model`;
  const share = percent(lengths?.share ?? 1);
  const how = {
    values: undefined,
    sequences: `up to the shorter, since their lengths differ: ${share} of the longer, the rest counts as lost`,
    boxes: `as sets of boxes, ${left}: ${share} have a counterpart that overlaps by more than half`,
    'rows of boxes': `with the boxes that they belong to: ${share} have a counterpart`,
    'equal rows': `as sets of rows, ${left}: ${share} have a counterpart that is equal`,
  }[compared];
  const instead =
    value === undefined ? undefined : `"${name}" is no tensor: what it is made of was compared, "${value}"`;
  const without =
    unanswered.samples > 0 ? `without ${unanswered.samples} samples that are NaN in both models` : undefined;
  const texts = [instead, how, without].filter((text) => text !== undefined);
  return texts.length === 0 ? undefined : texts.join('; ');
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

function notes(result: Verification): [string, string][] {
  const { data, accuracy, latency } = result;
  const sizes = data.batches.length > 0 ? `, run with ${data.batches.join(', ')} at once` : '';
  const source = data.random ? 'random numbers, which say little about accuracy' : data.source;
  const threads = latency?.threads === 'default' ? "the runtime's own number of" : latency?.threads;
  return [
    ['data', `${data.samples} samples${sizes}: ${source}`],
    ...(data.preprocessing === undefined ? [] : [['made by', data.preprocessing] as [string, string]]),
    ...mannersOf(result),
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

/** The fidelity of the output that is least alike, 0 to 1; nothing where none was compared. */
export function worstFidelity(verification: Verification | undefined): number | null {
  const found = (verification?.outputs ?? []).flatMap(({ fidelity }) => fidelity ?? []);
  return found.length === 0 ? null : Math.min(...found);
}
