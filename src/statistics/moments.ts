import { inTurn, Limiter } from '../base/limiter.js';
import type { Walk } from '../coupling/walk.js';
import type { Dataset } from '../data/dataset.js';
import { collect, type Observer } from '../execution/collecting.js';
import { shareOf, strideFor, stridesFor } from '../execution/subsampling.js';
import { type Layer, mixesAll } from '../layers/layers.js';
import { layersIn, type Recurrent } from '../layers/recurrent.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import { NativeMoments } from '../native/moments.js';
import { quietly } from '../native/quietly.js';
import type { Runtime } from '../runtime/runtime.js';
import { answersOf } from './answers.js';
import { type InputMoments, MomentsObserver, type Observed } from './momentsObserver.js';
import { inputsOf, keyOf, layerOf, type Summing } from './summing.js';
import { respond } from './targets.js';

/** Layers of more inputs are left out: their second moments alone would be some hundred megabytes. */
export const MOST_INPUTS = 6144;
/** Layers of this many inputs and more have their products computed in single precision, to a relative error of about 1e-6. */
const SINGLE = 32;

/** What products of a layer's inputs are made in. */
export const precisionFor = (inputs: number): 'double' | 'single' => (inputs < SINGLE ? 'double' : 'single');

/**
 * Empty second moments, [inputs, inputs] of the inputs and [inputs, outputs] with the targets; small ones are summed
 * in double precision.
 */
export const momentsFor = (inputs: number, outputs: number): NativeMoments =>
  new NativeMoments(inputs, outputs, precisionFor(inputs));

/** Bytes that the second moments of so many inputs take. */
const bytesOf = (inputs: number): number => (inputs < SINGLE ? 4 : 2) * inputs ** 2;

/** A model, and what is run of it on samples: `branches.ts`. */
export interface Models {
  readonly native: NativeModel;
  readonly computed: NativeModel;
}

/** The same, with the walk of what is run. */
export interface Walked extends Models {
  readonly walk: Walk;
}

/** How second moments are collected. */
export interface Collecting extends NativeOptions {
  /** Samples at most; by default all. */
  readonly samples?: number;
  /** Bytes that second moments may take at once. */
  readonly memory: number;
  /** What else wants to see the original in the same run. */
  readonly observers?: readonly Observer[];
}

/** Layers that read the same inputs, with what is known of these, and the share of each layer's variance that errors are told in. */
export interface Targeted {
  /** With targets W x of all these layers, one after the other, each layer's divided by the root of their summed variance. */
  readonly moments: NativeMoments;
  readonly summings: readonly Summing[];
}

/**
 * What layers read on data: the second moments of their inputs, collected once for all layers that read the same. Where those of all
 * take more memory than they may, as many as fit are held, and others are collected when somebody asks for them.
 */
export class SecondMoments {
  /** Known from the first batch. */
  #observed: Observed | undefined;
  readonly #all: readonly InputMoments[];
  readonly #byOwner = new Map<Summing, InputMoments>();
  /** Whoever uses them has them alone: what is asked for may take the place of what another uses. */
  readonly #turn = new Limiter(1);
  readonly #answers: ReturnType<typeof answersOf>;

