import { classesOf, largest } from '../runtime/classes.js';
import { isFloat, numbersOf } from '../runtime/dtypes.js';
import type { Tensor } from '../runtime/runtime.js';

export const GUARD_METRICS = ['fidelity', 'accuracy', 'agreement', 'cosine', 'kl'] as const;
export type GuardMetric = (typeof GUARD_METRICS)[number];

/** One output of both models for some samples, as numbers; all of `width` numbers belong to one sample. */
export interface Answers {
  readonly original: ArrayLike<number>;
  readonly pruned: ArrayLike<number>;
  readonly samples: number;
  readonly width: number;
  /** Where the output looks like classes, [samples, classes], `width` is their number. */
  readonly classes: boolean;
  /** Of integers or Booleans: a value is right or it is not. */
  readonly discrete: boolean;
  /** The class of each sample. */
  readonly labels: Int32Array | undefined;
}

/** What one sample is worth, from the numbers `at` to `at + width` of both outputs. */
type Measure = (answers: Answers, sample: number, at: number) => number;

export interface Metric {
  readonly name: GuardMetric;
  /** 'atLeast': better when it is higher. */
  readonly limit: 'atLeast' | 'atMost';
  readonly range: readonly [least: number, most: number];
  /** Only of outputs that look like classes. */
  readonly classes: boolean;
  /** Each sample counts 0 or 1: the mean is a share. Outputs that do not look like classes make fidelity a mean. */
  share(classes: boolean): boolean;
  readonly of: Measure;
}

/** Is the largest of the pruned model's values where the original's is? Where either has none, no. */
const sameClass: Measure = ({ original, pruned, width }, _, at) => {
  const place = largest(pruned, at, width);
  return place >= 0 && place === largest(original, at, width) ? 1 : 0;
};

/** 1 - ‖original - pruned‖ / ‖original‖, and 0 where that is negative. Of an original of zeros, 1 for zeros and else 0. */
const oneLessError: Measure = ({ original, pruned, width }, _, at) => {
  let squares = 0;
  let differences = 0;
  for (let i = at; i < at + width; i++) {
    const x = original[i]!;
    const y = pruned[i]!;
    // Where both are not finite in the same way there is no difference; elsewhere it has no bound.
    if (Object.is(x, y)) squares += Number.isFinite(x) ? x * x : 0;
    else {
      squares += x * x;
      differences += (x - y) ** 2;
    }
  }
  if (differences === 0) return 1;
  const value = 1 - Math.sqrt(differences / squares);
  return Number.isNaN(value) ? 0 : Math.max(0, value);
};

/** The share of elements that are the same. */
const sameElements: Measure = ({ original, pruned, width }, _, at) => {
  let same = 0;
  for (let i = at; i < at + width; i++) if (original[i] === pruned[i]) same++;
  return width === 0 ? 1 : same / width;
};

/** Of the two as vectors. 1 for zeros against zeros, 0 for zeros against anything else and where one is not finite. */
const cosineOf: Measure = ({ original, pruned, width }, _, at) => {
  let dot = 0;
  let originals = 0;
  let pruneds = 0;
  for (let i = at; i < at + width; i++) {
    const x = original[i]!;
    const y = pruned[i]!;
    dot += x * y;
    originals += x * x;
    pruneds += y * y;
  }
  if (originals === 0 && pruneds === 0) return 1;
  const value = dot / Math.sqrt(originals * pruneds);
  return Number.isFinite(value) ? Math.max(-1, Math.min(1, value)) : 0;
};

/** The least probability that is reckoned with: 2^-64. No sample is worth more bits than that. */
const LEAST_BITS = -64;

