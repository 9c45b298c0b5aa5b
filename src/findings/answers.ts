import { BoxColumns, cornersOf } from '../compare/boxes.js';
import { classOf } from '../compare/measures.js';
import type { Outputs } from '../compare/outputs.js';
import type { Answers } from '../compare/row.js';
import { numbersOf } from '../runtime/dtypes.js';
import type { Tensor } from '../runtime/runtime.js';
import { imageOf, partOf, picked } from './sampleInput.js';
import type { Answer, ComparedSamples } from './types.js';

const MOST_CLASSES = 5;
const MOST_BOXES = 40;
const MOST_VALUES = 24;

/** What can be said of an output: whether it tells classes, boxes or mere numbers. */
export const kindOf = ({ classes, manner }: Pick<Answers, 'classes' | 'manner'>): ComparedSamples['kind'] =>
  classes !== undefined ? 'classes' : manner === 'boxes' ? 'boxes' : 'values';

/** The output that tells most to a person: classes before boxes before numbers. */
export const mostTelling = (answers: readonly Answers[]): Answers | undefined =>
  (['classes', 'boxes', 'values'] as const)
    .flatMap((kind) => answers.filter((own) => kindOf(own) === kind))
    .at(0);

/** What one model says of a sample in one of its outputs. */
export function answerOf(
  tensor: Tensor,
  sample: number,
  samples: number,
  own: Answers,
  outputs: Outputs,
): Answer {
  const part = partOf(tensor, sample, samples);
  const kind = kindOf(own);
  const names = outputs.classNamesOf(own.output);
  if (part.type === 'string')
    return { classes: [{ class: (part.data as readonly string[])[0] ?? '', value: 1 }] };
  const values = numbersOf(part);
  if (kind === 'classes')
    return own.classes === 'names'
      ? { classes: [{ class: names?.[values[0]!] ?? values[0]!, value: 1 }] }
      : { classes: likeliest(values, names) };
  if (kind === 'boxes') return { boxes: boxesOf(values, part.dims.at(-1)!) };
  const image = imageOf(part);
  return { values: picked(values, MOST_VALUES), ...(image !== undefined && { image }) };
}

/** The classes of the largest values, as probabilities: the values themselves where they are such, else their softmax. */
function likeliest(
  values: ArrayLike<number>,
  names?: readonly (string | number)[],
): NonNullable<Answer['classes']> {
  const all = Array.from(values);
  const sum = all.reduce((total, value) => total + value, 0);
  const areShares = all.every((value) => value >= 0) && Math.abs(sum - 1) < 1e-3;
  const top = Math.max(...all.filter((value) => !Number.isNaN(value)));
  const weights = areShares ? all : all.map((value) => Math.exp(value - top));
  const total = weights.reduce((whole, value) => whole + (Number.isNaN(value) ? 0 : value), 0);
  return all
    .map((_, index) => index)
    .filter((index) => !Number.isNaN(weights[index]!))
    .sort((a, b) => all[b]! - all[a]! || a - b)
    .slice(0, MOST_CLASSES)
    .map((index) => ({ class: names?.[index] ?? index, value: weights[index]! / total }));
}

/** Left, top, right and bottom of each box, and the columns beside these. */
function boxesOf(values: ArrayLike<number>, width: number): NonNullable<Answer['boxes']> {
  const rows = { values, count: values.length / width, width };
  const columns = new BoxColumns(width);
  columns.see(rows, 1);
  const others = Array.from({ length: width }, (_, column) => column).filter(
    (column) => column < columns.at || column >= columns.at + 4,
  );
  return Array.from({ length: Math.min(rows.count, MOST_BOXES) }, (_, row) => [
    ...cornersOf(rows, row, columns),
    ...others.map((column) => values[row * width + column]!),
  ]);
}

/** Whether the answer is another one: another class, or less than half alike. */
export const isChanged = (own: Answers, sample: number, kept: number): boolean => {
  const { original, pruned } = own.rows[sample]!;
  return kindOf(own) === 'classes'
    ? classOf(original, own.classes) !== classOf(pruned, own.classes)
    : kept < 0.5;
};
