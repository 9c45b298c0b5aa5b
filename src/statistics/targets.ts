import { numbersOf } from '../layers/currentWeights.js';
import { type Layer, weightOf } from '../layers/layers.js';
import { matrixOf, placesOf } from '../layers/matrix.js';
import { beside } from '../layers/recurrent.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import type { NativeMoments } from '../native/moments.js';
import type { AnswerSensitivity } from './answers.js';
import { isDirection, layerOf, type Summing } from './summing.js';

/**
 * Gives moments the targets W x of layers that read these inputs, one after the other: each layer's in units of their spread, the root of
 * their summed variance, and where its outputs are the model's answers each as large as it counts.
 */
export async function respond(
  native: NativeModel,
  moments: NativeMoments,
  summings: readonly Summing[],
  sensitivities: ReadonlyMap<Layer, AnswerSensitivity>,
  options: NativeOptions,
): Promise<void> {
  const parts: Float32Array[] = [];
  for (const summing of summings) {
    const weights = await weightsOf(native, summing, options);
    const factors = isDirection(summing) ? undefined : sensitivities.get(summing)?.factors();
    if (factors !== undefined) scaleRows(weights, factors);
    parts.push(weights);
  }
  const outputs = summings.map((summing) => layerOf(summing).outputs);
  const sum = outputs.reduce((total, own) => total + own, 0);
  await moments.respond(parts.length === 1 ? parts[0]! : joinedOf(parts), sum, options);
  const { outputVariances } = await moments.summary(options);
  await moments.scaleTargets(unitsOf(outputs, outputVariances), options);
}

/** One over the spread of each layer's outputs, for each of its outputs. */
function unitsOf(outputs: readonly number[], variances: Float64Array): Float64Array {
  const factors = new Float64Array(variances.length);
  let start = 0;
  for (const count of outputs) {
    const spread = variances.subarray(start, start + count).reduce((total, variance) => total + variance, 0);
    // Where nothing varies, behind dead lanes or of a single sample, nothing can be lost.
    const factor = 1 / Math.sqrt(spread);
    factors.fill(Number.isFinite(factor) ? factor : 0, start, start + count);
    start += count;
  }
  return factors;
}

function joinedOf(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

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
