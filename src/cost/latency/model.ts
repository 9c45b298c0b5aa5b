import type { Analysis } from '../../coupling/analysis.js';
import { observe } from '../../execution/observed.js';
import { evaluate } from '../../model/dim.js';
import type { KeptIndices } from '../../model/values.js';
import type { NativeModel } from '../../native/index.js';
import { quietly } from '../../native/quietly.js';
import type { Feeds, LoadOptions, Runtime, Session, Tensor } from '../../runtime/runtime.js';
import type { CostModel } from '../model.js';
import { Bench, zerosOf } from './bench.js';
import { Cache, settingOf } from './cache.js';
import { layersOf } from './layers.js';
import { elementsMade, type RemainingWork, workBeside } from './rest.js';
import { interpolated, type MeasureOptions, type Table, tablesOf } from './table.js';

/** How long measuring may take. */
const PATIENCE_MS = 30_000;
/** How long counted runs of the whole model go on. */
const WHOLE_MS = 500;

/**
 * How the latencies of a model's layers are measured: by which runtime, with how many threads, for how long, and
 * where they are cached.
 */
export interface LatencyOptions extends Omit<MeasureOptions, 'patience'> {
  readonly runtime: Runtime;
  readonly threads?: number;
  readonly patience?: number;
  /** Where what was measured is kept, in order of preference; by default the user's folder for caches. */
  readonly folders?: readonly string[];
}

/** What was measured of a model. */
export interface Measured {
  /** Milliseconds of one run of the whole, on zeros, without the overhead; undefined where it does not run on them. */
  readonly whole: number | undefined;
  /** Milliseconds of a run of a model that computes nothing. */
  readonly overhead: number;
  /** The layers that were measured, without the overhead; `estimated`: how many others there are. */
  readonly tables: readonly Table[];
  readonly estimated: number;
  /** Points that the cache did not have. */
  readonly points: number;
}

/** Milliseconds of one layer in the original, and of what a removal leaves of it. */
export interface LayerLatency {
  /** The name of its node. */
  readonly node: string;
  readonly originalMs: number;
  readonly predictedMs: number;
}

/**
 * What a model's latency would be, predicted from measurements on this machine: the sum over its layers of what each took
 * alone at the widths that are left.
 *
 * A sum of layers is not the time of the whole: alone, a layer is not fused with its neighbours, and its data are laid out
 * anew. So the sum is scaled to the measured time of the whole original. Layers that no table covers have their share of the work
 * and shrink as it does; what is left then is taken to be of all other nodes, and shrinks as the elements that they make.
 * Trust the ratio to the original, and have `verify` measure it.
 */
export class LatencyModel {
  /** Milliseconds of one run of the original. */
  readonly originalMs: number;
  readonly #scale: number;
  readonly #beside: { readonly ms: number; readonly work: RemainingWork };
  readonly #others: { readonly ms: number; readonly elements: RemainingWork };

  constructor(
    analysis: Analysis,
    costs: CostModel,
    readonly measured: Measured,
  ) {
    const { tables, whole, overhead } = measured;
    const work = workBeside(analysis, new Set(tables.map(({ layer }) => layer.node)), costs);
    const uncovered = work.whole / Math.max(1, costs.of().macs);
    const sum = this.#layers();
    const all = whole ?? sum / Math.max(1 - uncovered, Number.EPSILON);
    const besideMs = all * uncovered;
    this.#scale = sum === 0 ? 0 : Math.min(1, (all - besideMs) / sum);
    this.#beside = { ms: besideMs, work };
    this.#others = { ms: all - besideMs - this.#scale * sum, elements: elementsMade(analysis, costs) };
    this.originalMs = overhead + all;
  }

  /** Milliseconds of what a removal leaves; `undefined` removes nothing. */
  of(kept?: KeptIndices): number {
    if (kept === undefined) return this.originalMs;
    return (
      this.measured.overhead +
      this.#scale * this.#layers(kept) +
      this.#beside.ms * this.#beside.work.share(kept) +
      this.#others.ms * this.#others.elements.share(kept)
    );
  }

