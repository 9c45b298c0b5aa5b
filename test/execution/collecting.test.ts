import { describe, expect, test } from 'vitest';
import { datasetOf } from '../../src/data/dataset.js';
import { type Batch, collect, type Observer } from '../../src/execution/collecting.js';
import { onnxruntime } from '../../src/index.js';
import { openBytes } from '../../src/native/index.js';
import type { Runtime } from '../../src/runtime/runtime.js';
import { encodeModel, type ModelSpec } from '../support/onnx.js';

/** h = Relu(x), y = Neg(h). */
const model: ModelSpec = {
  opset: 17,
  inputs: [{ name: 'x', shape: ['n', 2] }],
  outputs: [{ name: 'y', shape: ['n', 2] }],
  nodes: [
    { op: 'Relu', inputs: ['x'], outputs: ['h'] },
    { op: 'Neg', inputs: ['h'], outputs: ['y'] },
  ],
  initializers: [],
};
const SAMPLES = 200;
const data = Float32Array.from({ length: 2 * SAMPLES }, (_, i) => (i % 7) - 3);
const dataset = datasetOf({ x: { type: 'float32', data, dims: [SAMPLES, 2] } });

/** What a runtime is asked to give, run by run. */
function counted(): { readonly runtime: Runtime; readonly asked: (readonly string[])[]; loads: number } {
  const own = onnxruntime();
  const all = {
    asked: [] as (readonly string[])[],
    loads: 0,
    runtime: {
      ...(own.name !== undefined && { name: own.name }),
      load: async (...[given, options]: Parameters<Runtime['load']>) => {
        all.loads += 1;
        const session = await own.load(given, options);
        return {
          ...session,
          run: (...[feeds, asked]: Parameters<typeof session.run>) => {
            all.asked.push(asked?.outputs ?? []);
            return session.run(feeds, asked);
          },
        };
      },
    },
  };
  return all;
}

/** Sums up each value that it sees. */
function summing(values: readonly string[], wanted?: Observer['wanted']) {
  const sums = new Map<string, number>();
  const batches: Batch[] = [];
  const observer: Observer = {
    values,
    ...(wanted && { wanted }),
    take: async (batch) => {
      batches.push(batch);
      for (const name of values)
        for (const value of (batch.tensors[name]?.data ?? []) as Float32Array)
          sums.set(name, (sums.get(name) ?? 0) + value);
    },
  };
  return { observer, sums, batches };
}

const positive = data.reduce((sum, value) => sum + Math.max(0, value), 0);

describe('one run for all who look', () => {
  test('each sees its values on all samples, in their order', async () => {
    const [first, second] = [summing(['h']), summing(['h', 'y'])];
    const native = await openBytes(encodeModel(model));
    expect(await collect(native, [first.observer, second.observer], dataset, onnxruntime(), {})).toBe(
      SAMPLES,
    );
    expect(first.sums.get('h')).toBe(positive);
    expect(second.sums.get('y')).toBe(-positive);
    const { batches } = first;
    expect(batches.map(({ index }) => index)).toEqual(batches.map((_, index) => index));
    expect(batches.map(({ from }) => from)).toEqual(
      batches.map((_, index) => batches.slice(0, index).reduce((sum, { samples }) => sum + samples, 0)),
    );
    expect(batches.every(({ total }) => total === SAMPLES)).toBe(true);
  });

  test('the model is loaded once, and gives of later batches only what somebody wants', async () => {
    const counts = counted();
    const { observer, batches } = summing(['h', 'y'], (batch) => (batch % 2 === 0 ? ['h'] : []));
    const other = summing(['y'], () => ['y']);
    const native = await openBytes(encodeModel(model));
    await collect(native, [observer, other.observer], dataset, counts.runtime, {});
    expect(counts.loads).toBe(1);
    expect([...counts.asked[0]!].sort()).toEqual(['h', 'y']);
    for (const [index, asked] of counts.asked.slice(1).entries())
      expect([...asked].sort()).toEqual((index + 1) % 2 === 0 ? ['h', 'y'] : ['y']);
    expect(batches).toHaveLength(counts.asked.length);
  });

  test('a fault of one ends the run, and the first in order is told', async () => {
    const failing = (problem: string): Observer => ({
      values: ['h'],
      take: async () => {
        throw new Error(problem);
      },
    });
    const native = await openBytes(encodeModel(model));
    const run = collect(native, [failing('first'), failing('second')], dataset, onnxruntime(), {});
    await expect(run).rejects.toThrow('first');
  });

  test('an abort ends it with its reason', async () => {
    const controller = new AbortController();
    const stopping: Observer = { values: ['h'], take: async () => controller.abort(new Error('enough')) };
    const native = await openBytes(encodeModel(model));
    const run = collect(native, [stopping], dataset, onnxruntime(), { signal: controller.signal });
    await expect(run).rejects.toThrow('enough');
  });
});
