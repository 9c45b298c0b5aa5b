import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EspalierError } from '../../src/base/errors.js';
import { type NativeModel, openBytes, type SliceRequest, type Statistic } from '../../src/native/index.js';
import { encodeModel, floats, type TensorSpec } from '../support/onnx.js';

const entropy: Statistic = { kind: 'entropy', bins: 4, millerMadow: false, range: 'group' };

/** A model whose only content is its initializers. */
function modelOf(...initializers: TensorSpec[]): Promise<NativeModel> {
  return openBytes(encodeModel({ inputs: [], outputs: [], nodes: [], initializers, opset: 18 }));
}

const tensor = (name: string, dims: readonly number[], values: readonly number[]): TensorSpec => {
  let next = 0;
  return floats(name, dims, () => values[next++]!);
};

const rows = (id: number, axis: number, ...lanes: number[]): SliceRequest['slices'][number] => ({
  tensor: id,
  axis,
  lanes: Int32Array.from(lanes),
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const failure = async (promise: Promise<unknown>): Promise<EspalierError> => {
  const problem: unknown = await promise.then(
    () => expect.fail('it should have been rejected'),
    (reason: unknown) => reason,
  );
  expect(problem).toBeInstanceOf(EspalierError);
  return problem as EspalierError;
};

test('each statistic is one number for each lane of each request', async () => {
  const model = await modelOf(
    tensor('w', [3, 4], [0, 1, 2, 3, -1, 1, 0, 0, 2, 2, 2, 2]),
    tensor('b', [3], [4, 0, 1]),
  );
  const requests: SliceRequest[] = [
    { lanes: 3, slices: [rows(0, 0, 0, 1, 2), rows(1, 0, 0, 1, 2)] },
    { lanes: 2, slices: [rows(0, 1, 1, -1, 0, 1)] },
  ];
  const of = (statistic: Statistic): Promise<readonly Float64Array[]> =>
    model.statistics(requests, statistic);
  expect(await of({ kind: 'abs-sum' })).toEqual([Float64Array.of(10, 2, 9), Float64Array.of(4, 8)]);
  expect(await of({ kind: 'square-sum' })).toEqual([Float64Array.of(30, 2, 17), Float64Array.of(8, 18)]);
  const [, mass] = await of({ kind: 'mass' });
  expect(mass![0]).toBeCloseTo(Math.log2(3) / 3, 14);
  expect(mass![1]).toBeCloseTo((2 / 3) * Math.log2(3 / 2), 14);
  // One bin each for 0, 1, 2, 3.
  const [bits] = await model.statistics([{ lanes: 3, slices: [rows(0, 0, 0, -1, 1)] }], entropy);
  expect(bits).toEqual(Float64Array.of(2, 0, 0));
  expect(await model.statistics([], entropy)).toEqual([]);
});

test('a value that is not finite is named', async () => {
  const model = await modelOf(tensor('layer.weight', [2, 2], [0, 1, Number.NaN, 3]));
  for (const statistic of [entropy, { kind: 'mass' }, { kind: 'abs-sum' }] as const) {
    const error = await failure(model.statistics([{ lanes: 2, slices: [rows(0, 0, 0, 1)] }], statistic));
    expect(error.code).toBe('NON_FINITE');
    expect(error.what).toContain('[1, 0]');
    expect(error.where.tensor).toBe('layer.weight');
  }
  const [sums] = await model.statistics([{ lanes: 1, slices: [rows(0, 0, 0, -1)] }], { kind: 'abs-sum' });
  expect(sums).toEqual(Float64Array.of(1));
});

test('options that are no options, and requests that contradict the model', async () => {
  const model = await modelOf(tensor('w', [2], [0, 1]));
  const request = { lanes: 2, slices: [rows(0, 0, 0, 1)] };
  for (const wrong of [{ kind: 'median' }, { ...entropy, bins: 1 }, { ...entropy, range: 'model' }]) {
    expect((await failure(model.statistics([request], wrong as Statistic))).code).toBe('OPTION_INVALID');
  }
  for (const slice of [rows(0, 0, 0, 2), rows(0, 1, 0, 1), rows(0, 0, 0), rows(9, 0, 0, 1)]) {
    const error = await failure(model.statistics([{ lanes: 2, slices: [slice] }], entropy));
    expect(error.code).toBe('INTERNAL');
  }
});

test('terms are written as an .npz, and nothing is replaced or left behind', async () => {
  const model = await modelOf(
    tensor('layer/weight', [2, 2], [1, -1, 2, 0]),
    tensor('bad', [1], [Number.POSITIVE_INFINITY]),
  );
  const path = join(folder, 'terms.npz');
  const good = { tensor: 0, name: 'layer/weight' };
  const { bytes } = await model.writeTerms(path, [good]);
  const file = readFileSync(path);
  expect(file.length).toBe(bytes);
  const entry = unzipSync(file)['layer/weight.npy']!;
  expect(Buffer.from(entry).toString('latin1')).toContain("'shape': (2, 2)");
  const terms = new Float32Array(entry.slice(-16).buffer);
  expect([...terms]).toEqual([0.5, 0.5, 0.5, 0]);

  writeFileSync(path, 'kept');
  expect((await failure(model.writeTerms(path, [good]))).code).toBe('OUTPUT_EXISTS');
  const bad = [good, { tensor: 1, name: 'bad' }];
  expect((await failure(model.writeTerms(path, bad, { force: true }))).code).toBe('NON_FINITE');
  expect(readFileSync(path, 'utf8')).toBe('kept');
  const nowhere = join(folder, 'missing', 'terms.npz');
  expect((await failure(model.writeTerms(nowhere, [good]))).code).toBe('OUTPUT_UNWRITABLE');
  expect(existsSync(nowhere)).toBe(false);
  await model.writeTerms(path, [good], { force: true });
  expect(readdirSync(folder)).toEqual(['terms.npz']);
});

test('a signal rejects with its reason; progress ends at the total', async () => {
  const model = await modelOf(floats('w', [64, 4096], () => 0.5));
  const request = { lanes: 1, slices: [rows(0, 0, ...Array<number>(64).fill(0))] };
  const abort = new AbortController();
  const reason = new Error('enough');
  // A second's work, so that it is not done before the signal comes.
  const long = Array<SliceRequest>(1000).fill(request);
  const stopped = model.statistics(long, entropy, { signal: abort.signal });
  abort.abort(reason);
  await expect(stopped).rejects.toBe(reason);
  const seen: { phase: string; done: number; total: number }[] = [];
  await model.statistics([request], entropy, { threads: 1, onProgress: (progress) => seen.push(progress) });
  expect(seen.at(-1)).toEqual({ phase: 'score', done: 2 * 4 * 64 * 4096, total: 2 * 4 * 64 * 4096 });
});
