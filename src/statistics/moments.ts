import type { Group } from '../coupling/groups.js';
import type { Walk } from '../coupling/walk.js';
import type { Dataset } from '../data/data.js';
import { activations } from '../execution/activations.js';
import { shareOf, strideFor, stridesFor } from '../execution/subsampling.js';
import { numbersOf } from '../layers/currentWeights.js';
import { type Layer, mixesAll, weightOf } from '../layers/layers.js';
import { matrixOf, placesOf } from '../layers/matrix.js';
import {
  beside,
  type Direction,
  givenIn,
  layersIn,
  type Recurrent,
  rowsSeen,
  type Stored,
  stateDims,
  statesBefore,
  storedFor,
  valuesOf,
} from '../layers/recurrent.js';
import { dataAt, feed, float32, rowsOf, sampledRows } from '../layers/rows.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import { NativeMoments } from '../native/moments.js';
import { quietly } from '../native/quietly.js';
import { inSlices } from '../platform/index.js';
import type { Runtime, Tensor } from '../runtime/runtime.js';
import { answersOf, Stakes } from './answers.js';

/** Layers of more inputs are left out: their second moments alone would be some hundred megabytes. */
export const MOST_INPUTS = 6144;
/** Layers of this many inputs and more have their products computed in single precision, to a relative error of about 1e-6. */
const SINGLE = 32;

/** What sums over inputs: a layer, or a direction of a recurrent node over what it reads and its states together. */
export type Summing = Layer | Direction;

const isDirection = (summing: Summing): summing is Direction => 'recurrent' in summing;

/**
 * The number of inputs that each output sums over: channels × kernel positions; of a recurrent direction, inputs and
 * hidden state.
 */
export const inputsOf = (summing: Summing): number =>
  isDirection(summing)
    ? summing.input.channels + summing.recurrent.channels
    : summing.channels * summing.taps;

/**
 * Empty second moments, [inputs, inputs] of the inputs and [inputs, outputs] with the targets; small ones are summed
 * in double precision.
 */
export const momentsFor = (inputs: number, outputs: number): NativeMoments =>
  new NativeMoments(inputs, outputs, precisionFor(inputs));

/** What products of a layer's inputs are made in. */
export const precisionFor = (inputs: number): 'double' | 'single' => (inputs < SINGLE ? 'double' : 'single');

/** What layers read on data: the second moments of each one's inputs, with W x as their targets, each as large as it counts (`answers.ts`). */
export interface SecondMoments {
  readonly moments: ReadonlyMap<Summing, NativeMoments>;
  /** Samples in all, and in one batch. */
  readonly samples: number;
  readonly batch: number;
  /** Bytes of all that layers read of one sample. */
  readonly bytes: number;
  /** Positions of each layer in one sample, and the multiplications that each layer may take: `strideFor`. */
  readonly rows: ReadonlyMap<Layer, number>;
  readonly share: number;
}

/** A model, and what is run of it on samples: `branches.ts`. */
export interface Models {
  readonly native: NativeModel;
  readonly computed: NativeModel;
}

/** The same, with the walk of what is run. */
export interface Walked extends Models {
  readonly walk: Walk;
}

/**
 * Runs the original on data, and sums second moments up: memory is that of the moments and of one batch.
 *
 * errors: as `activations`
 */
