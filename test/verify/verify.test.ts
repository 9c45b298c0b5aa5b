import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EspalierError } from '../../src/base/errors.js';
import { datasetOf } from '../../src/data/dataset.js';
import type { Runtime, Tensor } from '../../src/runtime/runtime.js';
import { verify } from '../../src/verify/verify.js';
import { model, shared, tensorType } from '../runtime/models.js';

const { float32: f32, int64: i64 } = tensorType;

/** y = x · w, with as many rows as samples. */
const linear = (
  w: number[],
  { batch = 'n', out = 2 }: { batch?: number | string; out?: number } = {},
): Uint8Array =>
  model({
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    inputs: [{ name: 'x', type: f32, shape: [batch, 2] }],
    outputs: [{ name: 'y', type: f32, shape: [batch, out] }],
    weights: { w: { dims: [2, out], data: w } },
  });

const rows = (...values: number[]): Tensor => ({
  type: 'float32',
  data: new Float32Array(values),
  dims: [values.length / 2, 2],
});

const quick = { runs: 0 };

describe('numbers', () => {
  test('cosine, relative error and largest difference over all samples together', async () => {
    // Original: y = x. Pruned: the second column is gone.
    const data = datasetOf({ x: rows(3, 4, 0, 0, 0, 12) });
    const {
      ok,
      outputs,
      data: used,
    } = await verify(linear([1, 0, 0, 1]), linear([1, 0, 0, 0]), { data, ...quick });
    expect(ok).toBe(true);
    expect(used).toEqual({ source: 'memory', random: false, samples: 3, batches: [1, 2, 3] });
    expect(outputs).toHaveLength(1);
    expect(outputs[0]!.cosine).toBeCloseTo(9 / (13 * 3), 6);
    expect(outputs[0]!.relativeError).toBeCloseTo(Math.sqrt(160 / 169), 6);
    expect(outputs[0]!.maxAbsDifference).toBe(12);
    expect(outputs[0]!.top1Agreement).toBeCloseTo(1 / 3, 6);
  });

  test('accuracy of both, by labels', async () => {
    const label: Tensor = { type: 'int64', data: new BigInt64Array([1n, 0n, 1n]), dims: [3] };
    const data = datasetOf({ x: rows(3, 4, 1, 0, 0, 12), label });
    const { accuracy } = await verify(linear([1, 0, 0, 1]), linear([1, 0, 0, 0]), {
      data,
      labels: 'label',
      ...quick,
    });
    expect(accuracy).toEqual({ labels: 'label', output: 'y', original: 1, pruned: 1 / 3 });
  });

  test('outputs that are zero, and outputs that are NaN', async () => {
    const data = datasetOf({ x: rows(1, 1) });
    const zero = await verify(linear([0, 0, 0, 0]), linear([0, 0, 0, 0]), { data, ...quick });
    expect(zero.outputs[0]).toMatchObject({ cosine: 1, relativeError: 0 });
    const lost = await verify(linear([0, 0, 0, 0]), linear([1, 0, 0, 1]), { data, ...quick });
    expect(lost.outputs[0]).toMatchObject({ cosine: null, relativeError: null, maxAbsDifference: 1 });
    const nan = await verify(linear([1, 0, 0, 1]), linear([Number.NaN, 0, 0, 1]), { data, ...quick });
    expect(nan.outputs[0]).toMatchObject({
      ...{ fidelity: 0, cosine: 0, relativeError: 1, maxAbsDifference: Infinity, top1Agreement: 0 },
      nonFinite: { original: 0, pruned: 1 },
    });
    expect(nan.warnings).toContainEqual({ code: 'NON_FINITE', text: expect.stringContaining('"y"') });
  });

  test('a model that gives only NaN is none, and NaN of both is no answer', async () => {
    const { NaN: nan } = Number;
    const data = datasetOf({ x: rows(1, 1, 2, 1, 0, 3) });
    const one = linear([1, 0, 0, 1]);
    const none = linear([nan, nan, nan, nan]);
    const lost = await verify(one, none, { data, ...quick });
    expect(lost).toMatchObject({ ok: false, faults: [{ code: 'NO_ANSWER' }] });
    expect(lost.outputs[0]).toMatchObject({ fidelity: 0, cosine: 0, relativeError: 1 });
    const both = await verify(none, none, { data, ...quick });
    expect(both.ok).toBe(true);
    expect(both.outputs[0]).toMatchObject({
      ...{ fidelity: null, cosine: null, relativeError: null, maxAbsDifference: null, top1Agreement: null },
      unanswered: { elements: 6, samples: 3 },
    });
    expect(both.warnings).toContainEqual({ code: 'NO_ANSWER', text: expect.stringContaining('6 values') });
    // One column is NaN in both: the other is compared.
    const half = await verify(linear([1, nan, 0, nan]), linear([2, nan, 0, nan]), { data, ...quick });
    expect(half.outputs[0]).toMatchObject({ cosine: 1, relativeError: 1, unanswered: { elements: 3 } });
  });

  test('infinities of the same sign are equal, others are not', async () => {
    const data = datasetOf({ x: rows(1, 1, 2, 1) });
    const [up, down] = [linear([Infinity, 0, 1, 1]), linear([-Infinity, 0, 1, 1])];
    const same = await verify(up, up, { data, ...quick });
    expect(same.outputs[0]).toMatchObject({ fidelity: 1, cosine: 1, relativeError: 0, maxAbsDifference: 0 });
    const { ok, outputs } = await verify(up, down, { data, ...quick });
    expect(ok).toBe(false);
    expect(outputs[0]).toMatchObject({ fidelity: 0, cosine: 0, relativeError: 1 });
  });

  test('bytes, and a warning where they grew', async () => {
    const small = linear([1, 0, 0, 1]);
    const large = Buffer.concat([small, Buffer.from([0x1a, 3, 1, 2, 3])]);
    const { bytes, warnings } = await verify(small, large, { ...quick });
    expect(bytes).toEqual({
      original: small.length,
      pruned: small.length + 5,
      ratio: (small.length + 5) / small.length,
    });
    expect(warnings.map(({ code }) => code)).toContain('LARGER');
  });
});

