import type * as ort from 'onnxruntime-node';
import { Tensor } from 'onnxruntime-node';
import { expect } from 'vitest';
import { type Dataset, datasetOf } from '../../src/data/dataset.js';
import type { Plan, PlanOptions } from '../../src/index.js';
import { openModel } from '../../src/index.js';
import { Builder } from '../support/builder.js';
import { difference, type Feeds, run } from '../support/exact.js';
import { encodeModel, type ModelSpec, type TensorSpec } from '../support/onnx.js';
import { random } from '../support/random.js';

/** Of so many first lanes the others are copies, in tests whose weights are integers. */
export const HALF = 4;
/** What a lane of integers is of the one that it copies: scales that integers can have exactly. */
export const times = (lane: number): number => (lane < HALF ? 1 : 2 + (lane - HALF) / 4);

/** A weight as a test wants it; a number: the second half of its outputs, on that axis, are those of the first, scaled. */
export type Change = number | ((tensor: TensorSpec) => TensorSpec);

/** A model of one input x, with some of its weights changed. */
export function modelOf(
  build: (b: Builder) => void,
  shape: readonly (number | string)[],
  changes: Readonly<Record<string, Change>> = {},
  outputs: readonly string[] = ['y'],
): ModelSpec {
  const b = new Builder();
  build(b);
  const changed = (own: TensorSpec): TensorSpec => {
    const change = changes[own.name];
    if (typeof change === 'number') return repeated(own, change, (lane) => 0.5 + 0.25 * (lane % 4));
    return change?.(own) ?? own;
  };
  return {
    opset: 17,
    nodes: b.nodes,
    initializers: b.initializers.map(changed),
    inputs: [{ name: 'x', shape }],
    outputs: outputs.map((name) => ({ name, shape: [] })),
  };
}

/** Samples for a model: each open length but the first is `open`. */
export function samplesOf(
  model: ModelSpec,
  samples: number,
  seed: number,
  open = 5,
): Record<string, { readonly type: 'float32'; readonly data: Float32Array; readonly dims: number[] }> {
  const next = random(seed);
  return Object.fromEntries(
    model.inputs.map(({ name, shape }) => {
      const dims = shape.map((length) =>
        length === 'n' ? samples : typeof length === 'number' ? length : open,
      );
      const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, next);
      return [name, { type: 'float32' as const, data, dims }];
    }),
  );
}

export const datasetFor = (model: ModelSpec, samples: number, seed = 1, open = 5): Dataset =>
  datasetOf(samplesOf(model, samples, seed, open));

export function feedsFor(model: ModelSpec, samples: number, seed: number, open = 5): Feeds {
  return Object.fromEntries(
    Object.entries(samplesOf(model, samples, seed, open)).map(([name, { data, dims }]) => [
      name,
      new Tensor('float32', data, dims),
    ]),
  );
}

export interface Refitted {
  readonly plan: Plan;
  readonly bytes: Uint8Array;
}

export async function prune(model: ModelSpec, options: PlanOptions): Promise<Refitted> {
  using opened = await openModel(encodeModel(model));
  const pruned = await opened.prune({ criterion: 'information', ...options });
  return { plan: pruned.plan, bytes: await pruned.toBytes() };
}

/** How far a pruned model's answers are from the original's, relative to the largest. */
export async function distance(model: ModelSpec, bytes: Uint8Array, feeds: Feeds): Promise<number> {
  return difference(await run(bytes, feeds), await run(encodeModel(model), feeds));
}

/** Mean square of the difference of all outputs, each in shares of its mean square. */
export async function error(model: ModelSpec, bytes: Uint8Array, feeds: Feeds): Promise<number> {
  const [found, wanted] = [await run(bytes, feeds), await run(encodeModel(model), feeds)];
  let sum = 0;
  for (const [name, tensor] of Object.entries(wanted)) {
    const [a, b] = [found[name] as ort.Tensor, tensor as ort.Tensor];
    expect(a.dims, `dims of ${name}`).toEqual(b.dims);
    const [x, y] = [Array.from(a.data as Float32Array, Number), Array.from(b.data as Float32Array, Number)];
    const energy = y.reduce((total, value) => total + value ** 2, 0);
    sum += x.reduce((total, value, i) => total + (value - y[i]!) ** 2, 0) / Math.max(energy, 1e-30);
  }
  return sum;
}

/** A weight whose outputs in the second half are those of the first, scaled. outputs: the axis they lie on. */
export function repeated(tensor: TensorSpec, outputs: number, scale: (lane: number) => number): TensorSpec {
  const { dims } = tensor;
  const data = tensor.data.slice() as Float32Array;
  const inner = dims.slice(outputs + 1).reduce((a, b) => a * b, 1);
  const length = dims[outputs]!;
  const half = length / 2;
  for (let at = 0; at < data.length; at++) {
    const lane = Math.floor(at / inner) % length;
    if (lane >= half) data[at] = scale(lane) * data[at - half * inner]!;
  }
  return { ...tensor, data };
}
