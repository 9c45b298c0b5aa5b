import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { datasetFor } from '../../src/data/samples.js';
import { datasetOf, EspalierError, openModel, type SampleSource, verify } from '../../src/index.js';
import type { ValueInfo } from '../../src/runtime/runtime.js';
import { growConvnet } from '../support/convnets.js';
import { encodeModel } from '../support/onnx.js';
import { random } from '../support/random.js';
import { npy } from './files.js';

const COUNT = 6;
const EACH = 3 * 8 * 8;
const bytes = encodeModel(
  growConvnet(
    [
      { kind: 'conv', pick: 0, size: 5 },
      { kind: 'conv', pick: 0, size: 6 },
    ],
    3,
  ),
);
const next = random(1);
const input = Float32Array.from({ length: COUNT * EACH }, next);
const sampleAt = (i: number): Float32Array => input.slice(i * EACH, (i + 1) * EACH);
const nested = (flat: Float32Array): number[][][] =>
  Array.from({ length: 3 }, (_, c) =>
    Array.from({ length: 8 }, (_, h) => Array.from(flat.subarray((c * 8 + h) * 8, (c * 8 + h + 1) * 8))),
  );
async function* sequence() {
  for (let i = 0; i < COUNT; i++) yield { x: sampleAt(i) };
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-samples-'));
  writeFileSync(join(folder, 'x.npy'), npy('<f4', `${COUNT}, 3, 8, 8`, new Uint8Array(input.buffer)));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const forms: readonly [string, () => SampleSource][] = [
  ['a folder', () => folder],
  ['its URL', () => pathToFileURL(folder)],
  ['an array', () => ({ x: input })],
  ['an array with its shape', () => ({ x: { data: input, dims: [COUNT, 3, 8, 8] } })],
  ['and its type', () => ({ x: { data: input, dims: [COUNT, 3, 8, 8], type: 'float32' } })],
  ['a tensor of onnxruntime', () => ({ x: new Tensor('float32', input, [COUNT, 3, 8, 8]) as never })],
  ['doubles', () => ({ x: Float64Array.from(input) })],
  ['numbers', () => ({ x: Array.from(input) })],
  ['nested numbers', () => ({ x: Array.from({ length: COUNT }, (_, i) => nested(sampleAt(i))) })],
  ['one object for each sample', () => Array.from({ length: COUNT }, (_, i) => ({ x: sampleAt(i) }))],
  ['two samples in each', () => [0, 2, 4].map((i) => ({ x: input.slice(i * EACH, (i + 2) * EACH) }))],
  ['a set of them', () => new Set(Array.from({ length: COUNT }, (_, i) => ({ x: sampleAt(i) })))],
  ['a sequence that takes time', () => sequence()],
  ['a dataset', () => datasetOf({ x: { data: input, dims: [COUNT, 3, 8, 8] } })],
];

describe('samples in whatever form are the same samples', () => {
  test.each(forms)('%s', async (_, form) => {
    using model = await openModel(bytes);
    const { inputs } = model.inspect();
    const { arrays } = await datasetFor(form(), { inputs: inputs as readonly ValueInfo[] });
    expect(arrays.get('x')!.dims).toEqual([COUNT, 3, 8, 8]);
    expect(Array.from((await arrays.get('x')!.read(0, COUNT)) as Float32Array)).toEqual(Array.from(input));
    const pruned = await model.prune({ macs: 0.6, data: form() });
    const known = await model.prune({ macs: 0.6, data: folder });
    expect(Buffer.from(await pruned.toBytes()).equals(Buffer.from(await known.toBytes()))).toBe(true);
    expect(await verify(bytes, await pruned.toBytes(), { data: form(), runs: 0 })).toMatchObject({
      ok: true,
      data: { samples: COUNT, random: false },
    });
  });

  test('a sequence without end is asked for no more than is wanted', async () => {
    let asked = 0;
    function* endless() {
      for (;;) {
        asked += 1;
        yield { x: sampleAt(0) };
      }
    }
    using model = await openModel(bytes);
    const pruned = await model.prune({ macs: 0.6, data: endless(), samples: 4 });
    expect(asked).toBe(4);
    expect(pruned.reconstruction?.samples).toBe(4);
  });

  test('labels lie beside them', async () => {
    const labels = Int32Array.from({ length: COUNT }, (_, i) => i % 4);
    const feeds = Array.from(labels, (y, i) => ({ x: sampleAt(i), y }));
    for (const data of [{ x: input, y: labels }, { x: input, y: Array.from(labels) }, feeds])
      expect(await verify(bytes, bytes, { data, labels: 'y', runs: 0 })).toMatchObject({
        ok: true,
        accuracy: { labels: 'y' },
      });
  });
});

const value = (name: string, dtype: ValueInfo['dtype'], shape: readonly (number | string)[]): ValueInfo => ({
  name,
  dtype,
  shape,
});

describe('the shape follows from the input', () => {
  test.each<[string, ValueInfo, unknown, readonly number[]]>([
    ['an open number of samples', value('x', 'float32', ['n', 4]), new Float32Array(12), [3, 4]],
    ['one sample at once', value('x', 'float32', [1, 4]), new Float32Array(12), [3, 4]],
    ['an open length of one sample', value('x', 'float32', [1, 'time', 2]), new Float32Array(12), [1, 6, 2]],
    ['one axis', value('x', 'float32', ['n']), new Float32Array(5), [5]],
    ['a scalar', value('x', 'int64', []), 16_000, []],
    ['halves as their bits', value('x', 'float16', ['n', 2]), new Uint16Array(4), [2, 2]],
    [
      'nested',
      value('x', 'float32', ['n', 'm']),
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [2, 3],
    ],
    ['an array of no input', value('z', 'float32', ['n', 'm']), new Float32Array(5), [5]],
  ])('%s', async (_, input, array, dims) => {
    const { arrays } = await datasetFor({ x: array }, { inputs: [input] });
    expect(arrays.get('x')!.dims).toEqual(dims);
    if (array instanceof Uint16Array) expect(arrays.get('x')!.type).toBe('float16');
  });

  test('objects whose first axis counts no samples are samples each', async () => {
    const frames = value('x', 'float32', ['time', 2]);
    const feeds = [0, 1, 2].map(() => ({ x: { data: new Float32Array(10), dims: [5, 2] } }));
    const { arrays } = await datasetFor(feeds, { inputs: [frames] });
    expect(arrays.get('x')!.dims).toEqual([3, 5, 2]);
    const batch = await datasetFor(feeds, { inputs: [value('x', 'float32', ['batch', 2])] });
    expect(batch.arrays.get('x')!.dims).toEqual([15, 2]);
  });

  test.each<[string, unknown, readonly (number | string)[], string, RegExp]>([
    [
      'too much is open',
      { x: new Float32Array(4) },
      ['n', 'm'],
      'DATA_MISMATCH',
      /data\.x does not say its shape, .*\[n, m\], leaves more than one axis open/,
    ],
    [
      'no multiple',
      { x: new Float32Array(5) },
      ['n', 4],
      'DATA_MISMATCH',
      /data\.x has 5 elements, which is no multiple of 4: the input takes \[n, 4\]/,
    ],
    [
      'not of its dims',
      { x: { data: new Float32Array(5), dims: [2, 2] } },
      ['n', 2],
      'DATA_MALFORMED',
      /data\.x has 5 elements, not 4 as its dims \[2, 2\] say/,
    ],
    [
      'dims that are none',
      { x: { data: new Float32Array(4), dims: [2, -2] } },
      ['n', 2],
      'OPTION_INVALID',
      /data\.x\.dims must be an array of whole numbers/,
    ],
    [
      'no dims',
      { x: { data: new Float32Array(4) } },
      ['n', 2],
      'OPTION_INVALID',
      /data\.x must be an array of numbers, not an object/,
    ],
    [
      'another type than it has',
      { x: { data: new Float32Array(4), dims: [2, 2], type: 'int8' } },
      ['n', 2],
      'OPTION_INVALID',
      /data\.x\.type must be 'float32', as its data are, not "int8"/,
    ],
    ['irregular', { x: [[1, 2], [3]] }, ['n', 2], 'DATA_MISMATCH', /data\.x is no regular array/],
    ['null', { x: null }, ['n', 2], 'OPTION_INVALID', /data\.x must be an array of numbers, not null/],
    ['a bare array', new Float32Array(4), ['n', 2], 'OPTION_INVALID', /data must be a path or file: URL/],
    ['no arrays', {}, ['n', 2], 'DATA_MISMATCH', /data holds no arrays/],
    ['no samples', [], ['n', 2], 'DATA_MISMATCH', /data holds no samples/],
    [
      'unlike names',
      [{ x: [1, 2] }, { y: [1, 2] }],
      ['n', 2],
      'DATA_MISMATCH',
      /data\[0\] and data\[1\] do not both have "x"/,
    ],
    [
      'unlike shapes',
      [{ x: [[1, 2]] }, { x: [[1, 2, 3]] }],
      ['n', 'm'],
      'DATA_MISMATCH',
      /"x" has the shape \[1, 2\] in data\[0\], \[1, 3\] in data\[1\]/,
    ],
  ])('or it is said why not: %s', async (_, data, shape, code, words) => {
    const problem = await datasetFor(data, { inputs: [value('x', 'float32', shape)] }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(problem).toBeInstanceOf(EspalierError);
    expect(problem).toMatchObject({ code, what: expect.stringMatching(words) });
  });
});
