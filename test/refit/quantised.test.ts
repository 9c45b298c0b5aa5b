import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { openModel, type PlannedGroup } from '../../src/index.js';
import { openBytes } from '../../src/native/index.js';
import { difference, type Feeds } from '../support/exact.js';
import { encodeModel, type ModelSpec } from '../support/onnx.js';
import { QuantisedModel, type Storage } from '../support/quantised.js';
import { datasetFor, error, feedsFor, HALF, prune, times } from './refits.js';

/** Four lanes, and four that are these again: each twice as large, three times, ... */
const LANES = 8;

/** Integers of which the second half along the first axis repeats the first. */
function repeatedIntegers(m: QuantisedModel, dims: readonly number[]): number[] {
  const length = dims.reduce((a, b) => a * b, 1) / 2;
  const first = Array.from({ length }, m.draw('int8'));
  return [...first, ...first];
}

interface Made {
  readonly model: ModelSpec;
  /** The second layer's weight, its scale, its zero point. */
  readonly weight: readonly [string, string, string];
  readonly bias?: readonly [integers: string, scale: string];
  readonly scales?: { readonly data: number };
}

/** x [n 3 6 6] -> 8 lanes -> ReLU -> 5 outputs; weights are integers, data are floats. */
function weightsOnly(storage: Storage, conv: boolean): Made {
  const m = new QuantisedModel(3, 17);
  const first = conv ? [LANES, 3, 3, 3] : [LANES, 6];
  const scale = m.floats([LANES]);
  m.initializers.push({
    ...m.initializers.pop()!,
    data: Float32Array.from({ length: LANES }, (_, i) => 0.004 * times(i)),
  });
  const zero = m.tensor(
    'int8',
    [LANES],
    Array.from({ length: LANES }, () => 0),
  );
  const w1 = m.node('DequantizeLinear', [m.tensor('int8', first, repeatedIntegers(m, first)), scale, zero], {
    axis: 0,
  });
  const b1 = m.floats([LANES]);
  const biases = Array.from({ length: HALF }, m.next);
  m.initializers.push({
    ...m.initializers.pop()!,
    data: Float32Array.from({ length: LANES }, (_, i) => times(i) * biases[i % HALF]!),
  });
  const weight = m.weight(conv ? [5, LANES, 3, 3] : [5, LANES], storage);
  const attributes = storage.axis === undefined ? {} : { axis: storage.axis };
  const w2 = m.node('DequantizeLinear', weight, attributes);
  const multiply = (x: string, w: string, b?: string): string =>
    m.node(conv ? 'Conv' : 'Gemm', [x, w, ...(b === undefined ? [] : [b])], conv ? {} : { transB: 1 });
  const y = multiply(m.node('Relu', [multiply('x', w1, b1)]), w2);
  const shape = conv ? ['n', 3, 6, 6] : ['n', 6];
  return { model: m.model([{ name: 'x', shape }], y, []), weight };
}

/** As a quantiser writes it: data are integers between any two operators, and biases int32 under scale of data · scale of weight. */
function throughout(axis: 0 | undefined, biased = true): Made {
  const m = new QuantisedModel(7, 17);
  const scales = { x: 0.01, hidden: 0.03 };
  const layer = (
    x: string,
    by: number,
    weight: readonly [string, string, string],
    lanes: number,
  ): [string, string, string] => {
    const s = m.initializers.find(({ name }) => name === weight[1])!.data as Float32Array;
    const scale = m.floats(s.length === 1 ? [] : [s.length]);
    m.initializers.push({ ...m.initializers.pop()!, data: s.map((value) => value * by) });
    const ints = Array.from({ length: lanes }, () => Math.round(3000 * m.next()));
    const bias = m.tensor(
      'int32',
      [lanes],
      ints.map((value, i) => (lanes === LANES ? ints[i % HALF]! : value)),
    );
    const along = s.length === 1 ? {} : { axis: 0 };
    const w = m.node('DequantizeLinear', weight, along);
    if (!biased && lanes !== LANES) return [m.node('Conv', [x, w], { pads: [1, 1, 1, 1] }), '', ''];
    const b = m.node('DequantizeLinear', [bias, scale], along);
    return [m.node('Conv', [x, w, b], { pads: [1, 1, 1, 1] }), bias, scale];
  };
  const first = m.integers('int8', [LANES, 3, 3, 3]);
  const s1 = m.floats([LANES]);
  m.initializers.push({
    ...m.initializers.pop()!,
    data: Float32Array.from({ length: LANES }, (_, i) => 0.004 * times(i)),
  });
  m.initializers.splice(
    m.initializers.findIndex(({ name }) => name === first),
    1,
    { name: first, dims: [LANES, 3, 3, 3], data: Int8Array.from(repeatedIntegers(m, [LANES, 3, 3, 3])) },
  );
  const zeros = m.tensor(
    'int8',
    [LANES],
    Array.from({ length: LANES }, () => 0),
  );
  const [h] = layer(m.rounded('x', 128, scales.x), scales.x, [first, s1, zeros], LANES);
  const weight = m.weight([5, LANES, 3, 3], { dtype: 'int8', ...(axis !== undefined && { axis }) });
  const [y, ...bias] = layer(m.rounded(m.node('Relu', [h]), 0, scales.hidden), scales.hidden, weight, 5);
  const model = m.model([{ name: 'x', shape: ['n', 3, 6, 6] }], m.rounded(y, 128, 0.1), []);
  return { model, weight, bias, scales: { data: scales.hidden } };
}

