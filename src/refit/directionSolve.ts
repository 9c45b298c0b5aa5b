import type { Steps } from '../base/steps.js';
import { numbersOf } from '../layers/currentWeights.js';
import { type Layer, weightOf } from '../layers/layers.js';
import { matrixOf, placesOf } from '../layers/matrix.js';
import type { Direction, Recurrent } from '../layers/recurrent.js';
import type { NativeMoments, Refit } from '../native/moments.js';
import { inSlices } from '../platform/index.js';
import { momentsFor } from '../statistics/moments.js';
import { dampingsFor } from './examples.js';
import type { PendingUpdates } from './pendingUpdates.js';
import type { Refitting } from './refitting.js';

/** The damping where no sample is held out to choose one by. */
const UNJUDGED = 1e-3;

/** The refitted weights of W or R, and the intercept that is added to their product. */
export interface SolvedWeights {
  readonly layer: Layer;
  readonly weights: Float64Array;
  readonly intercept: Float64Array;
}

/** W or R within the joint regression: where its inputs begin among the kept ones and among all, and its weights before the refit. */
interface RegressionPart {
  readonly layer: Layer;
  readonly start: number;
  readonly target: number;
  readonly kept: readonly number[];
  readonly weights: Float32Array;
  readonly solved: SolvedWeights;
}

/** The batches that are fitted to, and those that are held out to judge the fit. */
export interface Fits {
  readonly fits: NativeMoments;
  readonly held: NativeMoments;
}

/** Inputs and hidden states of a direction: as many as are left, and as the original has. */
export function widthsOf(
  { input, recurrent }: Direction,
  updates: PendingUpdates,
): { readonly left: readonly [number, number]; readonly whole: readonly [number, number] } {
  return {
    left: [updates.keptChannels(input).length, updates.keptChannels(recurrent).length],
    whole: [input.channels, recurrent.channels],
  };
}

/** W' = W B, where B predicts the original inputs from the kept ones: x and h together, except for gates that read each by itself. */
export async function solutionOf(
  recurrent: Recurrent,
  direction: Direction,
  refitting: Refitting,
  { fits, held }: Fits,
): Promise<readonly SolvedWeights[]> {
  const { updates, options } = refitting;
  const outputs = updates.keptOutputs(direction.input);
  const { left, whole } = widthsOf(direction, updates);
  const all = momentsFor(left[0] + left[1], whole[0] + whole[1]);
  await all.merge(fits, options);
  await all.merge(held, options);
  const side = async (layer: Layer, start: number, target: number): Promise<RegressionPart> => {
    const weights = await storedWeights(layer, refitting);
    const kept = updates.keptChannels(layer);
    const added = new Float64Array(outputs.length);
    const own = new Float64Array(outputs.length * kept.length);
    return { layer, start, target, kept, weights, solved: { layer, weights: own, intercept: added } };
  };
  const sides = [
    await side(direction.input, 0, 0),
    await side(direction.recurrent, left[0], whole[0]),
  ] as const;
  const gate = direction.input.outputs / recurrent.sums.length;
  const rowsOf = (sums: boolean): number[] =>
    [...outputs.keys()].filter((row) => recurrent.sums[Math.floor(outputs[row]! / gate)] === sums);
  const parts = [
    { rows: rowsOf(true), sides },
    ...sides.map((own) => ({ rows: rowsOf(false), sides: [own] })),
  ].filter(({ rows }) => rows.length > 0);
  for (const { rows, sides } of parts) {
    const refit = await ridgeOf(
      rows.map((row) => outputs[row]!),
      sides,
      { fits, held, all },
      refitting,
    );
    await inSlices(multiplied(rows, outputs, sides, refit), options.signal);
  }
  return sides.map(({ solved }) => solved);
}

/** Regresses the original inputs on the kept ones, under the damping that is best for the gates' values. */
async function ridgeOf(
  gates: readonly number[],
  sides: readonly RegressionPart[],
  { fits, held, all }: Fits & { readonly all: NativeMoments },
  { mode, options }: Refitting,
): Promise<Refit> {
  const keep = Uint32Array.from(sides.flatMap(({ start, kept }) => kept.map((_, i) => start + i)));
  const near = new Float64Array(all.outputs * keep.length);
  const worth = new Float64Array(all.outputs);
  let column = 0;
  for (const { target, kept, weights, layer } of sides) {
    for (const index of kept) near[(target + index) * keep.length + column++] = 1;
    for (const row of gates)
      for (let channel = 0; channel < layer.channels; channel++)
        worth[target + channel]! += weights[row * layer.channels + channel]! ** 2;
  }
  const intercept = sides.some(({ layer }) => hasBias(layer));
  const ridge = (moments: NativeMoments, damping: number): Promise<Refit> =>
    moments.ridge(keep, damping, { ...options, intercept, near });
  let [damping, least] = [UNJUDGED, Number.POSITIVE_INFINITY];
  if ((await held.summary(options)).count > 0)
    for (const candidate of dampingsFor(keep.length, mode)) {
      const errors = await held.errors(keep, await ridge(fits, candidate), options);
      const error = errors.reduce((sum, value, target) => sum + worth[target]! * value, 0);
      if (error < least) [least, damping] = [error, candidate];
    }
  return ridge(all, damping);
}

async function storedWeights(layer: Layer, { source, options }: Refitting): Promise<Float32Array> {
  const places = placesOf(layer, layer.weight.dims);
  return matrixOf(await numbersOf(source.native, weightOf(layer), options), places);
}

const hasBias = ({ uses }: Layer): boolean => uses.every(({ addition }) => addition.kind !== 'none');

/** Puts W B and W c in the place of these rows of each side's weights; c goes to the first side that has a place for it. */
function* multiplied(
  rows: readonly number[],
  outputs: readonly number[],
  sides: readonly RegressionPart[],
  { weights, bias }: Refit,
): Steps<void> {
  const inputs = sides.reduce((sum, { kept }) => sum + kept.length, 0);
  const product = new Float64Array(inputs);
  const shifted = sides.find(({ layer }) => hasBias(layer))?.solved.intercept;
  for (const row of rows) {
    product.fill(0);
    let shift = 0;
    for (const { layer, target, weights: before } of sides)
      for (let channel = 0; channel < layer.channels; channel++) {
        const factor = before[outputs[row]! * layer.channels + channel]!;
        shift += factor * bias[target + channel]!;
        const given = weights.subarray((target + channel) * inputs, (target + channel + 1) * inputs);
        for (let input = 0; input < inputs; input++) product[input]! += factor * given[input]!;
      }
    let from = 0;
    for (const { kept, solved } of sides) {
      solved.weights.set(product.subarray(from, from + kept.length), row * kept.length);
      from += kept.length;
    }
    if (shifted !== undefined) shifted[row] = shift;
    yield;
  }
}
