import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EspalierError } from '../../src/base/errors.js';
import { datasetOf } from '../../src/data/dataset.js';
import { activations } from '../../src/execution/activations.js';
import { observe } from '../../src/execution/observed.js';
import { openBytes, openFile } from '../../src/native/index.js';
import { onnxruntime } from '../../src/runtime/onnxruntime.js';
import type { Runtime, Session } from '../../src/runtime/runtime.js';
import type { Step } from '../support/convnets.js';
import { growConvnet, KINDS } from '../support/convnets.js';
import { difference, ROUNDING, run } from '../support/exact.js';
import { encodeModel, floats, type ModelSpec } from '../support/onnx.js';
import { random } from '../support/random.js';

const SAMPLES = 5;
const images = (dims: readonly number[] = [SAMPLES, 3, 8, 8]) => ({
  type: 'float32' as const,
  dims,
  data: floats('x', dims, random(7)).data as Float32Array,
});
const dataset = datasetOf({ x: images() });

/** Convolution, normalisation and activation, which onnxruntime fuses, then every kind of step. */
const steps: Step[] = ['conv', 'batchNorm', 'activation', 'depthwise', 'residual', ...KINDS].map(
  (kind, i) => ({ kind: kind as Step['kind'], pick: 3 * i, size: i + 3 }),
);
const convnet = growConvnet(steps, 11);
const bytes = encodeModel(convnet);
const values = ['x', 'y', ...convnet.nodes.flatMap(({ outputs }) => outputs)].filter((name) => name !== '');

const varint = (rest: number): number[] =>
  rest < 128 ? [rest] : [(rest % 128) + 128, ...varint(Math.floor(rest / 128))];
const field = (number: number, payload: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(payload as Uint8Array);
  return Buffer.concat([Buffer.from([number * 8 + 2, ...varint(bytes.length)]), bytes]);
};

/** The model with more outputs, written in another way: protobuf merges what is appended. */
const withOutputs = (model: Uint8Array, names: readonly string[]): Uint8Array =>
  Buffer.concat([model, field(7, Buffer.concat(names.map((name) => field(12, field(1, name)))))]);

/** h = x · w, with w of [4, 2] in another file; y = max(h, 0). */
function externalModel(location: string): Buffer {
  const message = (number: number, ...parts: Uint8Array[]) => field(number, Buffer.concat(parts));
  const int = (number: number, value: number) => Buffer.from([number * 8, value]);
  const node = (op: string, inputs: string[], output: string) =>
    message(1, ...inputs.map((name) => field(1, name)), field(2, output), field(4, op));
  const value = (number: number, name: string, width: number) => {
    const shape = message(2, message(1, field(2, 'n')), message(1, int(1, width)));
    return message(number, field(1, name), message(2, message(1, int(1, 1), shape)));
  };
  const place = message(13, field(1, 'location'), field(2, location));
  const w = message(5, int(1, 4), int(1, 2), int(2, 1), field(8, 'w'), place, int(14, 1));
  const nodes = [node('MatMul', ['x', 'w'], 'h'), node('Relu', ['h'], 'y')];
  const graph = message(7, ...nodes, field(2, 'main'), w, value(11, 'x', 4), value(12, 'y', 2));
  return Buffer.concat([int(1, 8), graph, message(8, int(2, 17))]);
}

async function all<T>(batches: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('it should have been rejected'),
    (problem: unknown) => problem,
  );

/** A model of one value more than its output, whose batch may be fixed. */
const small = (batch: number | string = 'n', nodes?: ModelSpec['nodes']): Uint8Array =>
  encodeModel({
    opset: 17,
    inputs: [{ name: 'x', shape: [batch, 4] }],
    outputs: [{ name: 'y', shape: [batch, 4] }],
    initializers: [floats('w', [4, 4], random(2)), floats('b', [4], random(3))],
    nodes: nodes ?? [
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
      { op: 'Add', inputs: ['h', 'b'], outputs: ['s'] },
      { op: 'Relu', inputs: ['s'], outputs: ['y'] },
    ],
  });
const rows = (count: number) => datasetOf({ x: images([count, 4]) });

