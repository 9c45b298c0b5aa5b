import type { Group } from '../coupling/groups.js';
import { type Layer, mixesAll } from '../layers/layers.js';
import type { Direction } from '../layers/recurrent.js';

/** What sums over inputs: a layer, or a direction of a recurrent node over what it reads and its states together. */
export type Summing = Layer | Direction;

/** Whether it is a direction of a recurrent node. */
export const isDirection = (summing: Summing): summing is Direction => 'recurrent' in summing;

/** The layer itself; of a recurrent direction the one that reads x. */
export const layerOf = (summing: Summing): Layer => (isDirection(summing) ? summing.input : summing);

/**
 * The number of inputs that each output sums over: channels × kernel positions; of a recurrent direction, inputs and
 * hidden state.
 */
export const inputsOf = (summing: Summing): number =>
  isDirection(summing)
    ? summing.input.channels + summing.recurrent.channels
    : summing.channels * summing.taps;

/**
 * Tells inputs apart: layers with the same key read the same values along the same axis through the same windows, so that their
 * second moments are the same. Undefined for what shares its inputs with nothing.
 */
export function keyOf(summing: Summing): string | undefined {
  if (isDirection(summing) || !mixesAll(summing)) return undefined;
  const { uses, channels, layout, weight } = summing;
  const kernel = layout.taps.map((axis) => weight.dims[axis]);
  return JSON.stringify([
    ...[channels, kernel],
    ...uses.map(({ data, part, axis, window, reals }) => [data, part, axis, window, reals?.data]),
  ]);
}

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
