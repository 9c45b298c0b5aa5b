import { activations } from '../calibration/activations.js';
import type { Dataset } from '../calibration/data.js';
import type { Group } from '../lanes/groups.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import { NativeMoments } from '../native/moments.js';
import type { Runtime, Tensor } from '../runtime/runtime.js';
import { numbersOf } from './contents.js';
import { feed, float32, lookedAt, rowsOf } from './feeding.js';
import { type Layer, mixesAll, weightOf } from './layers.js';
import { matrixOf, placesOf } from './matrix.js';
import { everyFor, shareOf, stridesFor } from './positions.js';
import { quietly } from './quietly.js';

/** Layers of more inputs are left out: their second moments alone would be some hundred megabytes. */
export const MOST_INPUTS = 6144;
/** From so many inputs on products are made in single precision, which is right to 1e-6. */
const SINGLE = 32;

export const inputsOf = (layer: Layer): number => layer.channels * layer.taps;

export const momentsFor = (inputs: number, outputs: number): NativeMoments =>
  new NativeMoments(inputs, outputs, inputs < SINGLE ? 'double' : 'single');

/** What layers read on data: the second moments of each one's inputs, with W x as their targets. */
export interface Observed {
  readonly moments: ReadonlyMap<Layer, NativeMoments>;
  /** Samples in all, and in one batch. */
  readonly samples: number;
  readonly batch: number;
  /** Bytes of all that layers read of one sample. */
  readonly bytes: number;
  /** Positions that each layer has in one sample, and what looking at them may cost: `everyFor`. */
  readonly rows: ReadonlyMap<Layer, number>;
  readonly share: number;
}

/** A model, and what is run of it on samples: `branches.ts`. */
export interface Models {
  readonly native: NativeModel;
  readonly computed: NativeModel;
}

/**
 * Runs the original on data, and sums second moments up: memory is that of the moments and of one batch.
 *
 * errors: as `activations`
 */
export async function observe(
  { native, computed }: Models,
  layers: readonly Layer[],
  dataset: Dataset,
  runtime: Runtime,
  options: NativeOptions & { readonly samples?: number },
): Promise<Observed> {
  const chosen = layers.filter((layer) => mixesAll(layer) && inputsOf(layer) <= MOST_INPUTS);
  const moments = new Map(chosen.map((layer) => [layer, momentsFor(inputsOf(layer), 0)]));
  const values = chosen.flatMap(({ sites }) => sites.map(({ data }) => data));
  const rows = new Map<Layer, number>();
  const strides = new Map<Layer, { readonly batches: number; readonly positions: number }>();
  let [samples, batch, bytes, share, at] = [0, 0, 0, 0, 0];
  const total = { done: 0, total: 0 };
  const quiet = quietly(options);
  // Layers that leave batches out take turns.
  const takes = (layer: Layer, turn: number): boolean => {
    const { batches } = strides.get(layer)!;
    return turn === 0 || (turn + layer.sites[0]!.index) % batches === 0;
  };
  for await (const { tensors, samples: count } of activations(computed, values, dataset, runtime, {
    ...options,
    select: (turn) =>
      chosen.filter((layer) => takes(layer, turn)).flatMap(({ sites }) => sites.map(({ data }) => data)),
    onProgress: (progress) => {
      Object.assign(total, progress);
      options.onProgress?.(progress);
    },
  })) {
    if (at === 0) {
      for (const layer of chosen) rows.set(layer, rowsIn(layer, tensors) / count);
      const sizes = chosen.map((layer) => ({
        inputs: inputsOf(layer),
        rows: rows.get(layer)! * total.total,
      }));
      share = shareOf(sizes);
      for (const [place, layer] of chosen.entries())
        strides.set(layer, stridesFor(everyFor(sizes[place]!, share), total.total));
      bytes = bytesOf(tensors) / count;
    }
    samples += count;
    batch = Math.max(batch, count);
    for (const [layer, own] of moments)
      for (const site of takes(layer, at) ? layer.sites : []) {
        const tensor = tensors[site.data]!;
        const x = float32(tensor, site.data);
        const { positions } = strides.get(layer)!;
        const { rows } = lookedAt(layer, site, x, tensor.dims, positions);
        await feed(own, rows, NONE, quiet);
      }
    at += 1;
  }
  for (const [layer, own] of moments) {
    // No sample has come to it: nothing is known.
    if ((await own.summary(quiet)).count === 0) {
      moments.delete(layer);
      continue;
    }
    const places = placesOf(layer, layer.weight.dims);
    const weights = matrixOf(await numbersOf(native, weightOf(layer), quiet), places);
    await own.respond(weights, layer.outputs, quiet);
  }
  return { moments, samples, batch, bytes, rows, share };
}

const NONE = new Float32Array(0);

type Tensors = Readonly<Record<string, Tensor>>;

const rowsIn = (layer: Layer, tensors: Tensors): number =>
  layer.sites.reduce((sum, site) => {
    const tensor = tensors[site.data]!;
    return sum + rowsOf(layer, site, NONE, tensor.dims).rows;
  }, 0);

const bytesOf = (tensors: Tensors): number =>
  Object.values(tensors).reduce((sum, { data }) => sum + (ArrayBuffer.isView(data) ? data.byteLength : 0), 0);

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