describe('every value of a convolutional network', () => {
  const extra = values.filter((name) => name !== 'y');
  const direct = withOutputs(bytes, extra);

  test('is what onnxruntime gives for it, bit for bit', async () => {
    const weight = convnet.initializers[0]!.name;
    const found = await all(activations(bytes, [...values, weight], dataset, onnxruntime()));
    expect(found.map(({ from, samples }) => [from, samples])).toEqual([
      [0, 1],
      [1, SAMPLES - 1],
    ]);
    const session = await ort.InferenceSession.create(direct);
    for (const { from, samples, tensors } of found) {
      const data = images().data.slice(from * 192, (from + samples) * 192);
      const feeds = { x: new ort.Tensor('float32', data, [samples, 3, 8, 8]) };
      const wanted = await session.run(feeds);
      expect(Object.keys(tensors).sort()).toEqual([...Object.keys(wanted), weight].sort());
      for (const [name, { type, data, dims }] of Object.entries(wanted) as [string, ort.Tensor][])
        expect(tensors[name], name).toEqual({ type, data, dims: [...dims] });
      // Nothing was fused away where a value is asked for: each is what it is without any optimiser.
      const plain = await run(direct, feeds);
      expect(difference(tensors as unknown as typeof plain, plain)).toBeLessThan(ROUNDING);
      expect(tensors[weight]!.data).toEqual(convnet.initializers[0]!.data);
    }
    await session.release();
  });

  test('is the same again, and from a file or an opened model', async () => {
    const few = values.filter((_, i) => i % 5 === 0);
    const once = await all(activations(bytes, few, dataset, onnxruntime()));
    const folder = mkdtempSync(join(tmpdir(), 'espalier-'));
    try {
      writeFileSync(join(folder, 'in.onnx'), bytes);
      expect(await all(activations(join(folder, 'in.onnx'), few, dataset, onnxruntime()))).toEqual(once);
      const native = await openBytes(bytes);
      expect(await all(activations(native, [...few, ...few], dataset, onnxruntime()))).toEqual(once);
      expect(native.describe().graph.outputs).toHaveLength(1);
      native.dispose();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('batches', () => {
  const sizes = async (
    model: Uint8Array,
    data: ReturnType<typeof rows>,
    options: Parameters<typeof activations>[4] = {},
  ) =>
    (await all(activations(model, ['h'], data, onnxruntime(), options))).map(({ from, samples, tensors }) => {
      expect(tensors.h!.dims).toEqual([samples, 4]);
      return [from, samples];
    });

  test('are of the size that is asked for', async () => {
    expect(await sizes(small(), rows(5), { batch: 2 })).toEqual([
      [0, 2],
      [2, 2],
      [4, 1],
    ]);
    expect(await sizes(small(), rows(5), { batch: 9, samples: 3 })).toEqual([[0, 3]]);
    expect(await sizes(small(), rows(200), { samples: 100 })).toEqual([
      [0, 1],
      [1, 64],
      [65, 35],
    ]);
  });

  test('are of the size that the model fixes; what does not fill one is left out', async () => {
    const twos = [
      [0, 2],
      [2, 2],
    ];
    const reports: number[][] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) => reports.push([done, total]);
    expect(await sizes(small(2), rows(5), { batch: 64, onProgress })).toEqual(twos);
    expect(reports).toEqual([
      [0, 4],
      [2, 4],
      [4, 4],
    ]);
    expect(await sizes(small(2), rows(7), { samples: 5 })).toEqual(twos);
    expect(await sizes(small(2), rows(7), { samples: 1 })).toEqual([[0, 2]]);
  });

  test('go one by one where a model only says that it takes more', async () => {
    const shape = { name: 'shape', dims: [2], data: BigInt64Array.of(1n, 4n) };
    const model = encodeModel({
      opset: 17,
      inputs: [{ name: 'x', shape: ['n', 4] }],
      outputs: [{ name: 'y', shape: ['n', 4] }],
      initializers: [shape],
      nodes: [
        { op: 'Reshape', inputs: ['x', 'shape'], outputs: ['h'] },
        { op: 'Relu', inputs: ['h'], outputs: ['y'] },
      ],
    });
    expect(await sizes(model, rows(3))).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ]);
    expect(await failure(sizes(model, rows(3), { batch: 3 }))).toMatchObject({ code: 'RUNTIME_FAILED' });
  });

  test('are computed only when they are asked for, and end where nobody asks', async () => {
    const log: string[] = [];
    const batches = activations(small(), ['h'], rows(6), logged(onnxruntime(), log), { batch: 2 });
    for await (const { from } of batches) {
      log.push(`got ${from}`);
      if (from === 2) break;
    }
    expect(log).toEqual(['load', 'run', 'got 0', 'run', 'got 2', 'dispose']);
    expect(await all(activations(small(), [], rows(6), logged(onnxruntime(), log)))).toEqual([]);
    expect(log).toHaveLength(6);
  });
});

function logged(runtime: Runtime, log: string[]): Runtime {
  return {
    load: async (model, options): Promise<Session> => {
      log.push('load');
      const session = await runtime.load(model, options);
      return {
        ...session,
        run: (feeds, options) => {
          log.push('run');
          return session.run(feeds, options);
        },
        dispose: () => {
          log.push('dispose');
          return session.dispose();
        },
      };
    },
  };
}

describe('what goes wrong', () => {
  const ask = (options: Parameters<typeof activations>[4], names = ['h'], data = rows(4)) =>
    failure(all(activations(small(), names, data, onnxruntime(), options)));

  test('data that do not fit, options that cannot be, and values that nothing makes', async () => {
    expect(await ask({}, ['h'], datasetOf({ z: images([4, 4]) }))).toMatchObject({ code: 'DATA_MISMATCH' });
    expect(await ask({}, ['h'], datasetOf({ x: images([4, 3]) }))).toMatchObject({ code: 'DATA_MISMATCH' });
    for (const wrong of [{ samples: 0 }, { batch: 1.5 }, { threads: -1 }])
      expect(await ask(wrong)).toMatchObject({ code: 'OPTION_INVALID' });
    expect(await ask({}, ['absent'])).toBeInstanceOf(EspalierError);
    const missing = failure(all(activations(small(), ['h'], rows(4), onnxruntime([]))));
    expect(await missing).toMatchObject({ code: 'RUNTIME_MISSING' });
  });

  test('values that are no tensors', async () => {
    const model = small('n', [
      { op: 'SplitToSequence', inputs: ['x'], outputs: ['sequence'], attributes: { axis: 1 } },
      { op: 'ConcatFromSequence', inputs: ['sequence'], outputs: ['y'], attributes: { axis: 1 } },
    ]);
    const problem = await failure(all(activations(model, ['sequence'], rows(4), onnxruntime())));
    expect(problem).toMatchObject({ code: 'RUNTIME_FAILED', where: { tensor: 'sequence' } });
  });

  test('a signal that aborts rejects with its reason, before and between batches', async () => {
    const reason = new Error('changed my mind');
    expect(await ask({ signal: AbortSignal.abort(reason) })).toBe(reason);
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }) => {
      if (done === 2) controller.abort(reason);
    };
    expect(await ask({ batch: 1, signal: controller.signal, onProgress })).toBe(reason);
    const thrown = new RangeError('of the caller');
    const throwing = () => {
      throw thrown;
    };
    expect(await ask({ onProgress: throwing })).toBe(thrown);
  });
});