/** Log2 of a row as probabilities: of itself where the original's row sums to one already, else of its softmax. */
function logProbabilities(row: ArrayLike<number>, at: number, width: number, sums: boolean): Float64Array {
  const logs = new Float64Array(width);
  if (sums) {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += Math.max(0, row[at + i]!);
    for (let i = 0; i < width; i++) logs[i] = Math.log2(Math.max(0, row[at + i]!) / sum);
  } else {
    let most = -Infinity;
    for (let i = 0; i < width; i++) most = Math.max(most, row[at + i]!);
    let sum = 0;
    for (let i = 0; i < width; i++) sum += Math.exp(row[at + i]! - most);
    for (let i = 0; i < width; i++) logs[i] = (row[at + i]! - most) * Math.LOG2E - Math.log2(sum);
  }
  return logs.map((log) => Math.max(LEAST_BITS, log));
}

/**
 * Σ p log2(p / q) in bits, p the original's probabilities of the classes, q the pruned model's: the softmax of the outputs,
 * or the outputs themselves where the original's are probabilities (none negative, sum 1 to within 0.001).
 */
const divergence: Measure = ({ original, pruned, width }, _, at) => {
  let sum = 0;
  let negative = false;
  for (let i = at; i < at + width; i++) {
    sum += original[i]!;
    negative ||= original[i]! < 0;
  }
  const sums = !negative && Math.abs(sum - 1) < 1e-3;
  const p = logProbabilities(original, at, width, sums);
  const q = logProbabilities(pruned, at, width, sums);
  let bits = 0;
  for (let i = 0; i < width; i++) bits += 2 ** p[i]! * (p[i]! - q[i]!);
  return Number.isNaN(bits) ? -LEAST_BITS : Math.max(0, bits);
};

/**
 * Every metric. The mean over the samples counts, for each output by itself; of several outputs the worst.
 *
 * - fidelity: how much of what the original says is kept. The share of samples with the same arg-max where the output
 *   looks like classes; else the mean of 1 - relative error, and for integers of the share of equal elements
 * - accuracy: the share of samples whose arg-max is their label, in the first output that looks like classes
 * - agreement: the share of samples with the same arg-max; only of outputs that look like classes
 * - cosine: between the two outputs of a sample, as vectors
 * - kl: the Kullback-Leibler divergence of the pruned model's classes from the original's, in bits a sample; only of outputs
 *   that look like classes
 */
export const metrics: readonly Metric[] = [
  {
    name: 'fidelity',
    limit: 'atLeast',
    range: [0, 1],
    classes: false,
    share: (classes) => classes,
    of: (answers, sample, at) => {
      const measure = answers.classes ? sameClass : answers.discrete ? sameElements : oneLessError;
      return measure(answers, sample, at);
    },
  },
  {
    name: 'accuracy',
    limit: 'atLeast',
    range: [0, 1],
    classes: true,
    share: () => true,
    of: ({ pruned, width, labels }, sample, at) => (largest(pruned, at, width) === labels?.[sample] ? 1 : 0),
  },
  { name: 'agreement', limit: 'atLeast', range: [0, 1], classes: true, share: () => true, of: sameClass },
  { name: 'cosine', limit: 'atLeast', range: [-1, 1], classes: false, share: () => false, of: cosineOf },
  { name: 'kl', limit: 'atMost', range: [0, 64], classes: true, share: () => false, of: divergence },
];

export const metricNamed = (name: GuardMetric): Metric => metrics.find((metric) => metric.name === name)!;

/** Both answers to the same samples. An output that has no axis for samples is all of each sample's. */
export function answersOf(
  original: Tensor,
  pruned: Tensor,
  samples: number,
  labels: Int32Array | undefined,
): Answers {
  const a = numbersOf(original);
  const classes = classesOf(original, samples) !== undefined;
  const split = original.dims[0] === samples && a.length % samples === 0;
  return {
    original: a,
    pruned: numbersOf(pruned),
    samples,
    width: split ? a.length / samples : a.length,
    classes,
    discrete: !isFloat(original.type),
    labels,
  };
}

/** The metric of each sample. */
export function valuesOf(metric: Metric, answers: Answers): number[] {
  const { samples, width, original } = answers;
  const split = original.length === samples * width;
  return Array.from({ length: samples }, (_, sample) =>
    metric.of(answers, sample, split ? sample * width : 0),
  );
}
