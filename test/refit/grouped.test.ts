import { describe, expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import type { Example } from '../../src/refit/examples.js';
import { solveGroups } from '../../src/refit/grouped.js';
import { Builder } from '../support/builder.js';
import { encodeModel, type ModelSpec, type TensorSpec } from '../support/onnx.js';
import { random } from '../support/random.js';
import type { Change } from './refits.js';
import { datasetFor, distance, error, feedsFor, modelOf, prune, repeated } from './refits.js';

/** Two lanes with one tap each: x [samples, 2] and what is wanted of them. */
function example(x: readonly number[], y: readonly number[], held = false, low?: readonly number[]): Example {
  const one = [1];
  return {
    held,
    rows: {
      x: Float32Array.from(x),
      patches: {
        ...{ batch: x.length / 2, channels: 2, lengths: one, kernel: one, strides: one, dilations: one },
        pads: [0, 0],
      },
      rows: x.length / 2,
    },
    wanted: { y: Float32Array.from(y), ...(low && { low: Float32Array.from(low) }) },
  };
}

const lanes = { groups: 2, inputs: 1, outputs: 1, weights: Float32Array.of(3, 0.5), intercept: true };

describe('each lane by itself', () => {
  const next = random(4);
  const x = Array.from({ length: 400 }, next);
  const sides = (y: readonly number[]): Example[] => [
    example(x.slice(0, 200), y.slice(0, 200)),
    example(x.slice(200), y.slice(200), true),
  ];

  test('by the closed form', async () => {
    const y = x.map((value, i) => (i % 2 === 0 ? 2 * value - 1 + 0.3 * next() : -value));
    const { refit, means } = await solveGroups(lanes, sides(y), {});
    const lane = (values: readonly number[], at: number): number[] => values.filter((_, i) => i % 2 === at);
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    for (const at of [0, 1]) {
      const [own, wanted] = [lane(x, at), lane(y, at)];
      const [u, v] = [mean(own), mean(wanted)];
      const slope =
        mean(own.map((value, i) => (value - u) * (wanted[i]! - v))) /
        mean(own.map((value) => (value - u) ** 2));
      expect(means[at]).toBeCloseTo(u, 6);
      expect(refit.weights[at]).toBeCloseTo(slope, 1);
      expect(refit.bias[at]).toBeCloseTo(v - refit.weights[at]! * u, 6);
    }
    expect(refit.weights[1]).toBeCloseTo(-1, 4);
  });

  test('a lane that is dead or constant keeps its weight', async () => {
    const still = x.map((_, i) => (i % 2 === 0 ? 0 : 4));
    const y = x.map((value, i) => (i % 2 === 0 ? 2 : value));
    const examples = [
      example(still.slice(0, 200), y.slice(0, 200)),
      example(still.slice(200), y.slice(200), true),
    ];
    const { refit } = await solveGroups(lanes, examples, {});
    expect([...refit.weights]).toEqual([3, 0.5]);
    expect(refit.bias[0]).toBeCloseTo(2, 6);
    expect(refit.bias[1]).toBeCloseTo(
      y.filter((_, i) => i % 2 === 1).reduce((a, b) => a + b, 0) / 200 - 2,
      4,
    );
  });

  test('where they say nothing about what is wanted, samples that are held out leave weights nearly as they are', async () => {
    const few = [
      example([1, 2, -1, 1], [3.1, 1, -2.9, 0.4]),
      example([2, -1, 0.5, 3], [6, -0.5, 1.5, 1.5], true),
    ];
    const { refit } = await solveGroups(lanes, few, {});
    expect(refit.weights[0]).toBeCloseTo(3, 0);
    expect(refit.weights[1]).toBeCloseTo(0.5, 0);
  });

  test('one sample moves the intercept alone', async () => {
    const { refit } = await solveGroups(lanes, [example([1, 2], [5, 5])], {});
    expect([...refit.weights]).toEqual([3, 0.5]);
    expect([...refit.bias]).toEqual([2, 4]);
  });

  test('without an intercept through zero', async () => {
    const y = x.map((value, i) => (i % 2 === 0 ? -2 : 3) * value);
    const { refit } = await solveGroups({ ...lanes, intercept: false }, sides(y), {});
    expect(refit.weights[0]).toBeCloseTo(-2, 4);
    expect(refit.weights[1]).toBeCloseTo(3, 4);
    expect([...refit.bias]).toEqual([0, 0]);
  });

  test('what a ReLU hides may be anything below', async () => {
    // Below 0 the targets are half of what a line would give.
    const line = x.map((value) => 2 * value + 0.2);
    const y = line.map((value) => (value < 0 ? value / 2 : value));
    const low = line.map(() => 0);
    const both = [
      example(x.slice(0, 200), y.slice(0, 200), false, low.slice(0, 200)),
      example(x.slice(200), y.slice(200), true, low.slice(200)),
    ];
    const off = (weights: Float64Array): number => Math.abs(weights[0]! - 2) + Math.abs(weights[1]! - 2);
    const seen = off((await solveGroups(lanes, both, {})).refit.weights);
    const all = off((await solveGroups(lanes, sides(y), {})).refit.weights);
    expect(seen).toBeLessThan(0.7 * all);
  });
});

/**
 * x [n 3 8 8] -> 8 lanes, of which four are the others -> a kernel whose bias is no weight, so that it cannot be refitted -> c [n 6 6 6] -> rest. With four lanes
 * less, what it adds to its bias is half of what it was.
 */
function halved(rest: (b: Builder) => void, last = 'c'): ModelSpec {
  const copied =
    (axis: number): Change =>
    (weight) =>
      repeated(weight, axis, () => 1);
  return modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 3, 3]), b.weight('b1', [8])], { pads: [1, 1, 1, 1] });
      b.node('Relu', 'h', ['a']);
      b.node('Sin', 'bias', [b.weight('b2', [6])]);
      b.node('Conv', last, ['h', b.weight('w2', [6, 8, 3, 3]), 'bias']);
      rest(b);
    },
    ['n', 3, 8, 8],
    { w1: copied(0), b1: copied(0), w2: copied(1) },
  );
}