interface Read {
  readonly dims: readonly number[];
  readonly numbers: number[];
}

/** Stored tensors of a written model. */
async function tensorsOf(bytes: Uint8Array): Promise<(name: string) => Read> {
  const native = await openBytes(bytes);
  const { tensors } = native.describe();
  return (name) => {
    const own = tensors.find((tensor) => tensor.name === name)!;
    return { dims: own.dims, numbers: Array.from(native.numbers(tensors.indexOf(own))) };
  };
}

/** [outputs, lanes · taps] by the definition of DequantizeLinear; and the quanta of each output. */
function dequantised(
  read: (name: string) => Read,
  [q, scale, point]: Made['weight'],
  axis: number | undefined,
): number[][] {
  const { dims, numbers } = read(q);
  const [by, zero] = [read(scale).numbers, read(point).numbers];
  const inner = numbers.length / dims[0]!;
  const taps = inner / dims[1]!;
  return Array.from({ length: dims[0]! }, (_, row) =>
    Array.from({ length: inner }, (_, i) => {
      const place = axis === undefined ? 0 : axis === 0 ? row : Math.floor(i / taps);
      return (numbers[row * inner + i]! - zero[place]!) * by[place]!;
    }),
  );
}

const CASES: readonly (readonly [string, Storage])[] = [
  ['int8, one scale', { dtype: 'int8' }],
  ['int8, a scale for each output', { dtype: 'int8', axis: 0 }],
  ['int8, a scale for each input', { dtype: 'int8', axis: 1 }],
  ['uint8, a scale for each output, zero points', { dtype: 'uint8', zeroPoint: 120, axis: 0 }],
];

describe('lanes that others give are given back within two quanta', () => {
  for (const conv of [true, false])
    for (const [name, storage] of CASES)
      test(`${conv ? 'Conv' : 'Gemm'}: ${name}`, async () => {
        const { model, weight } = weightsOnly(storage, conv);
        const { plan, bytes } = await prune(model, { ratio: 0.5, data: datasetFor(model, 256) });
        const [{ kept }] = plan.groups as readonly [PlannedGroup];
        expect(kept.map((lane) => lane % HALF).sort()).toEqual([0, 1, 2, 3]);
        const before = dequantised(await tensorsOf(encodeModel(model)), weight, storage.axis);
        const read = await tensorsOf(bytes);
        const after = dequantised(read, weight, storage.axis);
        const scale = read(weight[1]).numbers;
        const taps = conv ? 9 : 1;
        for (const [row, own] of after.entries())
          for (const [i, value] of own.entries()) {
            const [place, tap] = [Math.floor(i / taps), i % taps];
            const lane = kept[place]!;
            const other = (lane + HALF) % LANES;
            const at = (from: number): number => before[row]![from * taps + tap]!;
            const wanted = at(lane) + (times(other) / times(lane)) * at(other);
            const quantum = scale[storage.axis === undefined ? 0 : storage.axis === 0 ? row : place]!;
            expect(Math.abs(value - wanted) / quantum).toBeLessThan(2);
          }
        expect(await error(model, bytes, feedsFor(model, 64, 9))).toBeLessThan(1e-3);
      });
});

