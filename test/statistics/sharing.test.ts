import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/coupling/analysis.js';
import { onnxruntime, openModel } from '../../src/index.js';
import { layersOf } from '../../src/layers/layers.js';
import { CalibrationSession } from '../../src/loss/session.js';
import { readGraph } from '../../src/model/graph.js';
import { openBytes } from '../../src/native/index.js';
import { registry } from '../../src/ops/registry.js';
import type { Runtime } from '../../src/runtime/runtime.js';
import { keyOf } from '../../src/statistics/summing.js';
import { datasetFor } from '../refit/refits.js';
import { encodeModel, type ModelSpec } from '../support/onnx.js';

/** Two layers that read h alike, one that reads it through another window, and one behind them. */
function branches(): ModelSpec {
  let seed = 1;
  const numbers = (dims: readonly number[]): number[] =>
    Array.from({ length: dims.reduce((a, b) => a * b) }, () => Math.sin(12.9898 * seed++ * seed) / 2);
  const weight = (name: string, dims: number[]) => ({ name, dims, data: Float32Array.from(numbers(dims)) });
  const pads = { pads: [1, 1, 1, 1] };
  return {
    opset: 17,
    inputs: [{ name: 'x', shape: ['n', 3, 8, 8] }],
    outputs: [{ name: 'y', shape: ['n', 4, 8, 8] }],
    nodes: [
      { op: 'Conv', inputs: ['x', 'w0'], outputs: ['h0'], attributes: pads },
      { op: 'Relu', inputs: ['h0'], outputs: ['h'] },
      { op: 'Conv', inputs: ['h', 'a'], outputs: ['ya'] },
      { op: 'Conv', inputs: ['h', 'b'], outputs: ['yb'] },
      { op: 'Conv', inputs: ['h', 'c'], outputs: ['yc'], attributes: pads },
      { op: 'Sum', inputs: ['ya', 'yb', 'yc'], outputs: ['y'] },
    ],
    initializers: [
      ...[weight('w0', [12, 3, 3, 3]), weight('a', [4, 12, 1, 1]), weight('b', [4, 12, 1, 1])],
      weight('c', [4, 12, 3, 3]),
    ],
  };
}

async function sessionOf(model: ModelSpec, runtime: Runtime, memory = 2 ** 30) {
  const native = await openBytes(encodeModel(model));
  const graph = readGraph(native.describe(), 'model.onnx');
  const analysis = analyse(graph, registry, (tensor) => native.numbers(tensor));
  const session = new CalibrationSession(native, analysis, datasetFor(model, 64), runtime, undefined, memory);
  return { analysis, session, layers: layersOf(analysis) };
}

/** A runtime that counts what is loaded. */
function counting(): { readonly runtime: Runtime; loads: number } {
  const own = onnxruntime();
  const counts = {
    loads: 0,
    runtime: {
      ...(own.name !== undefined && { name: own.name }),
      load: (...args: Parameters<Runtime['load']>) => {
        counts.loads += 1;
        return own.load(...args);
      },
    },
  };
  return counts;
}

describe('second moments of what several layers read', () => {
  test('are shared where value, axis and window are the same', async () => {
    const { layers } = await sessionOf(branches(), onnxruntime());
    const keys = layers.map(keyOf);
    expect(layers).toHaveLength(4);
    expect(new Set(keys).size).toBe(3);
    expect(keys[1]).toBe(keys[2]);
  });

  test('price lanes as each layer by itself would', async () => {
    const { analysis, session } = await sessionOf(branches(), onnxruntime());
    const group = analysis.groups.find(({ lanes }) => lanes.length === 12)!;
    const [ranking] = await session.rankings([group], {});
    const observed = await session.observed({});
    // What all layers lose with every lane gone is all that they vary.
    expect(ranking!.consumers).toHaveLength(3);
    expect(ranking!.damage.at(-1)).toBeCloseTo(3, 1);
    const alone = await Promise.all(
      ranking!.consumers.map((own) =>
        observed.withTargets([own], {}, async ([targeted]) => {
          const { outputVariances } = await targeted!.moments.summary();
          return outputVariances.reduce((sum, value) => sum + value, 0);
        }),
      ),
    );
    for (const variance of alone) expect(variance).toBeCloseTo(1, 6);
  });

  test('are collected in several runs where memory is short, and come to the same', {
    timeout: 60_000,
  }, async () => {
    const [ample, tight] = [counting(), counting()];
    const rankings = async ({ runtime }: { readonly runtime: Runtime }, memory: number) => {
      const { analysis, session } = await sessionOf(branches(), runtime, memory);
      return session.rankings(analysis.groups, {});
    };
    const [expected, found] = [await rankings(ample, 2 ** 30), await rankings(tight, 1)];
    expect(found.map((own) => own && [...own.order])).toEqual(expected.map((own) => own && [...own.order]));
    expect(found.map((own) => own && [...own.damage])).toEqual(expected.map((own) => own && [...own.damage]));
    expect(tight.loads).toBeGreaterThan(ample.loads);
  });
});

test('statistics of activations and second moments come of one run over the samples', {
  timeout: 60_000,
}, async () => {
  const model = branches();
  const runs = async (reconstruct: boolean): Promise<number> => {
    let whole = 0;
    const own = onnxruntime();
    const runtime: Runtime = {
      ...(own.name !== undefined && { name: own.name }),
      load: async (...args) => {
        const session = await own.load(...args);
        // Parts of the model have other inputs, or none of its outputs but one.
        if (session.inputs.some(({ name }) => name === 'x') && session.outputs.length > 2) whole += 1;
        return session;
      },
    };
    using opened = await openModel(encodeModel(model));
    await opened.plan({
      ...{ ratio: 0.5, criterion: 'activation-variance', data: datasetFor(model, 64) },
      ...{ reconstruct, runtime },
    });
    return whole;
  };
  expect(await runs(true)).toBe(1);
});
