import { cosine, divergence, fidelity, hits, MOST_BITS, sameClass } from '../compare/measures.js';
import { Outputs } from '../compare/outputs.js';
import type { Answers } from '../compare/row.js';
import type { Tensor } from '../runtime/runtime.js';

/** The names of all metrics that a guard may limit. */
export const GUARD_METRICS = ['fidelity', 'accuracy', 'agreement', 'cosine', 'kl'] as const;
/** A metric that a guard may limit, by its name: `metrics` says what each of them measures. */
export type GuardMetric = (typeof GUARD_METRICS)[number];

/** Answers, and the class of each sample in the output's own terms. */
export interface Labelled extends Answers {
  readonly labels?: ArrayLike<number> | undefined;
}

/** A measure of how well the pruned model answers one sample, whose mean over the held-out samples a guard limits. */
export interface Metric {
  readonly name: GuardMetric;
  /** 'atLeast': better when it is higher. */
  readonly limit: 'atLeast' | 'atMost';
  readonly range: readonly [least: number, most: number];
  /** Whether it says something of such an output. */
  fits(answers: Answers): boolean;
  /** Each sample counts 0 or 1: the mean is a share. Outputs that name no classes make fidelity a mean. */
  share(classes: boolean): boolean;
  /** What one sample is worth; NaN where neither model answers it. */
  of(answers: Labelled, sample: number): number;
}

const hasClasses = ({ classes }: Answers): boolean => classes !== undefined;

/**
 * Every metric. The mean over the samples counts, for each output by itself; of several outputs the worst.
 *
 * - fidelity: how much of what the original says is kept. The share of samples with the same class where the output names
 *   classes; else the mean of 1 - relative error, for integers and texts of the share of equal elements, for boxes of their
 *   panoptic quality
 * - accuracy: the share of samples whose class is their label, in the output that labels speak of
 * - agreement: the share of samples with the same class, and of boxes that have a counterpart
 * - cosine: between the two outputs of a sample, as vectors
 * - kl: the Kullback-Leibler divergence of the pruned model's classes from the original's, in bits a sample; only of outputs
 *   that look like classes, [samples, classes]
 */
export const metrics: readonly Metric[] = [
  {
    name: 'fidelity',
    limit: 'atLeast',
    range: [0, 1],
    fits: () => true,
    share: (classes) => classes,
    of: (answers, sample) => fidelity(answers.rows[sample]!, answers),
  },
  {
    name: 'accuracy',
    limit: 'atLeast',
    range: [0, 1],
    fits: hasClasses,
    share: () => true,
    of: (answers, sample) => {
      const { pruned } = hits(answers.rows[sample]!, answers, answers.labels?.[sample] ?? Number.NaN);
      return pruned ? 1 : 0;
    },
  },
  {
    name: 'agreement',
    limit: 'atLeast',
    range: [0, 1],
    fits: (answers) => hasClasses(answers) || answers.manner === 'boxes',
    share: (classes) => classes,
    of: (answers, sample) => sameClass(answers.rows[sample]!, answers),
  },
  {
    name: 'cosine',
    limit: 'atLeast',
    range: [-1, 1],
    // Texts are compared as codes, which are no vectors: there is no cosine of them.
    fits: ({ dtype }) => dtype !== 'string',
    share: () => false,
    of: (answers, sample) => cosine(answers.rows[sample]!, answers),
  },
  {
    name: 'kl',
    limit: 'atMost',
    range: [0, MOST_BITS],
    fits: ({ classes }) => classes === 'scores',
    share: () => false,
    of: (answers, sample) => divergence(answers.rows[sample]!, answers),
  },
];

/** The metric of a name of `GUARD_METRICS`. */
export const metricNamed = (name: GuardMetric): Metric => metrics.find((metric) => metric.name === name)!;

/** Both answers to the same samples, of one output by itself. An output that has no axis for samples is all of each sample's. */
export function answersOf(
  original: Tensor,
  pruned: Tensor,
  samples: number,
  labels?: ArrayLike<number>,
): Labelled {
  const value = { name: 'output', dtype: original.type, shape: [] };
  const outputs = new Outputs({ inputs: [], outputs: [value] });
  const { answers } = outputs.compare({ output: original }, { output: pruned }, {}, samples);
  return { ...answers[0]!, labels };
}

/** The metric of each sample. */
export const valuesOf = (metric: Metric, answers: Labelled): number[] =>
  answers.rows.map((_, sample) => metric.of(answers, sample));