  /** Milliseconds of each measured layer by its node, before a removal and after it, scaled as in the whole. */
  byNode(kept: KeptIndices): readonly LayerLatency[] {
    return this.measured.tables.map((table) => ({
      node: table.layer.node.name,
      originalMs: this.#scale * layerMs(table),
      predictedMs: this.#scale * layerMs(table, kept),
    }));
  }

  #layers(kept?: KeptIndices): number {
    let sum = 0;
    for (const table of this.measured.tables) sum += layerMs(table, kept);
    return sum;
  }
}

/** What a layer takes alone, at the widths that a removal leaves; `undefined` removes nothing. */
const layerMs = (table: Table, kept?: KeptIndices): number =>
  interpolated(
    table,
    table.layer.widths.map(({ whole, after }) => (kept === undefined ? whole : after(kept))),
  );

/**
 * Measures what a model's layers cost on this machine: alone, at some widths of what can be cut of them, on zeros, in the
 * runtime. What was measured before on the same machine, with the same runtime and threads, is not measured again: layers are
 * known by operator, attributes, shapes and types, in whichever model they are. After half a minute what is left is estimated.
 *
 * errors: RUNTIME_MISSING; the signal's reason
 */
export async function latencyOf(
  model: NativeModel,
  analysis: Analysis,
  costs: CostModel,
  sha256: string,
  options: LatencyOptions,
): Promise<LatencyModel> {
  const { runtime, threads, signal, patience = PATIENCE_MS, folders } = options;
  const load = quietly(options);
  // What a runtime without a name measured is not kept, since it could not be told from another runtime the next time.
  const within = runtime.name === undefined ? [] : folders;
  const cache = await Cache.open(settingOf(runtime.name ?? '', threads), within);
  const bench = new Bench(runtime, load);
  try {
    const key = JSON.stringify([sha256, costs.assumed]);
    const kept = { whole: cache.get(key), overhead: cache.get('nothing') };
    const timed = (): Promise<number | undefined> => wholeOf(model, analysis, costs, bench, load);
    const first = {
      whole: kept.whole ?? (await timed()),
      overhead: kept.overhead ?? (await bench.overhead()),
    };
    const { tables, measured } = await tablesOf(layersOf(analysis, costs), cache, bench, {
      ...options,
      patience,
    });
    // It is measured once more at the end, since what disturbed the machine at first may have gone.
    const whole = kept.whole ?? leastOf(first.whole, await timed());
    const overhead = kept.overhead ?? Math.min(first.overhead, await bench.overhead());
    if (whole !== undefined) cache.set(key, whole);
    cache.set('nothing', overhead);
    const nodes = new Set(analysis.work.map(({ node }) => node)).size;
    const points = measured + (kept.whole === undefined ? 1 : 0);
    return new LatencyModel(analysis, costs, {
      ...{ whole: whole && Math.max(0, whole - overhead), overhead, points },
      tables: tables.map(({ ms, ...table }) => ({
        ...table,
        ms: ms.map((one) => Math.max(0, one - overhead)),
      })),
      estimated: nodes - tables.length,
    });
  } finally {
    await bench.dispose();
    if (!signal?.aborted) await cache.save();
  }
}

const leastOf = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);

/** Of one run of the original on zeros; undefined where it does not run on them. */
async function wholeOf(
  model: NativeModel,
  { graph, tensors }: Analysis,
  costs: CostModel,
  bench: Bench,
  load: LoadOptions,
): Promise<number | undefined> {
  const feedsFor = (session: Session): Feeds | undefined => {
    const feeds: Record<string, Tensor> = {};
    for (const { name, dtype } of session.inputs) {
      const isInput = graph.inputs.some((input) => input.name === name);
      const axes = isInput ? tensors.get(name)?.axes : undefined;
      if (dtype === 'other' || dtype === 'string' || axes === undefined) return undefined;
      feeds[name] = zerosOf(
        dtype,
        axes.map(({ length }) => evaluate(length, costs.assign)),
      );
    }
    return feeds;
  };
  const copy = await observe(model, [], load);
  try {
    return await bench.model(copy.model, feedsFor, WHOLE_MS);
  } finally {
    await copy.remove();
  }
}
