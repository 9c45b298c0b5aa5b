import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EspalierError } from '../../src/base/errors.js';
import type { Edits } from '../../src/model/edits.js';
import { openBytes, openFile } from '../../src/native/index.js';
import { encodeModel, floats } from '../support/onnx.js';
import { random } from '../support/random.js';

const noEdits: Edits = {
  selections: [],
  integers: [],
  copies: [],
  literals: [],
  attributes: [],
  inputs: [],
  nodes: [],
  valueInfos: [],
  metadata: [],
};

/** A protobuf field: a number, or bytes. */
function field(number: number, value: number | Uint8Array | string): Buffer {
  const varint = (rest: number): number[] =>
    rest < 128 ? [rest] : [(rest % 128) + 128, ...varint(Math.floor(rest / 128))];
  if (typeof value === 'number') return Buffer.from([...varint(number * 8), ...varint(value)]);
  const bytes = Buffer.from(value as Uint8Array);
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
}

/** A model with one float32 initializer `w` of [rows, 4]. */
function modelOf(rows: number): Buffer {
  const data = Buffer.from(Float32Array.from({ length: 4 * rows }, (_, i) => i).buffer);
  const tensor = [field(1, rows), field(1, 4), field(2, 1), field(8, Buffer.from('w')), field(9, data)];
  return Buffer.concat([field(1, 8), field(7, field(5, Buffer.concat(tensor)))]);
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('it should have been rejected'),
    (problem: unknown) => problem,
  );

test('a model is opened, described, read, cut and closed', async () => {
  const model = await openBytes(modelOf(3));
  expect(model.describe().tensors).toEqual([
    { id: 0, name: 'w', dtype: 'float32', dims: [3, 4], bytes: 48, external: false },
  ]);
  expect(model.numbers(0)).toEqual(Float64Array.from({ length: 12 }, (_, i) => i));
  expect(await model.sha256()).toMatch(/^[0-9a-f]{64}$/);
  const selections = [
    { tensor: 0, axis: 0, kept: Uint32Array.of(2) },
    { tensor: 0, axis: 1, kept: Uint32Array.of(0, 3) },
  ];
  const cut = await openBytes(await model.saveToBytes({ ...noEdits, selections }));
  expect(cut.numbers(0)).toEqual(Float64Array.of(8, 11));
  model.dispose();
  expect(() => model.describe()).toThrow(/closed/);
  expect(cut.describe().tensors[0]!.dims).toEqual([1, 2]);
});

test('floats get new contents, nodes float attributes, values become outputs', async () => {
  const next = random(1);
  const model = await openBytes(
    encodeModel({
      opset: 17,
      inputs: [{ name: 'x', shape: ['n', 4] }],
      outputs: [{ name: 'y', shape: ['n', 2] }],
      initializers: [floats('w', [4, 3], next), floats('v', [3, 2], next)],
      nodes: [
        { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
        { op: 'LeakyRelu', inputs: ['h'], outputs: ['r'] },
        { op: 'MatMul', inputs: ['r', 'v'], outputs: ['y'] },
      ],
    }),
  );
  const edits: Edits = {
    ...noEdits,
    attributes: [
      { node: 1, name: 'alpha', kind: 'float', floats: [0.5] },
      { node: 1, name: 'alphas', kind: 'floats', floats: [0.1, -2] },
      { node: 0, name: 'axis', kind: 'int', ints: [3] },
    ],
    contents: [
      { tensor: 0, dims: [4, 1], values: Float32Array.of(1, 2, 3, 0.1) },
      { tensor: 1, dims: [1, 2], values: Float32Array.of(4, 5) },
    ],
    outputs: [{ name: 'h' }, { name: 'y' }],
  };
  const edited = await openBytes(await model.saveToBytes(edits));
  const { graph, tensors } = edited.describe();
  expect(edited.numbers(0)).toEqual(Float64Array.of(1, 2, 3, Math.fround(0.1)));
  expect(tensors.map(({ dims }) => dims)).toEqual([
    [4, 1],
    [1, 2],
  ]);
  expect(graph.nodes[1]!.attributes).toEqual({
    alpha: { type: 'float', value: 0.5 },
    alphas: { type: 'floats', value: [Math.fround(0.1), -2] },
  });
  expect(graph.outputs.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
    ['y', 'float32', ['n', 2]],
    ['h', null, null],
  ]);
  const contents = [{ tensor: 0, dims: [1], values: Float32Array.of(Number.NaN) }];
  expect(await failure(model.saveToBytes({ ...noEdits, contents }))).toMatchObject({
    code: 'NON_FINITE',
    where: { tensor: 'w' },
  });
  const absent = model.saveToBytes({ ...noEdits, outputs: [{ name: 'absent' }] });
  expect(await failure(absent)).toMatchObject({ code: 'INTERNAL' });
});

test('errors say what was wrong, where, and what to do, and keep the stack', async () => {
  const path = join(folder, 'absent.onnx');
  const problem = await failure(openFile(path));
  expect(problem).toBeInstanceOf(EspalierError);
  expect(problem).toMatchObject({ code: 'FILE_NOT_FOUND', where: { file: path }, todo: 'Check the path.' });
  expect((problem as Error).stack).toContain('openFile');
  expect(await failure(openBytes(Buffer.from('not a model')))).toMatchObject({ code: 'MODEL_MALFORMED' });
  const model = await openBytes(modelOf(1));
  expect(() => model.numbers(7)).toThrow(EspalierError);
  const beyond = { ...noEdits, selections: [{ tensor: 0, axis: 0, kept: Uint32Array.of(1) }] };
  expect(await failure(model.saveToBytes(beyond))).toMatchObject({ where: { tensor: 'w', axis: 0 } });
});

test('a signal rejects with its reason and leaves nothing behind', async () => {
  const path = join(folder, 'in.onnx');
  writeFileSync(path, modelOf(1_000_000));
  const model = await openFile(path);
  const reason = new Error('changed my mind');
  const out = join(folder, 'out.onnx');
  expect(await failure(model.save(out, noEdits, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  const controller = new AbortController();
  const saving = failure(model.save(out, noEdits, { signal: controller.signal, threads: 1 }));
  controller.abort();
  expect(await saving).toMatchObject({ name: 'AbortError' });
  expect(await failure(openFile(path, { signal: AbortSignal.abort() }))).toMatchObject({
    name: 'AbortError',
  });
  expect(readdirSync(folder)).toEqual(['in.onnx']);
  expect((await model.save(out, noEdits)).bytes).toBe(model.describe().bytes);
});

test('progress ends at its total, and what it throws stops the call', async () => {
  const model = await openBytes(modelOf(1000));
  const reports: { phase: string; done: number; total: number }[] = [];
  await model.save(join(folder, 'out.onnx'), noEdits, { onProgress: (progress) => reports.push(progress) });
  const { bytes } = model.describe();
  expect(reports.at(-1)).toEqual({ phase: 'write', done: bytes, total: bytes });
  const thrown = new RangeError('of the caller');
  const onProgress = (): void => {
    throw thrown;
  };
  expect(await failure(model.sha256({ onProgress }))).toBe(thrown);
});