async function optimised(model: Uint8Array, feeds: Feeds): Promise<ort.InferenceSession.OnnxValueMapType> {
  const session = await ort.InferenceSession.create(model, {
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

describe('integers throughout', () => {
  for (const axis of [undefined, 0] as const)
    test(axis === undefined ? 'one scale' : 'a scale for each output', async () => {
      const { model, weight, bias, scales } = throughout(axis);
      const data = datasetFor(model, 256);
      const { plan, bytes } = await prune(model, { ratio: 0.5, data });
      const [{ kept }] = plan.groups as readonly [PlannedGroup];
      expect(kept.map((lane) => lane % HALF).sort()).toEqual([0, 1, 2, 3]);
      const read = await tensorsOf(bytes);
      const scale = read(weight[1]).numbers;
      const before = (await tensorsOf(encodeModel(model)))(weight[1]).numbers;
      expect(scale.some((value, i) => value > before[i]!)).toBe(true);
      expect(scale.every((value, i) => value >= before[i]!)).toBe(true);
      expect(read(bias![1]).numbers.length).toBe(axis === undefined ? 1 : scale.length);
      for (const [i, value] of read(bias![1]).numbers.entries())
        expect(value / (scales!.data * scale[i]!)).toBeCloseTo(1, 5);
      // A runtime that computes with integers takes the bias' scale for granted.
      const feeds = feedsFor(model, 64, 9);
      const [plain, fused] = [await error(model, bytes, feeds), await optimised(bytes, feeds)];
      const cut = await prune(model, { ratio: 0.5, data, reconstruct: false });
      expect(plain).toBeLessThan(0.01);
      expect(plain).toBeLessThan(0.1 * (await error(model, cut.bytes, feeds)));
      expect(difference(fused, await optimised(encodeModel(model), feeds))).toBeLessThan(0.1);
    });
});

test('a bias that there was none of is one of integers too', async () => {
  const { model, weight, scales } = throughout(0, false);
  const { bytes } = await prune(model, { ratio: 0.5, data: datasetFor(model, 256) });
  const { graph, tensors } = (await openBytes(bytes)).describe();
  const conv = graph.nodes.findLast(({ op }) => op === 'Conv')!;
  const maker = graph.nodes.find(({ outputs }) => outputs[0] === conv.inputs[2])!;
  expect(maker.op).toBe('DequantizeLinear');
  expect(tensors.find(({ name }) => name === maker.inputs[0])!.dtype).toBe('int32');
  const read = await tensorsOf(bytes);
  expect(read(maker.inputs[1]!).numbers.length).toBe(read(weight[1]).numbers.length);
  for (const [i, value] of read(maker.inputs[1]!).numbers.entries())
    expect(value / (scales!.data * read(weight[1]).numbers[i]!)).toBeCloseTo(1, 5);
  const feeds = feedsFor(model, 64, 9);
  expect(await error(model, bytes, feeds)).toBeLessThan(0.01);
  expect(difference(await optimised(bytes, feeds), await optimised(encodeModel(model), feeds))).toBeLessThan(
    0.1,
  );
});

test('a scale that others read stays what it is for them', async () => {
  const { model, weight } = weightsOnly({ dtype: 'int8' }, false);
  const [, scale, point] = weight;
  const other = { name: 'q', dims: [5], data: Int8Array.of(90, -3, 17, 60, -127) };
  const nodes = model.nodes.map((node) => (node.outputs[0] === 'y' ? { ...node, outputs: ['h'] } : node));
  const shared: ModelSpec = {
    ...model,
    initializers: [...model.initializers, other],
    nodes: [
      ...nodes,
      { op: 'DequantizeLinear', inputs: ['q', scale, point], outputs: ['w'] },
      { op: 'Mul', inputs: ['h', 'w'], outputs: ['y'] },
    ],
  };
  const { bytes } = await prune(shared, { ratio: 0.5, data: datasetFor(shared, 256) });
  const before = (await tensorsOf(encodeModel(shared)))(scale).numbers;
  expect((await tensorsOf(bytes))(scale).numbers).toEqual(before);
  const { graph } = (await openBytes(bytes)).describe();
  const [first, second] = [weight[0], 'q'].map(
    (name) => graph.nodes.find(({ inputs }) => inputs[0] === name)!.inputs[1],
  );
  expect(second).toBe(scale);
  expect(first).not.toBe(scale);
  expect(await error(shared, bytes, feedsFor(shared, 64, 9))).toBeLessThan(1e-3);
});

test('weights that are computed of integers by other functions are cut and not refitted, and that is said', async () => {
  const m = new QuantisedModel(11, 17);
  const numbers = (dims: readonly number[]): string => {
    const length = dims.reduce((a, b) => a * b, 1);
    const integers = m.tensor('int8', dims, Array.from({ length }, m.draw('int8')));
    return m.node('Mul', [m.node('Tanh', [m.node('Cast', [integers], { to: 1 })]), m.floats([1, dims[1]!])]);
  };
  const hidden = m.node('Relu', [m.node('MatMul', ['x', numbers([6, LANES])])]);
  const y = m.node('MatMul', [hidden, numbers([LANES, 5])]);
  const model = m.model([{ name: 'x', shape: ['n', 6] }], y, []);
  using opened = await openModel(encodeModel(model));
  const pruned = await opened.prune({ ratio: 0.5, data: datasetFor(model, 64) });
  expect(pruned.plan.groups).toHaveLength(1);
  expect(pruned.reconstruction?.layers).toBe(0);
  expect(pruned.warnings.map(({ code }) => code)).toContain('NOTHING_REFITTED');
  const unfitted = await opened.prune({ ratio: 0.5, data: datasetFor(model, 64), reconstruct: false });
  expect(unfitted.warnings.map(({ code }) => code)).not.toContain('NOTHING_REFITTED');
});
