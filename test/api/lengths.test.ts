import { describe, expect, test } from 'vitest';
import { collectShape } from '../../src/cli/values.js';
import { guessing } from '../../src/coupling/lengths.js';
import { walk } from '../../src/coupling/walking.js';
import type { Dataset } from '../../src/index.js';
import { datasetOf, openModel } from '../../src/index.js';
import { registry } from '../../src/ops/registry.js';
import { graphOf } from '../support/graph.js';
import { encodeModel, type ModelSpec } from '../support/onnx.js';
import { Sheet } from '../support/sheet.js';

/** A model that takes [time, features] and no batch: two convolutions of 3 × 3 over both. */
function timeFirst(): ModelSpec {
  const sheet = new Sheet(13);
  const x = sheet.node('Unsqueeze', [sheet.input('input', ['frames', 'bins']), sheet.ints([0, 1])]);
  const a = sheet.node('Relu', [sheet.node('Conv', [x, sheet.weight('w1', [8, 1, 3, 3])])]);
  sheet.output(sheet.node('Conv', [a, sheet.weight('w2', [4, 8, 3, 3])]), 'y', [1, 4, 'h', 'w']);
  return sheet.model();
}

/** Multiply-adds of `timeFirst`. */
const work = (frames: number, bins: number): number =>
  (frames - 2) * (bins - 2) * 8 * 9 + (frames - 4) * (bins - 4) * 4 * 8 * 9;

/** Rows whose sum is above zero go through a second layer: how many, data decide. */
function chosen(): ModelSpec {
  const sheet = new Sheet(13);
  const x = sheet.input('x', ['rows', 6]);
  const hidden = sheet.linear(x, '1', 6, 8);
  const sums = sheet.node('ReduceSum', [x, sheet.ints([1])], { keepdims: 0 });
  const positive = sheet.node('Greater', [sums, sheet.weight('zero', [], 0)]);
  const some = sheet.node('Compress', [sheet.node('Relu', [hidden]), positive], { axis: 0 });
  sheet.output(sheet.linear(some, '2', 8, 5), 'y', ['chosen', 5]);
  return sheet.model();
}

const samples = (name: string, dims: readonly number[], value: (i: number) => number): Dataset =>
  datasetOf({
    [name]: {
      type: 'float32',
      data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
      dims,
    },
  });

const frames = samples('input', [12, 20, 14], (i) => Math.sin(i * i));

describe('lengths that a model leaves open', () => {
  test('are those of samples, whether or not there is a batch axis', async () => {
    using model = await openModel(encodeModel(timeFirst()));
    const { size, assumed, lengths } = await model.inspect({ data: frames });
    expect(size.macs).toBe(work(20, 14));
    expect(assumed).toEqual({ frames: 20, bins: 14 });
    expect(lengths).toEqual({
      frames: { length: 20, from: 'samples' },
      bins: { length: 14, from: 'samples' },
    });
  });

  test('are those of a shape that is given, which samples do not override', async () => {
    using model = await openModel(encodeModel(timeFirst()));
    const alone = await model.inspect({ shape: { input: [50, 30] } });
    expect(alone.size.macs).toBe(work(50, 30));
    const both = await model.inspect({ shape: { input: [50, 30] }, data: frames });
    expect(both).toMatchObject({ size: { macs: work(50, 30) }, lengths: { bins: { from: 'shape' } } });
  });

  test('a budget, its plan, its report and its replay count at the same lengths', async () => {
    using model = await openModel(encodeModel(timeFirst()));
    const pruned = await model.prune({ macs: 0.6, roundTo: 1, data: frames });
    expect(pruned.before.macs).toBe(work(20, 14));
    expect(pruned.after.macs).toBeLessThanOrEqual(0.6 * work(20, 14));
    expect(pruned.plan.made.lengths).toEqual(['frames=20 (samples)', 'bins=14 (samples)']);
    const again = await model.apply(pruned.plan);
    expect(again).toMatchObject({ before: { macs: work(20, 14) }, lengths: pruned.lengths });
    const shaped = await model.prune({ macs: 0.6, roundTo: 1, shape: { input: [9, 9] }, criterion: 'l2' });
    expect(shaped.before.macs).toBe(work(9, 9));
    expect(shaped.plan.made.lengths).toEqual(['frames=9 (shape)', 'bins=9 (shape)']);
  });

  test('what data decide inside of the graph is the median of what the model gives', async () => {
    using model = await openModel(encodeModel(chosen()));
    // Ten samples of twelve rows; of sample i the first i + 1 rows are above zero.
    const data = samples('x', [10, 12, 6], (i) => (Math.floor(i / 6) % 12 <= Math.floor(i / 72) ? 1 : -1));
    const { lengths, size } = await model.inspect({ data });
    const open = Object.entries(lengths).filter(([name]) => name !== 'rows');
    // Nine samples are looked at.
    expect(open).toEqual([[expect.any(String), { length: 5, from: 'samples' }]]);
    expect(size.macs).toBe(12 * 6 * 8 + 5 * 8 * 5);
  });

  test('numbers that inputs hold are lengths too', async () => {
    const sheet = new Sheet(13);
    const [x, count] = [sheet.input('x', ['rows', 6]), sheet.input('count', [1], 'int64')];
    const half = sheet.node('Div', [count, sheet.ints([2])]);
    const first = sheet.node('Slice', [x, sheet.ints([0]), half, sheet.ints([0])]);
    sheet.output(sheet.linear(first, '1', 6, 8), 'y', ['half', 8]);
    using model = await openModel(encodeModel(sheet.model()));
    const data = datasetOf({
      x: { type: 'float32', data: new Float32Array(3 * 12 * 6).fill(1), dims: [3, 12, 6] },
      count: { type: 'int64', data: BigInt64Array.of(9n, 4n, 7n), dims: [3, 1] },
    });
    expect((await model.inspect({ data })).size.macs).toBe(3 * 6 * 8);
  });

  test('where the model cannot be run, the result says that it was guessed', async () => {
    using model = await openModel(encodeModel(chosen()));
    const data = samples('x', [2, 12, 6], () => 1);
    const { EspalierError } = await import('../../src/base/errors.js');
    const runtime = { load: () => Promise.reject(new EspalierError('RUNTIME_MISSING', 'none')) };
    const { lengths } = await model.inspect({ data, runtime });
    expect(Object.values(lengths).map(({ from }) => from)).toEqual(['samples', 'guess']);
  });

  test.each([
    [{ inpt: [3, 4] }, /no input "inpt"/],
    [{ input: [3, 4, 5] }, /has 3 axes, and the input takes \[frames, bins\]/],
    [{ input: [3, 0] }, /whole numbers from 1 on/],
    [[3, 4], /an object of inputs/],
  ])('a shape that no input has: %j', async (shape, message) => {
    using model = await openModel(encodeModel(timeFirst()));
    const given = { shape: shape as unknown as Record<string, number[]> };
    await expect(model.inspect(given)).rejects.toMatchObject({ code: 'OPTION_INVALID', message });
    await expect(model.plan({ ratio: 0.5, ...given })).rejects.toMatchObject({ message });
  });

  test('fixed lengths and names are held to', async () => {
    const sheet = new Sheet();
    const [a, b] = [sheet.input('a', ['n', 3]), sheet.input('b', ['n', 3])];
    sheet.output(sheet.linear(sheet.node('Add', [a, b]), '1', 3, 4), 'y', ['n', 4]);
    using model = await openModel(encodeModel(sheet.model()));
    await expect(model.inspect({ shape: { a: [2, 4] } })).rejects.toThrow(/axis 1 is 4/);
    await expect(model.inspect({ shape: { a: [2, 3], b: [5, 3] } })).rejects.toThrow(/"n" is 5 there, but 2/);
  });
});

