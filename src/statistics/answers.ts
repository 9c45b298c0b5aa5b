import type { Steps } from '../base/steps.js';
import type { Real } from '../coupling/linearMap.js';
import type { Walk } from '../coupling/walk.js';
import { isObserved, type Layer, type WeightUse } from '../layers/layers.js';
import { directly, type Makers, makersOf } from '../layers/quantised.js';
import { float32, real } from '../layers/rows.js';
import type { Node } from '../model/graph.js';
import { readersOf } from '../model/readers.js';
import type { Tensor } from '../runtime/runtime.js';

/** A value that is the answer of the model, but for its form, or becomes probabilities that are. */
export interface AnswerValue {
  readonly value: string;
  /** The axis of the layer's outputs. */
  readonly axis: number;
  /** What it scores: classes of which one is right, or each. Where no node says so, the former. */
  readonly decides: 'each' | 'one';
  /** Where the value holds integers: what they stand for. */
  readonly real?: Real;
}

/** Most nodes between a layer and the model's output. */
const MOST_STEPS = 12;

/** Layers whose outputs are answers of the model. */
export function answersOf(walk: Walk, layers: readonly Layer[]): ReadonlyMap<Layer, readonly AnswerValue[]> {
  const { graph } = walk;
  const [readers, makers] = [readersOf(graph), makersOf(graph)];
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const answerOf = (use: WeightUse): AnswerValue | undefined => {
    if (use.output === undefined || use.fused !== undefined) return undefined;
    const { axis } = use.output;
    let [score, value] = [use.output.value, use.output.value];
    let decides: AnswerValue['decides'] = 'one';
    for (let step = 0; step < MOST_STEPS; step++) {
      const real = score === use.output.value ? use.reals?.output : undefined;
      if (outputs.has(value)) return { value: score, axis, decides, ...(real && { real }) };
      const [reader, ...others] = (readers.get(value) ?? []).filter((node) => !walk.factsOf(node).measures);
      if (reader === undefined || others.length > 0) return undefined;
      const [made] = reader.outputs;
      if (made === undefined) return undefined;
      if (score === value && addsStored(walk, makers, reader, value)) score = made;
      else {
        const facts = walk.factsOf(reader);
        if (facts.decides === undefined && facts.moves !== true) return undefined;
        decides = facts.decides ?? decides;
      }
      value = made;
    }
    return undefined;
  };
  return new Map(
    layers.flatMap((layer) => {
      if (!isObserved(layer) || layer.outputs < 2) return [];
      const found = layer.uses.flatMap((use) => answerOf(use) ?? []);
      return found.length === 0 ? [] : [[layer, found] as const];
    }),
  );
}

/** Whether a node adds something stored, so that axes stay where they are. */
function addsStored(walk: Walk, makers: Makers, node: Node, value: string): boolean {
  if (walk.factsOf(node).arithmetic !== 'sum') return false;
  const operand = node.inputs[0] === value ? 1 : 0;
  const [before, after] = [value, node.outputs[0]!].map((name) => walk.tensors.get(name)?.axes?.length);
  return before !== undefined && before === after && directly(walk, makers, node, operand) !== undefined;
}

/** The most elements of one batch that are evaluated. */
const MOST_ELEMENTS = 2 ** 20;

/**
 * How much an error in each output of the model's last layer counts. One half of the weight is the same for all outputs, as a share of
 * their variance; the other half is p (1 - p), the slope of a class's probability p in its score. So of eight thousand classes
 * those count that are probable for some sample, and confident scores count little. Outputs that are not scores of classes
 * still have the first half.
 *
 * source: the diagonal of the Fisher information of a softmax; Theis et al. 2018, Faster gaze prediction with dense networks and Fisher
 * pruning
 */
export class AnswerSensitivity {
  #count = 0;
  readonly #sum: Float64Array;
  readonly #squares: Float64Array;
  readonly #sensitivities: Float64Array;

  constructor(readonly outputs: number) {
    this.#sum = new Float64Array(outputs);
    this.#squares = new Float64Array(outputs);
    this.#sensitivities = new Float64Array(outputs);
  }

  /** Takes a batch along: [outer, outputs, inner] around the answer's axis, positions evenly left out where there are many. */
  *take({ value, axis, decides, real: by }: AnswerValue, tensor: Tensor): Steps<void> {
    const { outputs } = this;
    const { dims } = tensor;
    if (dims[axis] !== outputs) return;
    const data = float32(real(tensor, by), value);
    const inner = dims.slice(axis + 1).reduce((product, length) => product * length, 1);
    const positions = data.length / outputs;
    const every = Math.max(1, Math.ceil(data.length / MOST_ELEMENTS));
    const scores = new Float64Array(outputs);
    for (let position = 0; position < positions; position += every) {
      const start = Math.floor(position / inner) * outputs * inner + (position % inner);
      for (let output = 0; output < outputs; output++) scores[output] = data[start + output * inner]!;
      this.#add(scores, decides);
      yield;
    }
  }

  /** The factor of each output's errors, normalised to keep the total variance; undefined where every output is certain, or constant. */
  factors(): Float64Array | undefined {
    const variances = this.#sum.map((sum, output) =>
      Math.max(0, this.#squares[output]! / this.#count - (sum / this.#count) ** 2),
    );
    const total = variances.reduce((sum, variance) => sum + variance, 0);
    const weighted = variances.reduce(
      (sum, variance, output) => sum + variance * this.#sensitivities[output]!,
      0,
    );
    if (!(weighted > 0) || !Number.isFinite(total / weighted)) return undefined;
    return this.#sensitivities.map((sensitivity) => Math.sqrt((1 + (sensitivity * total) / weighted) / 2));
  }

  #add(scores: Float64Array, decides: AnswerValue['decides']): void {
    const largest = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
    if (!Number.isFinite(largest)) return;
    const all =
      decides === 'one' ? scores.reduce((sum, score) => sum + Math.exp(score - largest), 0) : undefined;
    this.#count += 1;
    for (const [output, score] of scores.entries()) {
      const p = all === undefined ? 1 / (1 + Math.exp(-score)) : Math.exp(score - largest) / all;
      // A class with a score of -∞ is masked out, and has no weight.
      const own = Number.isFinite(score) ? score : 0;
      this.#sum[output]! += own;
      this.#squares[output]! += own * own;
      this.#sensitivities[output]! += p * (1 - p);
    }
  }
}
