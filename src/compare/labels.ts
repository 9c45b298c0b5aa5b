import type { Outputs } from './outputs.js';
import type { Answers } from './row.js';

/** The class of each sample: whole numbers, or texts. */
export type Labels = Int32Array | readonly string[];

/** Labels in an output's own terms. */
export interface OwnLabels {
  readonly output: string;
  /** For each sample: the column of its class, or the class itself; NaN where the output knows no such class. */
  readonly values: Float64Array;
  /** A label that lies beyond the output's classes, and how many these are. */
  readonly beyond?: { readonly label: number | string; readonly classes: number };
}

/**
 * The output that labels speak of, and what they are there. Texts are names that the output gives, or that the graph has for its
 * columns (ZipMap). Whole numbers are columns of scores, or the numbers that the graph has for these, or what an output of whole
 * numbers gives: the first output that has all of them as classes is taken; else the first whose columns they may mean.
 *
 * @param answers of some samples
 */
export function labelledOutput(
  answers: readonly Answers[],
  labels: Labels,
  outputs: Outputs,
): OwnLabels | undefined {
  const candidates = answers.flatMap((own) => ownLabels(own, labels, outputs) ?? []);
  return candidates.find(({ beyond }) => beyond === undefined) ?? candidates[0];
}

function ownLabels(answers: Answers, labels: Labels, outputs: Outputs): OwnLabels | undefined {
  const { output, classes, dtype, rows } = answers;
  const texts = !(labels instanceof Int32Array);
  if (classes === 'names') {
    if (texts !== (dtype === 'string')) return undefined;
    const values = texts
      ? Float64Array.from(labels, (label) => outputs.codeOf(label))
      : Float64Array.from(labels);
    return { output, values };
  }
  if (classes !== 'scores') return undefined;
  const names = outputs.classNamesOf(output);
  const width = rows[0]?.original.length ?? 0;
  if (texts && typeof names?.[0] !== 'string') return undefined;
  const columns =
    typeof names?.[0] === (texts ? 'string' : 'number')
      ? new Map(names!.map((name, column) => [name, column]))
      : undefined;
  const columnOf = (label: number | string): number =>
    columns === undefined ? Number(label) : (columns.get(label) ?? Number.NaN);
  const values = Float64Array.from(labels as ArrayLike<number | string>, (label) => columnOf(label));
  const odd = values.findIndex((column) => !(column >= 0 && column < width));
  return { output, values, ...(odd >= 0 && { beyond: { label: labels[odd]!, classes: width } }) };
}
