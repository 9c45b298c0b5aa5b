import { activations } from '../calibration/activations.js';
import type { Dataset } from '../calibration/data.js';
import type { Group } from '../lanes/groups.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import { NativeMoments } from '../native/moments.js';
import type { Runtime } from '../runtime/runtime.js';
import { numbersOf } from './contents.js';
import { feed, float32, rowsOf } from './feeding.js';
import { type Layer, mixesAll, weightOf } from './layers.js';
import { matrixOf, placesOf } from './matrix.js';
import { quietly } from './quietly.js';

/** Layers of more inputs are left out: their second moments alone would be some hundred megabytes. */
export const MOST_INPUTS = 6144;
/** Products that the second moments of all layers take together: positions beyond are left out, evenly. */
const MOST_PRODUCTS = 2.5e12;
/** Positions for each input of a layer at least, and of any layer at most. */
const ROWS_EACH = 4;
const ROWS_MOST = 524288;
/** From so many inputs on products are made in single precision, which is right to 1e-6. */
const SINGLE = 256;

export const inputsOf = (layer: Layer): number => layer.channels * layer.taps;

export const momentsFor = (inputs: number, outputs: number): NativeMoments =>
  new NativeMoments(inputs, outputs, inputs < SINGLE ? 'double' : 'single');

/** Takes each so-many-th of the positions of a layer. */
export function everyFor(inputs: number, rows: number, layers: number): number {
  const most = Math.min(ROWS_MOST, Math.max(ROWS_EACH * inputs, MOST_PRODUCTS / layers / inputs ** 2));
  return Math.max(1, Math.floor(rows / most));
}

/** What layers read on data: the second moments of each one's inputs, with W x as their targets. */
export interface Observed {
  readonly moments: ReadonlyMap<Layer, NativeMoments>;
  /** Samples in all, and in one batch. */
  readonly samples: number;
  readonly batch: number;
  /** Bytes of all that was observed of one sample. */
  readonly bytes: number;
}

/**
 * Runs the original on data, and sums second moments up: memory is that of the moments and of one batch.
 *
 * errors: as `activations`
 */
export async function observe(
  native: NativeModel,
  layers: readonly Layer[],
  dataset: Dataset,
  runtime: Runtime,
  options: NativeOptions & { readonly samples?: number },
): Promise<Observed> {
  const chosen = layers.filter((layer) => mixesAll(layer) && inputsOf(layer) <= MOST_INPUTS);
  const moments = new Map(chosen.map((layer) => [layer, momentsFor(inputsOf(layer), 0)]));
  const values = chosen.flatMap(({ sites }) => sites.map(({ data }) => data));
  const every = new Map<Layer, number>();
  let [samples, batch, bytes] = [0, 0, 0];
  const total = { done: 0, total: 0 };
  const quiet = quietly(options);
  for await (const { tensors, samples: count } of activations(native, values, dataset, runtime, {
    ...options,
    onProgress: (progress) => {
      Object.assign(total, progress);
      options.onProgress?.(progress);
    },
  })) {
    samples += count;
    batch = Math.max(batch, count);
    if (bytes === 0)
      bytes =
        Object.values(tensors).reduce(
          (sum, { data }) => sum + (ArrayBuffer.isView(data) ? data.byteLength : 0),
          0,
        ) / count;
    for (const [layer, own] of moments)
      for (const site of layer.sites) {
        const tensor = tensors[site.data]!;
        const x = float32(tensor, site.data);
        if (!every.has(layer)) {
          const { rows } = rowsOf(layer, site, x, tensor.dims);
          every.set(
            layer,
            everyFor(inputsOf(layer), (rows / count) * total.total * layer.sites.length, moments.size),
          );
        }
        await feed(own, rowsOf(layer, site, x, tensor.dims, every.get(layer)!), new Float32Array(0), quiet);
      }
  }
  for (const [layer, own] of moments) {
    const places = placesOf(layer, layer.weight.dims);
    const weights = matrixOf(await numbersOf(native, weightOf(layer), quiet), places);
    await own.respond(weights, layer.outputs, quiet);
  }
  return { moments, samples, batch, bytes };
}

/** For each lane of a group its inputs at a layer that consumes it; undefined where the layer does not. */
export function blocksOf(group: Group, layer: Layer): readonly Uint32Array[] | undefined {
  const own = group.slots.find(
    ({ slot }) =>
      slot.tensor === layer.weight.id && slot.axis === layer.layout.input && slot.use === undefined,
  );
  if (own === undefined) return undefined;
  const blocks: number[][] = group.lanes.map(() => []);
  for (const [channel, lane] of own.lanes.entries()) {
    if (lane < 0) continue;
    for (let tap = 0; tap < layer.taps; tap++) blocks[lane]!.push(channel * layer.taps + tap);
  }
  return blocks.map((block) => Uint32Array.from(block));
}