test('lengths that a file calls by no name are not one length', async () => {
  for (const name of ['?', 'None', 'unknown', '-']) {
    const sheet = new Sheet(13);
    const x = sheet.input('x', [name, 2, name, name]);
    sheet.output(sheet.node('Conv', [x, sheet.weight('w', [4, 2, 3, 3])]), 'y', [name, 4, name, name]);
    using model = await openModel(encodeModel(sheet.model()));
    const { size } = await model.inspect({ shape: { x: [1, 2, 10, 20] } });
    expect(size.macs, name).toBe(8 * 18 * 4 * 2 * 9);
  }
});

describe('guesses by name, the last resort', () => {
  const guessed = (
    name: string,
    shape: readonly (string | number)[],
    dtype: 'float32' | 'int64' = 'float32',
  ) => {
    const sheet = new Sheet();
    sheet.output(sheet.node('Identity', [sheet.input(name, shape, dtype)]), 'y', shape);
    const { graph, read } = graphOf(sheet.model());
    const found = walk(graph, registry, read);
    const guess = guessing(found);
    return found.tensors.get(name)!.axes!.map(({ length }) => guess(String(length)));
  };

  test.each([
    ['x', ['batch_size', 'sequence_length'], [1, 128]],
    ['x', ['N', 'C', 'height', 'W'], [1, 224, 224, 224]],
    ['x', ['unk__12', 'unk__13'], [1, 224]],
    ['features', ['frames', 'mels'], [100, 224]],
    ['x', ['num_samples', 'audio_len'], [1, 128]],
    ['waveform', ['', ''], [1, 16_000]],
    ['x', ['T', 'batch', 'f'], [100, 1, 224]],
  ])('%s %j', (name, shape, lengths) => {
    expect(guessed(name, shape)).toEqual(lengths);
  });

  test('integers are ids of tokens', () => {
    expect(guessed('x', ['d0', 'd1'], 'int64')).toEqual([1, 128]);
  });
});

test('shapes on the command line', () => {
  const first = collectShape('a=1x3x8', undefined);
  expect(collectShape('b:0=2,5', first)).toEqual({ a: [1, 3, 8], 'b:0': [2, 5] });
  for (const text of ['a', 'a=', '=1x2', 'a=1x', 'a=1x-2', 'a=1x0', 'a=1.5'])
    expect(() => collectShape(text), text).toThrow(/input=1x3x640x640/);
  expect(() => collectShape('a=3', first)).toThrow(/second/);
});
