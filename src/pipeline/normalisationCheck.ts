import type { Analysis } from '../coupling/analysis.js';
import { storedAs } from '../layers/quantised.js';
import type { NativeModel } from '../native/index.js';
import type { Warning } from '../options/types.js';
import { isFloat, numbersOf } from '../runtime/dtypes.js';
import type { Tensor } from '../runtime/runtime.js';

/** A normalisation by stored statistics, and the value that it reads. */
export interface StoredNormalisation {
  readonly node: string;
  readonly value: string;
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
}

/** Nodes from an input on, behind which a normalisation tells nothing of the samples themselves. */
const NEAR = 4;
/** How far off means are, in standard deviations, and how much wider or narrower, in the median of channels. */
const FAR = 1;
const WIDER = 3;
/** A channel that hardly varied when the model was trained says nothing. */
const SMALL = 1e-10;

/** The first normalisation by stored statistics, a few nodes behind the inputs at the most: what it holds is what it saw in training. */
export function firstNormalisation(
  { graph, passages }: Analysis,
  native: NativeModel,
): StoredNormalisation | undefined {
  const depths = new Map<string, number>(graph.inputs.map(({ name }) => [name, 0]));
  for (const node of graph.nodes) {
    const depth = Math.max(-1, ...node.inputs.map((name) => depths.get(name) ?? -1));
    if (depth < 0) continue;
    for (const passage of passages.get(node) ?? [])
      for (const step of passage.steps) {
        if (step.kind !== 'normalise') continue;
        const [, , mean, variance] = step.operands.map((operand) =>
          storedAs(graph, node.inputs[operand] ?? ''),
        );
        if (mean === undefined || variance === undefined || mean.dims.length !== 1) continue;
        return {
          ...{ node: node.name, value: node.inputs[passage.operand]! },
          ...{ mean: native.numbers(mean.id), variance: native.numbers(variance.id) },
        };
      }
    if (depth < NEAR) for (const output of node.outputs) depths.set(output, depth + 1);
  }
  return undefined;
}

/** What a normalisation reads, against what it holds. */
export class StatisticsCheck {
  readonly value: string;
  readonly #stored: StoredNormalisation;
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  #count = 0;

  constructor(stored: StoredNormalisation) {
    this.value = stored.value;
    this.#stored = stored;
    this.#sums = new Float64Array(stored.mean.length);
    this.#squares = new Float64Array(stored.mean.length);
  }

  /** `tensor`: [samples, channels, ...] */
  take(tensor: Tensor): void {
    const channels = this.#sums.length;
    const [samples, own] = tensor.dims;
    if (samples === undefined || own !== channels || !isFloat(tensor.type)) return;
    const numbers = numbersOf(tensor);
    const inner = numbers.length / (samples * channels);
    for (let row = 0; row < samples * channels; row++) {
      const channel = row % channels;
      for (let at = row * inner; at < (row + 1) * inner; at++) {
        const value = numbers[at]!;
        this.#sums[channel]! += value;
        this.#squares[channel]! += value * value;
      }
    }
    this.#count += samples * inner;
  }

  warnings(): readonly Warning[] {
    if (this.#count === 0) return [];
    const { node, mean, variance } = this.#stored;
    const channels = Array.from(mean, (_, channel) => channel).filter((i) => variance[i]! > SMALL);
    if (channels.length === 0) return [];
    const off = median(
      channels.map((i) => Math.abs(this.#sums[i]! / this.#count - mean[i]!) / Math.sqrt(variance[i]!)),
    );
    const wide = median(
      channels.map((i) => {
        const own = this.#sums[i]! / this.#count;
        return Math.sqrt(Math.max(0, this.#squares[i]! / this.#count - own * own) / variance[i]!);
      }),
    );
    if (!(off > FAR || wide > WIDER || wide < 1 / WIDER)) return [];
    return [
      {
        code: 'STATISTICS_FAR',
        text: `what the first normalisation (${node}) reads is not what it saw in training: its means are ${round(off)} standard deviations off, and it varies ${round(wide)} times as much. The samples may be preprocessed in another way`,
      },
    ];
  }
}

const round = (value: number): number => Number(value.toPrecision(2));

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
};