describe('latency', () => {
  /** Answers with zeros and tells the times it is given. */
  const pretending = (times: Record<string, number>): Runtime => ({
    load: async (bytes) => {
      const name = String.fromCharCode((bytes as Uint8Array)[0]!);
      const value = { name: 'x', dtype: 'float32', shape: ['n', 2] } as const;
      return {
        inputs: [value],
        outputs: [value],
        run: async ({ x }) => ({ outputs: { x: x! }, ms: times[name]! }),
        dispose: async () => {},
      };
    },
  });
  const [a, b] = [Buffer.from('a'), Buffer.from('b')];

  test('medians, their ratio, and what was run', async () => {
    const runtime = pretending({ a: 4, b: 2 });
    const { latency, warnings } = await verify(a, b, { runtime, runs: 7, threads: 1 });
    expect(latency).toEqual({ originalMs: 4, prunedMs: 2, ratio: 0.5, runs: 7, batch: 1, threads: 1 });
    expect(warnings).toEqual([]);
  });

  test('a warning where the pruned model is slower', async () => {
    const { warnings } = await verify(a, b, { runtime: pretending({ a: 4, b: 5 }), runs: 5 });
    expect(warnings).toContainEqual({ code: 'SLOWER', text: expect.stringContaining('1.25 times') });
    const few = await verify(a, b, { runtime: pretending({ a: 4, b: 5 }), runs: 1 });
    expect(few.warnings).toEqual([]);
  });
});

