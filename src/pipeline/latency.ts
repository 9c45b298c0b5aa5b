import type { LatencyModel } from '../cost/latency/model.js';
import type { CostModel } from '../cost/model.js';
import type { Analysis } from '../coupling/analysis.js';
import type { KeptIndices } from '../model/values.js';
import type { NativeModel } from '../native/index.js';
import type { OpenedPlanOptions } from '../options/opened.js';
import type { LatencyPrediction } from '../options/types.js';
import { onnxruntime } from '../runtime/onnxruntime.js';
import type { Runtime } from '../runtime/runtime.js';

/** What a model's layers were measured to cost; the last such model is held, for a guard asks for it again and again. */
export class Latencies {
  readonly #native: NativeModel;
  #last: { readonly key: readonly unknown[]; readonly model: LatencyModel } | undefined;

  constructor(native: NativeModel) {
    this.#native = native;
  }

  async of(
    analysis: Analysis,
    costs: CostModel,
    sha256: string,
    { runtime = onnxruntime(), threads, signal, onProgress }: OpenedPlanOptions,
  ): Promise<LatencyModel> {
    const key = [analysis, named(runtime), threads];
    if (this.#last?.key.every((part, i) => part === key[i])) return this.#last.model;
    const { latencyOf } = await import('../cost/latency/model.js');
    const model = await latencyOf(this.#native, analysis, costs, sha256, {
      runtime,
      ...(threads !== undefined && { threads }),
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    });
    this.#last = { key, model };
    return model;
  }
}

/** Runtimes of one name are one runtime. */
const named = (runtime: Runtime): unknown => runtime.name ?? runtime;

/**
 * The latency in milliseconds, and as a share of the original's, that the measured layers predict for a model of
 * these kept indices.
 */
export function predictionOf(
  model: LatencyModel,
  kept: KeptIndices,
  { graph }: Pick<Analysis, 'graph'>,
): LatencyPrediction {
  const { originalMs, measured } = model;
  const predictedMs = model.of(kept);
  const place = new Map(graph.nodes.map(({ name }, index) => [name, index]));
  const byNode = model.byNode(kept).toSorted((a, b) => place.get(a.node)! - place.get(b.node)!);
  const sum = (of: 'originalMs' | 'predictedMs'): number => byNode.reduce((all, own) => all + own[of], 0);
  return {
    originalMs,
    predictedMs,
    ratio: predictedMs / originalMs,
    layers: { measured: measured.tables.length, estimated: measured.estimated },
    points: measured.points,
    byNode,
    rest: {
      originalMs: Math.max(0, originalMs - sum('originalMs')),
      predictedMs: Math.max(0, predictedMs - sum('predictedMs')),
    },
  };
}
