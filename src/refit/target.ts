import { type ElementwiseStep, passageOf } from '../coupling/passage.js';
import type { Walk } from '../coupling/walk.js';
import type { StagedRun } from '../execution/stagedRun.js';
import { numbersNow } from '../layers/currentWeights.js';
import type { WeightUse } from '../layers/layers.js';
import { type Behind, directly, type Makers, makersOf } from '../layers/quantised.js';
import type { InputRows } from '../layers/rows.js';
import type { Node } from '../model/graph.js';
import type { Readers } from '../model/readers.js';
import type { NativeModel } from '../native/index.js';

/**
 * What the nodes behind a layer compute of its output y: scale · y + shift + residual branch, clipped to bounds.
 */
export interface PostOps {
  /** By output of the layer. */
  readonly scale: Float64Array;
  readonly shift: Float64Array;
  /** The other value of the sum that it goes into, computed from data: a residual stream. */
  readonly residualBranch?: string;
  readonly low: number;
  readonly high: number;
  /** BatchNormalization on the way. */
  readonly through: readonly Node[];
}

/** The most nodes behind a layer that are followed in search of its regression target. */
const MOST_STEPS = 12;
/** A scale below this share of the largest says nothing of the layer's output. */
const SMALL = 1e-3;

/**
 * Follows a layer's output by what rules state of the nodes that read it: through biases, BatchNormalization and one residual sum to an
 * activation that clips. The layer can make up for the error of the residual branch, and values beyond the bounds need only lie
 * beyond them.
 */
export function postOpsOf(
  walk: Walk,
  native: NativeModel,
  readers: Readers,
  use: Pick<WeightUse, 'output'> & Partial<Pick<WeightUse, 'node' | 'fused' | 'reals'>>,
  outputs: number,
): PostOps {
  const { graph, passages } = walk;
  const behind = new Following(walk, native, outputs);
  const { fused, node, reals } = use;
  // What goes on behind integers, goes on with them.
  if (reals?.output !== undefined) {
    const { low, high } = reals.output;
    behind.take(node!, use.output!.value, [{ kind: 'bounds', low, high }]);
    return behind.aftermath;
  }
  let value = use.output?.value;
  if (fused !== undefined && node !== undefined) {
    [value] = node.outputs;
    if (value === undefined || !behind.take(node, value, fused.steps)) return behind.aftermath;
  }
  for (let step = 0; step < MOST_STEPS && value !== undefined; step++) {
    const from: string = value;
    const [reader, ...others]: readonly Node[] = readers.get(from) ?? [];
    if (reader === undefined || others.length > 0) break;
    if (graph.outputs.some(({ name }) => name === from)) break;
    const passage = passageOf(passages, reader, from);
    if (passage === undefined || !behind.take(reader, from, passage.steps) || !passage.passes) break;
    [value] = reader.outputs;
  }
  return behind.aftermath;
}

/** Collects the post-ops of a layer's output, step by step. */
class Following {
  readonly #scale: Float64Array;
  readonly #shift: Float64Array;
  #stream: string | undefined;
  #low = Number.NEGATIVE_INFINITY;
  #high = Number.POSITIVE_INFINITY;
  readonly #through: Node[] = [];
  readonly #makers: Makers;

  constructor(
    readonly walk: Walk,
    readonly native: NativeModel,
    readonly outputs: number,
  ) {
    this.#scale = new Float64Array(outputs).fill(1);
    this.#shift = new Float64Array(outputs);
    this.#makers = makersOf(walk.graph);
  }