const cases: Readonly<Record<string, ModelSpec>> = {
  depthwise: halved((b) => {
    b.node('Conv', 'y', ['c', b.weight('w3', [6, 1, 3, 3]), b.weight('b3', [6])], { group: 6 });
  }),
  'without bias, with strides and dilations': halved((b) => {
    const attributes = { group: 6, strides: [2, 1], dilations: [1, 2] };
    b.node('Conv', 'y', ['c', b.weight('w3', [6, 1, 2, 3])], attributes);
  }),
  'two outputs for each lane': halved((b) => {
    b.node('Conv', 'y', ['c', b.weight('w3', [12, 1, 2, 2]), b.weight('b3', [12])], { group: 6 });
  }),
  BatchNormalization: halved((b) => {
    b.initializers.push({ name: 'variance', dims: [6], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
    b.node('BatchNormalization', 'd', [
      'c',
      ...['g', 'd0', 'm'].map((name) => b.weight(name, [6])),
      'variance',
    ]);
    b.node('Sigmoid', 'y', ['d']);
  }),
  'behind it a ReLU': halved((b) => {
    b.node('Conv', 'd', ['c', b.weight('w3', [6, 1, 3, 3]), b.weight('b3', [6])], { group: 6 });
    b.node('Relu', 'y', ['d']);
  }),
  'behind it BatchNormalization and Clip': halved((b) => {
    b.node('Conv', 'd', ['c', b.weight('w3', [6, 1, 3, 3])], { group: 6 });
    b.initializers.push({ name: 'variance', dims: [6], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
    b.node('BatchNormalization', 'e', [
      'd',
      ...['g', 'd0', 'm'].map((name) => b.weight(name, [6])),
      'variance',
    ]);
    b.initializers.push({ name: 'low', dims: [], data: Float32Array.of(-2) });
    b.initializers.push({ name: 'high', dims: [], data: Float32Array.of(2) });
    b.node('Clip', 'y', ['e', 'low', 'high']);
  }),
};

describe('what comes in halves is doubled', () => {
  test.each(Object.entries(cases))('%s', async (name, spec) => {
    const { bytes } = await prune(spec, { data: datasetFor(spec, 64), ratio: 0.5 });
    // Where a part is clipped, alternating gets near.
    const near = name.startsWith('behind') ? 0.1 : 1e-3;
    expect(await distance(spec, bytes, feedsFor(spec, 6, 9))).toBeLessThan(near);
  });

  test('integers too, under larger scales', async () => {
    const next = random(8);
    const integers: TensorSpec = {
      name: 'q',
      dims: [6, 1, 3, 3],
      data: Int8Array.from({ length: 54 }, () => Math.round(100 * next())),
    };
    const spec = halved((b) => {
      b.initializers.push(integers);
      b.initializers.push({ name: 's', dims: [6], data: new Float32Array(6).fill(0.01) });
      b.initializers.push({ name: 'z', dims: [6], data: new Int8Array(6) });
      b.node('DequantizeLinear', 'w3', ['q', 's', 'z'], { axis: 0 });
      b.node('Conv', 'y', ['c', 'w3', b.weight('b3', [6])], { group: 6 });
    });
    const options = { data: datasetFor(spec, 64), ratio: 0.5 };
    const feeds = feedsFor(spec, 6, 9);
    const left = await prune(spec, { ...options, reconstruct: false });
    const { bytes } = await prune(spec, options);
    expect(await error(spec, bytes, feeds)).toBeLessThan(1e-3 * (await error(spec, left.bytes, feeds)));
  });
});

/** c [n 6 6 6] normalised, by what lanes are scaled and shifted with. */
const normalised: Readonly<Record<string, ModelSpec>> = {
  LayerNormalization: halved((b) => {
    b.node('Transpose', 't', ['c'], { perm: [0, 2, 3, 1] });
    b.node('LayerNormalization', 'd', ['t', b.weight('g', [6]), b.weight('d0', [6])]);
    b.node('Tanh', 'y', ['d']);
  }),
  'LayerNormalization without bias': halved((b) => {
    b.node('Transpose', 't', ['c'], { perm: [0, 2, 3, 1] });
    b.node('LayerNormalization', 'd', ['t', b.weight('g', [6])]);
    b.node('Tanh', 'y', ['d']);
  }),
  'BatchNormalization, then ReLU and a residual sum': halved((b) => {
    b.initializers.push({ name: 'variance', dims: [6], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
    b.node('Conv', 's', ['x', b.weight('ws', [6, 3, 3, 3])]);
    b.node('BatchNormalization', 'd', [
      'c',
      ...['g', 'd0', 'm'].map((name) => b.weight(name, [6])),
      'variance',
    ]);
    b.node('Add', 'e', ['d', 's']);
    b.node('Relu', 'y', ['e']);
  }),
};

test.each(Object.entries(normalised))('%s: lanes are scaled and shifted', async (_, spec) => {
  const options = { data: datasetFor(spec, 64), ratio: 0.5 };
  const feeds = feedsFor(spec, 32, 9);
  const left = await prune(spec, { ...options, reconstruct: false });
  const { bytes } = await prune(spec, options);
  expect(await error(spec, bytes, feeds)).toBeLessThan(0.95 * (await error(spec, left.bytes, feeds)));
});

test('what a layer in front or behind makes up for is left as it is', async () => {
  const normal = (b: Builder, x: string, y: string): void => {
    b.node('BatchNormalization', y, [x, ...['g', 'd', 'm', 'v'].map((name) => b.weight(`${name}${y}`, [6]))]);
  };
  const spec = halved((b) => {
    normal(b, 'c', 'n');
    b.node('Conv', 'e', ['n', b.weight('w3', [6, 6, 1, 1])]);
    normal(b, 'e', 'f');
    b.node('Relu', 'y', ['f']);
  });
  for (const own of spec.initializers) if (own.name.startsWith('v')) (own.data as Float32Array).fill(1);
  using model = await openModel(encodeModel(spec));
  const pruned = await model.prune({ data: datasetFor(spec, 32), ratio: 0.5, criterion: 'information' });
  await pruned.toBytes();
  // The kernel that cannot be refitted is counted too.
  expect(pruned.reconstruction?.layers).toBe(2);
});

test.each([1, 2])('%i samples are enough to go on', async (samples) => {
  for (const spec of [cases.depthwise!, cases.BatchNormalization!, normalised.LayerNormalization!]) {
    const feeds = feedsFor(spec, 6, 9);
    const options = { data: datasetFor(spec, samples), ratio: 0.5 };
    const left = await prune(spec, { ...options, reconstruct: false });
    const { bytes } = await prune(spec, options);
    expect(await error(spec, bytes, feeds)).toBeLessThan(1.2 * (await error(spec, left.bytes, feeds)));
  }
});

test('groups that lose channels have the others refitted', async () => {
  const b = new Builder();
  b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 3, 3]), b.weight('b1', [8])]);
  b.node('Relu', 'h', ['a']);
  b.node('Conv', 'y', ['h', b.weight('w2', [6, 4, 3, 3]), b.weight('b2', [6])], { group: 2 });
  const spec: ModelSpec = {
    opset: 17,
    nodes: b.nodes,
    initializers: b.initializers,
    inputs: [{ name: 'x', shape: ['n', 3, 8, 8] }],
    outputs: [{ name: 'y', shape: [] }],
  };
  const options = { data: datasetFor(spec, 64), ratio: 0.5, criterion: 'l2' } as const;
  const feeds = feedsFor(spec, 32, 9);
  const left = await prune(spec, { ...options, reconstruct: false });
  const refitted = await prune(spec, options);
  expect(refitted.plan.groups.some(({ lanes, kept }) => kept.length < lanes)).toBe(true);
  expect(await error(spec, refitted.bytes, feeds)).toBeLessThan(0.7 * (await error(spec, left.bytes, feeds)));
});