  private constructor(
    readonly models: Walked,
    layers: readonly Layer[],
    readonly recurrents: readonly Recurrent[],
    readonly dataset: Dataset,
    readonly runtime: Runtime,
    readonly options: Pick<Collecting, 'samples' | 'memory'>,
  ) {
    const inside = new Set(recurrents.flatMap(layersIn));
    const chosen = layers.filter(
      (layer) => mixesAll(layer) && inputsOf(layer) <= MOST_INPUTS && !inside.has(layer),
    );
    const running = recurrents.filter(({ directions }) =>
      directions.every((direction) => inputsOf(direction) <= MOST_INPUTS),
    );
    const byKey = new Map<string | Summing, { summings: Summing[]; recurrent?: Recurrent }>();
    for (const layer of chosen) {
      const key = keyOf(layer) ?? layer;
      const own = byKey.get(key) ?? { summings: [] };
      own.summings.push(layer);
      byKey.set(key, own);
    }
    for (const recurrent of running)
      for (const direction of recurrent.directions)
        byKey.set(direction, { summings: [direction], recurrent });
    this.#all = [...byKey.values()];
    for (const own of this.#all) for (const summing of own.summings) this.#byOwner.set(summing, own);
    this.#answers = answersOf(models.walk, chosen);
  }

  /** Runs the original once, and collects what fits. errors: as `activations` */
  static async of(
    models: Walked,
    layers: readonly Layer[],
    recurrents: readonly Recurrent[],
    dataset: Dataset,
    runtime: Runtime,
    { samples, memory, observers = [], ...options }: Collecting,
  ): Promise<SecondMoments> {
    const own = { memory, ...(samples !== undefined && { samples }) };
    const all = new SecondMoments(models, layers, recurrents, dataset, runtime, own);
    await all.#collect(all.#fitting([]), observers, options);
    return all;
  }

  /** What reads inputs, of which samples have come to those that were looked at. */
  get summings(): readonly Summing[] {
    const unseen = this.#all.filter(({ isKnown, moments }) => isKnown && moments === undefined);
    return [...this.#byOwner].flatMap(([summing, own]) => (unseen.includes(own) ? [] : [summing]));
  }

  /** Samples in all, and in one batch. */
  get samples(): number {
    return this.#observed!.samples;
  }

  get batch(): number {
    return this.#observed!.batch;
  }

  /** Bytes of all that layers read of one sample. */
  get bytes(): number {
    return this.#observed!.bytes;
  }

  /** Positions of each layer in one sample. */
  get rows(): ReadonlyMap<Layer, number> {
    return this.#observed!.rows;
  }

  /** The multiplications that each layer may take: `strideFor`. */
  get share(): number {
    return this.#observed!.share;
  }

  /** Computes with the second moments of a layer's inputs. Undefined where nothing is known of them. */
  use<T>(
    summing: Summing,
    options: NativeOptions,
    compute: (moments: NativeMoments) => Promise<T>,
  ): Promise<T | undefined> {
    return inTurn([this.#turn], options, async () => {
      const own = this.#byOwner.get(summing);
      if (own === undefined) return undefined;
      await this.#hold([own], options);
      return own.moments && compute(own.moments);
    });
  }

  /**
   * Computes with the second moments of what layers read, W x being the targets. Each of `asked` reads the same inputs; what nothing is
   * known of is left out.
   */
  withTargets<T>(
    asked: readonly Summing[],
    options: NativeOptions,
    compute: (targeted: readonly Targeted[]) => Promise<T>,
  ): Promise<T> {
    const { native } = this.models;
    return inTurn([this.#turn], options, async () => {
      const quiet = quietly(options);
      const together = new Map<InputMoments, Summing[]>();
      for (const summing of asked) {
        const own = this.#byOwner.get(summing);
        if (own !== undefined) together.set(own, [...(together.get(own) ?? []), summing]);
      }
      await this.#hold([...together.keys()], options);
      const targeted: Targeted[] = [];
      for (const [{ moments }, summings] of together) {
        if (moments === undefined) continue;
        await respond(native, moments, summings, this.#observed!.sensitivities, quiet);
        targeted.push({ moments, summings });
      }
      const found = await compute(targeted);
      for (const { moments } of targeted) await moments.respond(NONE, 0, quiet);
      return found;
    });
  }

  /** Lets go of what is held; whoever asks for it again has it collected again. */
  release(options: NativeOptions): Promise<void> {
    return inTurn([this.#turn], options, async () => {
      for (const own of this.#all) {
        if (own.moments === undefined) continue;
        delete own.moments;
        own.isKnown = false;
      }
    });
  }

  /** Makes sure that these are held, in the place of others where there is no room. */
  async #hold(wanted: readonly InputMoments[], options: NativeOptions): Promise<void> {
    if (wanted.every(({ isKnown }) => isKnown)) return;
    for (const own of this.#all) {
      if (own.moments === undefined) continue;
      delete own.moments;
      own.isKnown = false;
    }
    await this.#collect(this.#fitting(wanted), [], options);
  }

  /** These, and the next ones behind the first of them as far as they fit. */
  #fitting(wanted: readonly InputMoments[]): readonly InputMoments[] {
    const sizeOf = ({ summings }: InputMoments): number => bytesOf(inputsOf(summings[0]!));
    const chosen = new Set(wanted);
    let bytes = wanted.reduce((sum, own) => sum + sizeOf(own), 0);
    const from = Math.max(0, this.#all.indexOf(wanted[0]!));
    for (const own of [...this.#all.slice(from), ...this.#all.slice(0, from)]) {
      if (chosen.has(own) || own.isKnown) continue;
      bytes += sizeOf(own);
      if (bytes > this.options.memory && chosen.size > 0) break;
      chosen.add(own);
    }
    return this.#all.filter((own) => chosen.has(own));
  }

  async #collect(
    chosen: readonly InputMoments[],
    others: readonly Observer[],
    options: NativeOptions,
  ): Promise<void> {
    const { models, dataset, runtime } = this;
    const { samples } = this.options;
    for (const own of chosen) {
      const inputs = inputsOf(own.summings[0]!);
      own.moments = new NativeMoments(inputs, 0, inputs < SINGLE ? 'double' : 'compact');
    }
    const sizesOf = (positions: ReadonlyMap<Layer, number>, total: number) =>
      this.#all.map(({ summings: [first] }) => ({
        inputs: inputsOf(first!),
        rows: positions.get(layerOf(first!))! * total,
      }));
    const observer = await MomentsObserver.of(
      models.native,
      this.#all,
      chosen,
      this.#answers,
      {
        known: this.#observed,
        share: (positions, total) => shareOf(sizesOf(positions, total)),
        strides: (own, positions, total, share) => {
          const first = own.summings[0]!;
          const size = { inputs: inputsOf(first), rows: positions.get(layerOf(first))! * total };
          return stridesFor(strideFor(size, share), total);
        },
      },
      quietly(options),
    );
    await collect(models.computed, [observer, ...others], dataset, runtime, {
      ...options,
      ...(samples !== undefined && { samples }),
    });
    this.#observed ??= observer.observed;
    for (const own of chosen) {
      own.isKnown = true;
      // No sample has come to it: nothing is known.
      if ((await own.moments!.summary(quietly(options))).count === 0) delete own.moments;
    }
  }
}

const NONE = new Float32Array(0);