describe('the copy that a runtime loads', () => {
  let folder: string;
  const before = process.env.TMPDIR;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'espalier-'));
    process.env.TMPDIR = folder;
  });
  afterEach(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(folder, { recursive: true });
  });

  test('lies among the temporary files where the model is large, with its data, and goes', async () => {
    const native = await openBytes(small());
    const copy = await observe(native, ['h'], {}, 1);
    const [made] = readdirSync(folder);
    expect(copy.model).toBe(join(folder, made!, 'model.onnx'));
    const opened = await openFile(copy.model as string);
    expect(opened.describe().graph.outputs.map(({ name }) => name)).toEqual(['y', 'h']);
    opened.dispose();
    await copy.remove();
    expect(readdirSync(folder)).toEqual([]);
    native.dispose();
  });

  test('has external data at hand, in memory as in a file', async () => {
    const home = mkdtempSync(join(folder, 'home-'));
    writeFileSync(join(home, 'in.onnx'), externalModel('w.bin'));
    writeFileSync(join(home, 'w.bin'), Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer));
    const native = await openFile(join(home, 'in.onnx'));
    for (const limit of [1, undefined]) {
      const copy = await observe(native, ['h'], {}, limit);
      expect(typeof copy.model).toBe(limit === undefined ? 'object' : 'string');
      const session = await onnxruntime().load(copy.model);
      const feeds = { x: { type: 'float32' as const, data: Float32Array.of(1, 0, 0, -1), dims: [1, 4] } };
      const { outputs } = await session.run(feeds);
      expect(outputs.h!.data).toEqual(Float32Array.of(-6, -6));
      await copy.remove(session.dispose());
      expect(readdirSync(folder)).toEqual([basename(home)]);
    }
    native.dispose();
    expect(readdirSync(home).sort()).toEqual(['in.onnx', 'w.bin']);
  });

  test('leaves nothing behind where it cannot be written', async () => {
    const native = await openBytes(small());
    expect(await failure(observe(native, ['absent'], {}, 1))).toBeInstanceOf(EspalierError);
    expect(await failure(observe(native, ['h'], { signal: AbortSignal.abort() }, 1))).toMatchObject({
      name: 'AbortError',
    });
    expect(readdirSync(folder)).toEqual([]);
    native.dispose();
  });
});
