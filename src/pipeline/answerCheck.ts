import type { Analysis } from '../coupling/analysis.js';
import type { Dataset } from '../data/dataset.js';
import type { Warning } from '../options/types.js';
import { isFloat, numbersOf } from '../runtime/dtypes.js';
import type { Tensor } from '../runtime/runtime.js';

/** Share of the entropy of guessing, above which answers tell next to nothing. */
const UNIFORM = 0.9;
/** Share of samples that get the same class, above which that is odd; and of how many samples. */
const ALIKE = 0.95;
const LEAST_SAMPLES = 16;

/** What outputs of scores are called. */
const SCORES = /logit|prob|score|class|softmax/i;

/** Whether an output is of classes: its name says so, or samples have labels. */
export const isOfClasses = (output: string, { arrays }: Dataset): boolean =>
  SCORES.test(output) ||
  [...arrays.values()].some(({ name, dims }) => /label|class/i.test(name) && dims.length === 1);

/** Outputs that may be scores of classes: floats, a row for each sample. */
export const scoreOutputs = ({ graph }: Analysis): readonly string[] =>
  graph.outputs
    .filter(
      ({ dtype, shape }) =>
        (dtype === null || dtype?.startsWith('float')) && shape?.length === 2 && shape[1] !== 1,
    )
    .map(({ name }) => name);

/** Whether scores of classes say anything: how near they are to guessing, and how many samples get the same class. */
export class AnswerCheck {
  readonly #counts = new Map<number, number>();
  #classes = 0;
  #samples = 0;
  #entropy = 0;

  /** isScores: whether something tells that the output is of classes; otherwise rows that are no probabilities may be embeddings. */
  constructor(
    readonly value: string,
    readonly isScores: boolean,
  ) {}

  take(tensor: Tensor): void {
    const [rows, classes] = tensor.dims;
    if (tensor.dims.length !== 2 || rows === undefined || classes === undefined || classes < 3) return;
    if (!isFloat(tensor.type)) return;
    const scores = numbersOf(tensor);
    this.#classes = classes;
    for (let row = 0; row < rows; row++) {
      const own = Float64Array.from({ length: classes }, (_, column) => scores[row * classes + column]!);
      if (!this.isScores && !areProbabilities(own)) continue;
      const shares = sharesOf(own);
      const largest = shares.indexOf(Math.max(...shares));
      this.#counts.set(largest, (this.#counts.get(largest) ?? 0) + 1);
      this.#entropy += entropyOf(shares) / Math.log(classes);
      this.#samples += 1;
    }
  }

  warnings(): readonly Warning[] {
    const found: Warning[] = [];
    if (this.#samples === 0) return found;
    const share = this.#entropy / this.#samples;
    if (share > UNIFORM)
      found.push({
        code: 'ANSWERS_UNIFORM',
        text: `"${this.value}" is near to guessing among ${this.#classes} classes (${Math.round(100 * share)} % of its entropy): the model may have been trained on samples that were preprocessed in another way`,
      });
    const most = Math.max(...this.#counts.values());
    if (this.#samples >= LEAST_SAMPLES && most > ALIKE * this.#samples)
      found.push({
        code: 'ANSWERS_ALIKE',
        text: `"${this.value}" names the same class for ${most} of ${this.#samples} samples: unless they are all of one, they may be preprocessed in another way than the model was trained with`,
      });
    return found;
  }
}

const areProbabilities = (scores: Float64Array): boolean =>
  scores.every((score) => score >= 0) && Math.abs(scores.reduce((all, score) => all + score, 0) - 1) < 1e-3;

/** Probabilities as they are, and scores as the probabilities that softmax makes of them. */
function sharesOf(scores: Float64Array): Float64Array {
  if (areProbabilities(scores)) return scores;
  const most = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = scores.map((score) => Math.exp(score - most));
  const all = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / all);
}

/** In nats. */
const entropyOf = (shares: Float64Array): number =>
  shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log(share) : sum), 0);