  get aftermath(): PostOps {
    return {
      ...{ scale: this.#scale, shift: this.#shift, low: this.#low, high: this.#high },
      ...{ through: this.#through, ...(this.#stream !== undefined && { residualBranch: this.#stream }) },
    };
  }

  /** False where nothing behind the step says more. `value`: of the axes that the steps work on. */
  take(node: Node, value: string, steps: readonly ElementwiseStep[]): boolean {
    return steps.every((step) => this.#step(node, value, step));
  }

  #step(node: Node, value: string, step: ElementwiseStep): boolean {
    switch (step.kind) {
      case 'bounds':
        this.#low = step.low;
        this.#high = step.high;
        return false;
      case 'scale':
        if (this.#stream !== undefined) return false;
        for (const numbers of [this.#scale, this.#shift])
          for (let i = 0; i < this.outputs; i++) numbers[i]! *= step.by;
        return true;
      case 'sum':
        return step.operands.every((operand) => this.#sum(node, value, operand, step.times ?? 1));
      case 'normalise':
        return this.#normalise(node, step);
    }
  }

  #sum(node: Node, value: string, operand: number, times: number): boolean {
    const addend = directly(this.walk, this.#makers, node, operand);
    if (addend !== undefined) return this.#add(addend, times);
    const other = node.inputs[operand] ?? '';
    const [a, b] = [value, other].map((name) => this.walk.tensors.get(name)?.axes);
    // A value that is broadcast over the other is no residual branch.
    if (this.#stream !== undefined || a === undefined || a.length !== b?.length || times !== 1) return false;
    this.#stream = other;
    return true;
  }

  #add(addend: Behind, times: number): boolean {
    const { outputs } = this;
    if (!addend.tensor.dims.every((length) => length === 1 || length === outputs)) return false;
    const numbers = numbersNow(this.native, addend);
    if (numbers.length !== outputs && numbers.length !== 1) return false;
    for (let i = 0; i < outputs; i++) this.#shift[i]! += times * numbers[numbers.length === 1 ? 0 : i]!;
    return true;
  }

  #normalise(node: Node, { operands, epsilon }: Extract<ElementwiseStep, { kind: 'normalise' }>): boolean {
    if (this.#stream !== undefined) return false;
    const parameters = operands.map((operand) => directly(this.walk, this.#makers, node, operand));
    if (parameters.some((own) => own?.tensor.dims[0] !== this.outputs)) return false;
    this.#through.push(node);
    const [gamma, beta, mean, variance] = parameters.map((own) => numbersNow(this.native, own!));
    for (let i = 0; i < this.outputs; i++) {
      const factor = gamma![i]! / Math.sqrt(variance![i]! + epsilon);
      this.#scale[i]! *= factor;
      this.#shift[i] = (this.#shift[i]! - mean![i]!) * factor + beta![i]!;
    }
    return true;
  }
}

/** Whether the residual branch depends on no layer that is still to be refitted. */
export function isUsable(
  { residualBranch }: PostOps,
  pruned: Pick<StagedRun, 'before'>,
  pending: Iterable<{ readonly uses: readonly { readonly node: Node }[] }>,
): boolean {
  if (residualBranch === undefined) return true;
  const ids = new Set([...pruned.before([residualBranch])].map(({ id }) => id));
  return ![...pending].some(({ uses }) => uses.some(({ node }) => ids.has(node.id)));
}

/** Regression targets of a batch: y and the bounds that it is clipped to, all [outer, outputs, inner]. */
export interface RegressionTarget {
  readonly y: Float32Array;
  readonly low?: Float32Array;
  readonly high?: Float32Array;
}

/**
 * The regression target of a layer in the pruned model.
 *
 * - `y`: what it answers in the original; `streams`: the stream in both models; all of the outputs
 *   that are left
 */
export function targetOf(
  y: Float32Array,
  { scale, shift, low, high }: PostOps,
  outputs: number,
  inner: number,
  streams: { readonly original: Float32Array; readonly pruned: Float32Array } | undefined,
): RegressionTarget {
  const largest = scale.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const by = scale.map((value) => (Math.abs(value) > SMALL * largest ? 1 / value : 0));
  const clips = Number.isFinite(low) || Number.isFinite(high);
  if (streams === undefined && !clips) return { y };
  const wanted = streams === undefined ? y : y.slice();
  const bounds = clips ? [new Float32Array(y.length), new Float32Array(y.length)] : undefined;
  const [lower, upper] = bounds ?? [];
  for (let start = 0, row = 0; start < y.length; start += inner, row++) {
    const output = row % outputs;
    const factor = by[output]!;
    const end = start + inner;
    if (streams !== undefined)
      for (let i = start; i < end; i++) wanted[i]! += factor * (streams.original[i]! - streams.pruned[i]!);
    if (lower === undefined || upper === undefined) continue;
    if (factor === 0) {
      lower.fill(Number.NEGATIVE_INFINITY, start, end);
      upper.fill(Number.POSITIVE_INFINITY, start, end);
      continue;
    }
    const [a, b] = [low - shift[output]!, high - shift[output]!];
    const [least, most] = factor > 0 ? [a, b] : [b, a];
    if (streams === undefined) {
      lower.fill(least * factor, start, end);
      upper.fill(most * factor, start, end);
      continue;
    }
    for (let i = start; i < end; i++) {
      lower[i] = (least - streams.pruned[i]!) * factor;
      upper[i] = (most - streams.pruned[i]!) * factor;
    }
  }
  if (bounds === undefined) return { y: wanted };
  const onlyLow = high === Number.POSITIVE_INFINITY && by.every((factor) => factor >= 0);
  return { y: wanted, low: bounds[0]!, ...(!onlyLow && { high: bounds[1]! }) };
}

/** The arrays that a regression target consists of. */
export const partsOf = (wanted: RegressionTarget | undefined): 1 | 2 | 3 =>
  wanted?.low === undefined ? 1 : wanted.high === undefined ? 2 : 3;

/** Targets and bounds in one array: behind each other for each sample of a batch, or for each row. */
export function joined(
  {
    rows: { patches },
    wanted: { y, low, high },
  }: { readonly rows: InputRows; readonly wanted: RegressionTarget },
  outputs: number,
): Float32Array {
  const parts = [y, low, high].filter((part) => part !== undefined);
  const outer = patches === undefined ? y.length / outputs : patches.batch;
  const length = y.length / outer;
  const all = new Float32Array(parts.length * y.length);
  for (let at = 0; at < outer; at++)
    for (const [place, part] of parts.entries())
      all.set(part.subarray(at * length, (at + 1) * length), (at * parts.length + place) * length);
  return all;
}