describe('faults', () => {
  test.each<[string, Uint8Array, RegExp]>([
    ['an open axis became fixed', linear([1, 0, 0, 1], { batch: 1 }), /"x" was \[n, 2\] and is \[1, 2\]/],
    ['an output has another length', linear([1, 0], { out: 1 }), /"y" was \[n, 2\] and is \[n, 1\]/],
    ['no model at all', Buffer.from('hello'), /could not load/],
    [
      'another type',
      model({
        nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
        inputs: [{ name: 'x', type: i64, shape: ['n', 2] }],
        outputs: [{ name: 'y', type: i64, shape: ['n', 2] }],
      }),
      /"x" was float32 and is int64/,
    ],
    [
      'another name',
      model({
        nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['z'] }],
        inputs: [{ name: 'x', type: f32, shape: ['n', 2] }],
        outputs: [{ name: 'z', type: f32, shape: ['n', 2] }],
      }),
      /"z" is new[\s\S]*"y" is gone/,
    ],
  ])('%s', async (_, pruned, words) => {
    const { ok, faults } = await verify(linear([1, 0, 0, 1]), pruned, quick);
    expect(ok).toBe(false);
    expect(faults.map(({ text }) => text).join('\n')).toMatch(words);
  });

  test('a batch size that only the original can run', async () => {
    const [any, one] = [Buffer.from('a'), Buffer.from('b')];
    const value = { name: 'x', dtype: 'float32', shape: ['n', 2] } as const;
    const runtime: Runtime = {
      load: async (bytes) => ({
        inputs: [value],
        outputs: [value],
        run: async ({ x }) => {
          if (bytes === one && x!.dims[0] !== 1) throw new EspalierError('RUNTIME_FAILED', 'no.');
          return { outputs: { x: x! }, ms: 1 };
        },
        dispose: async () => {},
      }),
    };
    const { ok, faults, data } = await verify(any, one, { runtime });
    expect(ok).toBe(false);
    expect(faults).toEqual([{ code: 'RUN_FAILED', text: 'with 2 samples at once: no.' }]);
    expect(data.batches).toEqual([1]);
    const both = await verify(one, one, { runtime });
    expect(both).toMatchObject({
      ok: true,
      data: { samples: 16, batches: [1] },
      warnings: [{ code: 'BATCH' }],
    });
  });

  test('an answer of another shape', async () => {
    const sliced = (end: bigint, length = 'm') =>
      model({
        nodes: [
          { op: 'Identity', inputs: ['e'], outputs: ['end'] },
          { op: 'Slice', inputs: ['x', 's', 'end'], outputs: ['y'] },
        ],
        inputs: [{ name: 'x', type: f32, shape: ['n'] }],
        outputs: [{ name: 'y', type: f32, shape: [length] }],
        weights: { s: { dims: [1], data: [0n] }, e: { dims: [1], data: [end] } },
      });
    const x: Tensor = { type: 'float32', data: new Float32Array(4), dims: [4] };
    const data = datasetOf({ x });
    const { ok, faults, outputs } = await verify(sliced(9n), sliced(3n), { data, ...quick });
    expect({ ok, faults }).toEqual({ ok: true, faults: [] });
    // [3] against [4]: up to the shorter all is equal.
    expect(outputs[0]).toMatchObject({
      ...{ compared: 'sequences', cosine: 0.75, relativeError: 0.25, fidelity: 0.75 },
      lengths: { original: 4, pruned: 3, share: 0.75 },
    });
    // The file says that the length is that of the input.
    const fixed = await verify(sliced(9n, 'n'), sliced(3n, 'n'), { data, ...quick });
    expect(fixed.faults).toEqual([
      {
        code: 'SHAPE_CHANGED',
        text: 'the output "y" of the original has the shape [4], of the pruned model [3]',
      },
    ]);
  });
});