export async function collectSecondMoments(
  { native, computed, walk }: Walked,
  layers: readonly Layer[],
  recurrents: readonly Recurrent[],
  dataset: Dataset,
  runtime: Runtime,
  options: NativeOptions & { readonly samples?: number },
): Promise<SecondMoments> {
  const inside = new Set(recurrents.flatMap(layersIn));
  const chosen = layers.filter(
    (layer) => mixesAll(layer) && inputsOf(layer) <= MOST_INPUTS && !inside.has(layer),
  );
  const running = recurrents.filter(({ directions }) =>
    directions.every((direction) => inputsOf(direction) <= MOST_INPUTS),
  );
  const summing: readonly Summing[] = [...chosen, ...running.flatMap(({ directions }) => directions)];
  const moments = new Map(summing.map((own) => [own, momentsFor(inputsOf(own), 0)]));
  const answers = answersOf(walk, chosen);
  const stakes = new Map([...answers.keys()].map((layer) => [layer, new Stakes(layer.outputs)]));
  const rows = new Map<Layer, number>();
  const strides = new Map<Summing, { readonly batches: number; readonly positions: number }>();
  let [samples, batch, bytes, share, at] = [0, 0, 0, 0, 0];
  const total = { done: 0, total: 0 };
  const quiet = quietly(options);
  // Layers that leave batches out take turns.
  const takes = (own: Summing, turn: number): boolean => {
    const { batches } = strides.get(own)!;
    return turn === 0 || (turn + layerOf(own).sites[0]!.index) % batches === 0;
  };
  const wanted = (takes: (own: Summing) => boolean): string[] => [
    ...chosen.filter(takes).flatMap(({ sites }) => sites.map(({ data }) => data)),
    ...chosen.filter(takes).flatMap((layer) => answers.get(layer)?.map(({ value }) => value) ?? []),
    ...running.filter(({ directions }) => directions.some(takes)).flatMap(valuesOf),
  ];
  const given = new Map<Recurrent, Stored>();
  for (const recurrent of running) given.set(recurrent, await storedFor(recurrent, native, quiet));
  for await (const { tensors, samples: count } of activations(
    computed,
    wanted(() => true),
    dataset,
    runtime,
    {
      ...options,
      select: (turn) => wanted((own) => takes(own, turn)),
      onProgress: (progress) => {
        Object.assign(total, progress);
        options.onProgress?.(progress);
      },
    },
  )) {
    if (at === 0) {
      for (const own of summing) rows.set(layerOf(own), rowsIn(layerOf(own), tensors) / count);
      const sizes = summing.map((own) => ({
        inputs: inputsOf(own),
        rows: rows.get(layerOf(own))! * total.total,
      }));
      share = shareOf(sizes);
      for (const [place, own] of summing.entries())
        strides.set(own, stridesFor(strideFor(sizes[place]!, share), total.total));
      const answered = new Set([...answers.values()].flat().map(({ value }) => value));
      const read = Object.entries(tensors).filter(([name]) => !answered.has(name));
      bytes = bytesOf(Object.fromEntries(read)) / count;
    }
    samples += count;
    batch = Math.max(batch, count);
    for (const recurrent of running)
      for (const direction of recurrent.directions) {
        if (!takes(direction, at)) continue;
        const { positions } = strides.get(direction)!;
        const x = stepsIn(recurrent, direction, given.get(recurrent)!, tensors, positions);
        await moments.get(direction)!.add(x, NONE, quiet);
      }
    for (const [layer, own] of answers)
      for (const answer of takes(layer, at) ? own : [])
        await inSlices(stakes.get(layer)!.take(answer, tensors[answer.value]!), options.signal);
    for (const layer of chosen)
      for (const site of takes(layer, at) ? layer.sites : []) {
        const { x, dims } = dataAt(site, tensors[site.data]!);
        const { positions } = strides.get(layer)!;
        await feed(moments.get(layer)!, sampledRows(layer, site, x, dims, positions), NONE, quiet);
      }
    at += 1;
  }
  for (const [summing, own] of moments) {
    // No sample has come to it: nothing is known.
    if ((await own.summary(quiet)).count === 0) {
      moments.delete(summing);
      continue;
    }
    const weights = await weightsOf(native, summing, quiet);
    const factors = isDirection(summing) ? undefined : stakes.get(summing)?.factors();
    if (factors !== undefined) scaleRows(weights, factors);
    await own.respond(weights, layerOf(summing).outputs, quiet);
  }
  return { moments, samples, batch, bytes, rows, share };
}

const NONE = new Float32Array(0);

const layerOf = (summing: Summing): Layer => (isDirection(summing) ? summing.input : summing);

/** weights: [rows, inputs]; factors: [rows]. */
function scaleRows(weights: Float32Array, factors: Float64Array): void {
  const inputs = weights.length / factors.length;
  for (const [row, factor] of factors.entries())
    for (let at = row * inputs; at < (row + 1) * inputs; at++) weights[at]! *= factor;
}

/** W, or W beside R. */
async function weightsOf(
  native: NativeModel,
  summing: Summing,
  options: NativeOptions,
): Promise<Float32Array> {
  const matrix = async (layer: Layer): Promise<Float32Array> =>
    matrixOf(await numbersOf(native, weightOf(layer), options), placesOf(layer, layer.weight.dims));
  if (!isDirection(summing)) return matrix(summing);
  const { input, recurrent } = summing;
  const rows = Int32Array.from({ length: input.outputs }, (_, row) => row);
  return beside(rows, await matrix(input), input.channels, await matrix(recurrent), recurrent.channels);
}

/** What a direction's gates read of a batch: x beside the h of the step before. */
function stepsIn(
  recurrent: Recurrent,
  direction: Direction,
  stored: Stored,
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

type Tensors = Readonly<Record<string, Tensor>>;

const rowsIn = (layer: Layer, tensors: Tensors): number =>
  layer.sites.reduce((sum, site) => {
    const { dims } = tensors[site.data]!;
    const own = site.part === undefined ? dims : dims.with(site.part.axis, 1);
    return sum + rowsOf(layer, site, NONE, own).rows;
  }, 0);

const bytesOf = (tensors: Tensors): number =>
  Object.values(tensors).reduce((sum, { data }) => sum + (ArrayBuffer.isView(data) ? data.byteLength : 0), 0);

/** For each lane of a group its inputs at a layer that consumes it; undefined where the layer does not. */
export function blocksOf(group: Group, summing: Summing): readonly Uint32Array[] | undefined {
  if (!isDirection(summing)) return blocksIn(group, summing);
  const { input, recurrent } = summing;
  const [x, h] = [blocksIn(group, input), blocksIn(group, recurrent)];
  const behind = h?.map((block) => block.map((index) => index + input.channels));
  if (x === undefined || behind === undefined) return x ?? behind;
  return x.map((block, lane) => Uint32Array.from([...block, ...behind[lane]!]));
}

function blocksIn(group: Group, layer: Layer): readonly Uint32Array[] | undefined {
  const own = group.axes.find(
    ({ parameterAxis }) =>
      parameterAxis.tensor === layer.weight.id &&
      parameterAxis.axis === layer.layout.input &&
      parameterAxis.use === undefined,
  );
  if (own === undefined) return undefined;
  const blocks: number[][] = group.lanes.map(() => []);
  for (const [channel, lane] of own.lanes.entries()) {
    if (lane < 0) continue;
    for (let tap = 0; tap < layer.taps; tap++) blocks[lane]!.push(channel * layer.taps + tap);
  }
  return blocks.map((block) => Uint32Array.from(block));
}
