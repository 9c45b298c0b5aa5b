import { inTurn, Limiter } from '../base/limiter.js';
import type { Batch, Observer } from '../execution/collecting.js';
import type { Layer } from '../layers/layers.js';
import {
  beside,
  type Direction,
  givenIn,
  type Recurrent,
  rowsSeen,
  type StoredStates,
  stateDims,
  statesBefore,
  storedFor,
  valuesOf,
} from '../layers/recurrent.js';
import { dataAt, feed, float32, rowsOf, sampledRows } from '../layers/rows.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import type { NativeMoments } from '../native/moments.js';
import { inSlices } from '../platform/index.js';
import type { Tensor } from '../runtime/runtime.js';
import { AnswerSensitivity, type AnswerValue } from './answers.js';
import { isDirection, layerOf, type Summing } from './summing.js';

/** Inputs that are read by one or several layers, and their second moments while they are held. */
export interface InputMoments {
  readonly summings: readonly Summing[];
  /** The node whose states they are of, where it is recurrent. */
  readonly recurrent?: Recurrent;
  /** Absent where no sample has come to them too. */
  moments?: NativeMoments;
  isKnown?: boolean;
}

/** What the first run over the samples shows beside second moments. */
export interface Observed {
  /** Samples in all, and in one batch. */
  readonly samples: number;
  readonly batch: number;
  /** Bytes of all that layers read of one sample. */
  readonly bytes: number;
  /** Positions of each layer in one sample. */
  readonly rows: ReadonlyMap<Layer, number>;
  /** The multiplications that each layer may take. */
  readonly share: number;
  /** How much errors count in the outputs of layers that are the model's answers. */
  readonly sensitivities: ReadonlyMap<Layer, AnswerSensitivity>;
}

/** The strides at which batches, and positions in them, are taken. */
export interface Strides {
  readonly batches: number;
  readonly positions: number;
}

/** How much of the samples is taken. */
interface Taking {
  /** From an earlier run, whose choices hold for this one too. */
  readonly known: Observed | undefined;
  /** positions: of each layer in one sample; total: samples */
  readonly share: (positions: ReadonlyMap<Layer, number>, total: number) => number;
  readonly strides: (
    own: InputMoments,
    positions: ReadonlyMap<Layer, number>,
    total: number,
    share: number,
  ) => Strides;
}

/** Sums second moments of what layers read, and looks at the answers of those that give the model's. */
export class MomentsObserver implements Observer {
  readonly #strides = new Map<InputMoments, Strides>();
  readonly #turns = new Limiter(AT_ONCE);
  readonly #sensitivities: ReadonlyMap<Layer, AnswerSensitivity>;
  #rows: ReadonlyMap<Layer, number>;
  #samples = 0;
  #batch = 0;
  #bytes = 0;
  #share = 0;

  private constructor(
    readonly all: readonly InputMoments[],
    readonly chosen: readonly InputMoments[],
    readonly answers: ReadonlyMap<Layer, readonly AnswerValue[]>,
    readonly stored: ReadonlyMap<Recurrent, StoredStates>,
    readonly taking: Taking,
    readonly options: NativeOptions,
  ) {
    this.#rows = taking.known?.rows ?? new Map();
    this.#sensitivities =
      taking.known?.sensitivities ??
      new Map([...answers.keys()].map((layer) => [layer, new AnswerSensitivity(layer.outputs)]));
  }

  /**
   * - all: of which the first run counts positions; chosen: those that are summed
   * - answers: of layers that give the model's answers
   */
  static async of(
    native: NativeModel,
    all: readonly InputMoments[],
    chosen: readonly InputMoments[],
    answers: ReadonlyMap<Layer, readonly AnswerValue[]>,
    taking: Taking,
    options: NativeOptions,
  ): Promise<MomentsObserver> {
    const stored = new Map<Recurrent, StoredStates>();
    for (const { recurrent } of chosen)
      if (recurrent !== undefined) stored.set(recurrent, await storedFor(recurrent, native, options));
    return new MomentsObserver(all, chosen, answers, stored, taking, options);
  }

