import { EspalierError } from '../base/errors.js';
import type { Analysis } from '../coupling/analysis.js';
import type { Group } from '../coupling/groups.js';
import type { ObservationPoint } from '../coupling/observationPoints.js';
import { findObservationPoints, viewOf } from '../coupling/observationPoints.js';
import type { Observer } from '../execution/collecting.js';
import type { CalibrationSession } from '../loss/session.js';
import type { Histogram } from '../native/activations.js';
import { NativeActivations } from '../native/activations.js';
import type { NativeModel } from '../native/index.js';
import { quietly } from '../native/quietly.js';
import { gainsOf } from '../ops/gains.js';
import type { OpenedCalibrationOptions } from '../options/opened.js';
import type { CallOptions } from '../options/types.js';
import { isFloat, numbersOf } from '../runtime/dtypes.js';
import type { Tensor } from '../runtime/runtime.js';
import type { CalibrationStatistics, ChannelSummary, Saliency } from '../scoring/criterion.js';
import { growTrees } from './growTrees.js';
import { rowsOf } from './sampling.js';
import { SharedRuns } from './sharedRuns.js';

type ObservationOptions = CallOptions & OpenedCalibrationOptions & { readonly seed?: number };

/** What criteria ask for, of one model and one set of samples. */
export function calibrationStatisticsOf(
  native: NativeModel,
  analysis: Analysis,
  options: ObservationOptions,
  session: CalibrationSession | undefined,
  parts: boolean,
): CalibrationStatistics {
  const { document } = analysis.graph;
  const runs = new SharedRuns(native, options, session);
  const shows = new StatisticsCollector(analysis, options, runs);
  return {
    statistics: (requests, statistic) => native.statistics(requests, statistic, options),
    rankOf: (tensor) => document.tensors[tensor]!.dims.length,
    stored: (tensor) => {
      const { dims, dtype } = document.tensors[tensor]!;
      return { name: analysis.graph.nameOf(tensor), dims, dtype };
    },
    values: (tensor) => native.floats(tensor, quietly(options)),
    gains: gainsOf(analysis.graph),
    hasData: options.data !== undefined,
    activations: (groups, histogram) => shows.of(groups, histogram),
    saliencies: (groups) => pricesOf(session, groups, options, parts),
    trees: (groups, own) => growTrees(runs, analysis, groups, { ...own, ...options, pairs: false }),
    rows: (groups, most) => rowsOf(runs, analysis, groups, most, options.seed),
    seed: options.seed ?? 0,
    ...(options.signal !== undefined && { signal: options.signal }),
  };
}

async function pricesOf(
  session: CalibrationSession | undefined,
  groups: readonly Group[],
  options: ObservationOptions,
  parts: boolean,
): Promise<readonly (Saliency | undefined)[]> {
  if (session === undefined) throw new EspalierError('INTERNAL', 'prices were asked for without data');
  const rankings = await session.rankings(groups, options);
  const priced: (Saliency | undefined)[] = [];
  for (const [index, ranking] of rankings.entries()) {
    const bits = parts && ranking && (await session.information(groups[index]!, options));
    priced.push(ranking && { order: ranking.order, damage: ranking.damage, ...(bits && { bits }) });
  }
  return priced;
}

/** One place of a group, and what is found there. */
interface WatchedPoint {
  readonly group: Group;
  readonly place: ObservationPoint;
  readonly native: NativeActivations;
  /** The runtime gave something else than was expected: integers, or dims that do not fit. */
  unfit: boolean;
}

/** Statistics of activations; the first pass over the samples is made once for all who ask. */
class StatisticsCollector {
  #first: { readonly key: string; readonly watched: Promise<readonly WatchedPoint[]> } | undefined;

  constructor(
    readonly analysis: Analysis,
    readonly options: ObservationOptions,
    readonly runs: SharedRuns,
  ) {}

  async of(
    groups: readonly Group[],
    histogram?: Histogram & { readonly millerMadow: boolean },
  ): Promise<readonly (readonly ChannelSummary[])[]> {
    const passes = histogram === undefined ? 1 : 2;
    const watched = await this.#once(groups, histogram?.binning === 'quantile', passes);
    if (histogram !== undefined) {
      for (const { native } of watched) await native.bins(histogram);
      await this.#pass(watched, 'count', passes);
    }
    const shown = new Map<Group, ChannelSummary[]>();
    for (const { group, place, native, unfit } of watched) {
      if (unfit) continue;
      const summary = await native.summary();
      const entropy = histogram && (await native.entropy(histogram.millerMadow));
      shown.set(group, [...(shown.get(group) ?? []), { place, summary, ...(entropy && { entropy }) }]);
    }
    return groups.map((group) => shown.get(group) ?? []);
  }

  #once(groups: readonly Group[], quantiles: boolean, passes: number): Promise<readonly WatchedPoint[]> {
    const key = `${quantiles} ${groups.map(({ id }) => id).join('\n')}`;
    if (this.#first?.key !== key) {
      const watched = this.#watch(groups, quantiles, passes);
      this.#first = { key, watched };
      watched.catch(() => (this.#first = undefined));
    }
    return this.#first.watched;
  }

  async #watch(
    groups: readonly Group[],
    quantiles: boolean,
    passes: number,
  ): Promise<readonly WatchedPoint[]> {
    const places = findObservationPoints(this.analysis);
    const watched = groups.flatMap((group) =>
      places.get(group)!.best.map((place): WatchedPoint => {
        const native = new NativeActivations(group.lanes.length, { quantiles });
        return { group, place, native, unfit: false };
      }),
    );
    await this.#pass(watched, 'add', passes);
    return watched;
  }

  /** Runs the model over the samples, and shows each batch to all who watch. */
  async #pass(watched: readonly WatchedPoint[], take: 'add' | 'count', passes: number): Promise<void> {
    const call = quietly(this.options);
    const values = [...new Set(watched.map(({ place }) => place.value))];
    const observer: Observer = {
      values,
      take: async ({ tensors }) => {
        const floats = new Map(values.map((name) => [name, floatsOf(tensors[name]!)]));
        const added = await Promise.allSettled(
          watched.map(async (own) => {
            const { place, native } = own;
            const data = floats.get(place.value);
            const view = viewOf(place, tensors[place.value]!.dims);
            if (data === undefined || view === undefined) own.unfit = true;
            else if (!own.unfit) {
              const { outer, inner } = view;
              await native[take]({ value: place.value, data, lanes: place.lanes, outer, inner }, call);
            }
          }),
        );
        // Of several failures the first in order is thrown, so that the same call always fails in the same way.
        for (const result of added) if (result.status === 'rejected') throw result.reason;
      },
    };
    await this.runs.observe(observer, passes);
  }
}

function floatsOf(tensor: Tensor): Float32Array | undefined {
  if (tensor.data instanceof Float32Array) return tensor.data;
  return isFloat(tensor.type) ? Float32Array.from(numbersOf(tensor)) : undefined;
}