describe('random data', () => {
  test('is the same for the same seed, and says that it is random', async () => {
    const ask = (seed: number) => verify(linear([1, 0, 0, 1]), linear([1, 0, 0, 0.5]), { seed, ...quick });
    const [one, again, other] = [await ask(1), await ask(1), await ask(2)];
    expect(one.data).toEqual({ source: 'random', random: true, samples: 16, batches: [1, 2, 8] });
    expect(again.outputs).toEqual(one.outputs);
    expect(other.outputs).not.toEqual(one.outputs);
  });

  test('finds lengths and indices that the model can take', async () => {
    // Rows of a table of 3, and a second axis that must be 32 long to be added to 32 numbers.
    const picky = model({
      nodes: [
        { op: 'Gather', inputs: ['table', 'ids'], outputs: ['rows'] },
        { op: 'Add', inputs: ['rows', 'x'], outputs: ['y'] },
        { op: 'Add', inputs: ['y', 'length'], outputs: ['z'] },
      ],
      inputs: [
        { name: 'ids', type: i64, shape: ['n', 1] },
        { name: 'x', type: f32, shape: ['n', 'l'] },
      ],
      outputs: [{ name: 'z', type: f32, shape: ['n', 'l'] }],
      weights: {
        table: { dims: [3], data: [1, 2, 3] },
        length: { dims: [32], data: Array<number>(32).fill(1) },
      },
    });
    const { ok, data } = await verify(picky, picky, quick);
    expect(ok).toBe(true);
    expect(data.samples).toBe(16);
  });
});

test('options out of range are refused before anything is opened', async () => {
  for (const options of [{ samples: 0 }, { runs: -1 }, { threads: 0.5 }, { seed: Number.NaN }])
    await expect(verify('nowhere.onnx', 'nowhere.onnx', options)).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    });
  await expect(verify('nowhere.onnx', 'nowhere.onnx')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
});

test('aborting rejects with the reason', async () => {
  const stop = new AbortController();
  const data = datasetOf({ x: rows(...Array<number>(20_000).fill(1)) });
  const options = { data, signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) };
  await expect(verify(linear([1, 0, 0, 1]), linear([1, 0, 0, 1]), options)).rejects.toThrow('enough');
});

describe.skipIf(!existsSync(shared('models')))('trained models against themselves (needs ../shared)', () => {
  test('lenet5 answers alike and has its known accuracy', async () => {
    const file = shared('models/lenet5_mnist.onnx');
    const result = await verify(file, file, {
      data: shared('models/mnist.test.npz'),
      labels: 'label',
      runs: 5,
    });
    expect(result).toMatchObject({
      ok: true,
      faults: [],
      data: { samples: 3000, batches: expect.arrayContaining([1, 2, 64]) },
    });
    expect(result.outputs).toEqual([
      {
        name: 'logits',
        dtype: 'float32',
        compared: 'values',
        fidelity: 1,
        cosine: expect.closeTo(1, 12),
        relativeError: 0,
        maxAbsDifference: 0,
        top1Agreement: 1,
        nonFinite: { original: 0, pruned: 0 },
        unanswered: { elements: 0, samples: 0 },
      },
    ]);
    expect(result.accuracy!.original).toBeCloseTo(0.992, 2);
    expect(result.accuracy!.pruned).toBe(result.accuracy!.original);
    expect(result.latency).toMatchObject({ runs: 5, batch: 1, threads: 'default' });
    expect(result.bytes.ratio).toBe(1);
  });

  const zoo = existsSync(shared('zoo'))
    ? readdirSync(shared('zoo')).filter((name) => name.endsWith('.onnx'))
    : [];
  test.each(zoo)('%s takes its samples as the model takes them', { timeout: 60_000 }, async (name) => {
    const file = shared(`zoo/${name}`);
    const data = shared(`zoo/${name.replace(/(-fp16|-qdq)?\.onnx$/, '')}.npz`);
    const result = await verify(file, file, { data, samples: 2, runs: 0 });
    expect(result.faults).toEqual([]);
    expect(result.data.samples).toBe(2);
    expect(result.outputs.length).toBeGreaterThan(0);
    for (const { relativeError } of result.outputs) expect(relativeError).toBe(0);
  });
});