  get observed(): Observed {
    return {
      ...{ samples: this.#samples, batch: this.#batch, bytes: this.#bytes },
      ...{ rows: this.#rows, share: this.#share, sensitivities: this.#sensitivities },
    };
  }

  get #isFirst(): boolean {
    return this.taking.known === undefined;
  }

  get values(): readonly string[] {
    const seen = (this.#isFirst ? this.all : this.chosen).flatMap(valuesRead);
    return this.#isFirst ? [...seen, ...this.#answered([...this.answers.keys()])] : seen;
  }

  wanted(batch: number): readonly string[] {
    const seen = this.chosen.filter((own) => this.#takes(own, batch)).flatMap(valuesRead);
    if (!this.#isFirst) return seen;
    return [...seen, ...this.#answered([...this.answers.keys()].filter((layer) => this.#asks(layer, batch)))];
  }

  async take({ index, samples, total, tensors }: Batch): Promise<void> {
    if (index === 0) this.#begin(tensors, samples, total);
    this.#samples += samples;
    this.#batch = Math.max(this.#batch, samples);
    if (this.#isFirst)
      for (const [layer, answers] of this.answers)
        for (const answer of this.#asks(layer, index) ? answers : [])
          await inSlices(
            this.#sensitivities.get(layer)!.take(answer, tensors[answer.value]!),
            this.options.signal,
          );
    // Several at once: while one is copied, products of others are summed. Each has sums of its own, so that nothing hangs on the order.
    // Those that wait need not hear of an abort: what they do then ends at once.
    const added = await Promise.allSettled(
      this.chosen
        .filter((own) => this.#takes(own, index))
        .map((own) => inTurn([this.#turns], {}, () => this.#add(own, tensors))),
    );
    for (const result of added) if (result.status === 'rejected') throw result.reason;
  }

  #begin(tensors: Tensors, samples: number, total: number): void {
    const { taking } = this;
    if (this.#isFirst) {
      const layers = this.all.flatMap(({ summings }) => summings.map(layerOf));
      this.#rows = new Map(layers.map((layer) => [layer, rowsIn(layer, tensors) / samples]));
      this.#bytes = bytesIn(new Set(this.all.flatMap(valuesRead)), tensors) / samples;
    }
    this.#share = taking.known?.share ?? taking.share(this.#rows, total);
    for (const own of this.all) this.#strides.set(own, taking.strides(own, this.#rows, total, this.#share));
  }

  /** All take the same batches as far as they take few: of the others then fewer values are wanted. */
  #takes(own: InputMoments, batch: number): boolean {
    return batch % this.#strides.get(own)!.batches === 0;
  }

  /** Whether the answers of a layer are looked at: where its inputs are taken. */
  #asks(layer: Layer, batch: number): boolean {
    const own = this.all.find(({ summings }) => summings.includes(layer));
    return own !== undefined && this.#takes(own, batch);
  }

  #answered(layers: readonly Layer[]): readonly string[] {
    return layers.flatMap((layer) => this.answers.get(layer)!.map(({ value }) => value));
  }

  async #add(own: InputMoments, tensors: Tensors): Promise<void> {
    const { options } = this;
    const [first] = own.summings;
    const { positions } = this.#strides.get(own)!;
    if (own.recurrent !== undefined && isDirection(first!)) {
      const stored = this.stored.get(own.recurrent)!;
      const x = stepsIn(own.recurrent, first, stored, tensors, positions);
      await own.moments!.add(x, NONE, options);
      return;
    }
    const layer = layerOf(first!);
    for (const use of layer.uses) {
      const { x, dims } = dataAt(use, tensors[use.data]!);
      await feed(own.moments!, sampledRows(layer, use, x, dims, positions), NONE, options);
    }
  }
}

const NONE = new Float32Array(0);

/** Inputs that are added at once. */
const AT_ONCE = 4;

type Tensors = Readonly<Record<string, Tensor>>;

const valuesRead = ({ summings, recurrent }: InputMoments): readonly string[] =>
  recurrent === undefined ? layerOf(summings[0]!).uses.map(({ data }) => data) : valuesOf(recurrent);

/** What a direction's gates read of a batch: x beside the h of the step before. */
function stepsIn(
  recurrent: Recurrent,
  direction: Direction,
  stored: StoredStates,
  tensors: Tensors,
  every: number,
): Float32Array {
  const states = tensors[recurrent.states]!;
  const { initial, lengths } = givenIn(recurrent, stored, (value) => tensors[value]);
  const rows = rowsSeen(recurrent, stateDims(recurrent, states.dims), lengths, every);
  const x = float32(tensors[recurrent.data]!, recurrent.data);
  const before = statesBefore(recurrent, direction, states, initial, lengths);
  return beside(rows, x, direction.input.channels, before, direction.recurrent.channels);
}

const rowsIn = (layer: Layer, tensors: Tensors): number =>
  layer.uses.reduce((sum, use) => {
    const { dims } = tensors[use.data]!;
    const own = use.part === undefined ? dims : dims.with(use.part.axis, 1);
    return sum + rowsOf(layer, use, NONE, own).rows;
  }, 0);

function bytesIn(names: ReadonlySet<string>, tensors: Tensors): number {
  let sum = 0;
  for (const name of names) {
    const { data } = tensors[name]!;
    if (ArrayBuffer.isView(data)) sum += data.byteLength;
  }
  return sum;
}
