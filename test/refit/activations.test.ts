import { afterEach, expect, test, vi } from 'vitest';
import { analyse } from '../../src/coupling/analysis.js';
import type { Rule } from '../../src/coupling/rule.js';
import { layersOf } from '../../src/layers/layers.js';
import { readersOf } from '../../src/model/readers.js';
import { openBytes } from '../../src/native/index.js';
import { type Activation, activation } from '../../src/ops/activations.js';
import { registry, rows } from '../../src/ops/registry.js';
import { postOpsOf, targetOf } from '../../src/refit/target.js';
import { Builder } from '../support/builder.js';
import { graphOf } from '../support/graph.js';
import { encodeModel, type ModelSpec } from '../support/onnx.js';
import { datasetFor, error, feedsFor, prune } from './refits.js';

/** The row of Relu in this file's registry, in the place of the one that there is. */
const row: { rule?: Rule | undefined } = {};

vi.mock('../../src/ops/registry.js', async (original) => {
  const actual = await original<typeof import('../../src/ops/registry.js')>();
  const own: typeof actual.registry = (domain, op, opset) =>
    op === 'Relu' ? row.rule : actual.registry(domain, op, opset);
  return { ...actual, registry: own, registryNow: () => own };
});

afterEach(() => {
  row.rule = undefined;
});

const relu: Activation = { zero: true, bounds: () => [0, Number.POSITIVE_INFINITY] };
const withoutBounds: Activation = { zero: true };

/** x -> twelve lanes -> Relu -> eight, most of which are below zero -> Relu. */
function network(): ModelSpec {
  const b = new Builder();
  b.node('Gemm', 'a', ['x', b.weight('w1', [6, 12]), b.weight('b1', [12])]);
  b.node('Relu', 'h', ['a']);
  const low = { name: 'b2', dims: [8], data: Float32Array.from({ length: 8 }, () => -1.5) };
  b.node('Gemm', 'c', ['h', b.weight('w2', [12, 8]), 'b2']);
  b.node('Relu', 'y', ['c']);
  return {
    ...{ opset: 17, nodes: b.nodes, initializers: [...b.initializers, low] },
    inputs: [{ name: 'x', shape: ['n', 6] }],
    outputs: [{ name: 'y', shape: ['n', 8] }],
  };
}

const pruned = async (model: ModelSpec, own: Activation): Promise<Uint8Array> => {
  row.rule = activation(own);
  const { bytes } = await prune(model, { data: datasetFor(model, 256), ratio: 0.5, reconstruct: true });
  return bytes;
};

test('a new activation is known to refits by its row alone', async () => {
  const model = network();
  const feeds = feedsFor(model, 128, 3);
  const known = await pruned(model, relu);
  const blind = await pruned(model, withoutBounds);
  // Which lanes go is the same; what those that stay are fitted to is what the activation lets through.
  const [near, far] = [await error(model, known, feeds), await error(model, blind, feeds)];
  expect(near).toBeLessThan(0.9 * far);
  row.rule = rows.find(({ op }) => op === 'Relu')!.rule;
  const own = await prune(model, { data: datasetFor(model, 256), ratio: 0.5, reconstruct: true });
  expect(Buffer.from(known).equals(Buffer.from(own.bytes))).toBe(true);
});

test('without a row nothing passes', async () => {
  const model = network();
  const { graph, read } = graphOf(model);
  expect(analyse(graph, registry, read).groups).toEqual([]);
});

/** What lies behind the layer in front of an activation of any name and domain. */
async function behind(own: Activation, attributes = {}): Promise<ReturnType<typeof postOpsOf>> {
  const b = new Builder();
  b.node('Gemm', 'a', ['x', b.weight('w1', [6, 12]), b.weight('b1', [12])]);
  b.nodes.push({ op: 'Saturated', name: 'h', domain: 'test', inputs: ['a'], outputs: ['h'], attributes });
  b.node('MatMul', 'y', ['h', b.weight('w2', [12, 3])]);
  const model: ModelSpec = {
    ...{ opset: 17, nodes: b.nodes, initializers: b.initializers },
    inputs: [{ name: 'x', shape: ['n', 6] }],
    outputs: [{ name: 'y', shape: ['n', 3] }],
  };
  const { graph, read } = graphOf(model);
  const rule = activation(own);
  const walk = analyse(
    graph,
    (domain, op, opset) => (domain === 'test' ? rule : registry(domain, op, opset)),
    read,
  );
  const native = await openBytes(encodeModel(model), {});
  try {
    const layer = layersOf(walk).find(({ weight }) => weight.name === 'w1')!;
    return postOpsOf(walk, native, readersOf(graph), layer.uses[0]!, layer.outputs);
  } finally {
    native.dispose();
  }
}

test('parameters of the node say where its bounds lie', async () => {
  const between: Activation = {
    parameters: { low: -1, high: 1 },
    zero: ({ low, high }) => low! <= 0 && high! >= 0,
    bounds: ({ low, high }) => [low!, high!],
  };
  expect(await behind(between)).toMatchObject({ low: -1, high: 1 });
  const postOps = await behind(between, { low: { float: -0.5 } });
  expect(postOps).toMatchObject({ low: -0.5, high: 1 });
  // Of three rows of answers what is right is what lies between the bounds, and on which side the others lie.
  const wanted = targetOf(
    Float32Array.from({ length: 36 }, (_, i) => i / 6 - 3),
    postOps,
    12,
    1,
    undefined,
  );
  expect(new Set(wanted.low)).toEqual(new Set([-0.5]));
  expect(new Set(wanted.high)).toEqual(new Set([1]));
});

test('what saturates nowhere bounds nothing', async () => {
  expect(await behind(withoutBounds)).toMatchObject({
    low: Number.NEGATIVE_INFINITY,
    high: Number.POSITIVE_INFINITY,
  });
});

/** Beyond its bounds an activation gives the same for all, as its definition has it. */
const DEFINITIONS: Readonly<
  Record<string, (x: number, parameters: Readonly<Record<string, number>>) => number>
> = {
  RELU: (x) => Math.max(0, x),
  LEAKY_RELU: (x, { alpha }) => (x < 0 ? alpha! * x : x),
  ELU: (x, { alpha }) => (x < 0 ? alpha! * Math.expm1(x) : x),
  SELU: (x, { alpha, gamma }) => gamma! * (x < 0 ? alpha! * Math.expm1(x) : x),
  THRESHOLDED_RELU: (x, { alpha }) => (x > alpha! ? x : 0),
  HARD_SIGMOID: (x, { alpha, beta }) => Math.max(0, Math.min(1, alpha! * x + beta!)),
  HARD_SWISH: (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
  CLIP: (x, { min, max }) => Math.min(max!, Math.max(min!, x)),
};

test('bounds and zeros are those of the definitions', async () => {
  const module = await import('../../src/ops/activations.js');
  const all = Object.entries(module).filter(
    (entry): entry is [string, Activation] => typeof entry[1] === 'object' && 'bounds' in entry[1],
  );
  expect(all.map(([name]) => name).sort()).toEqual(Object.keys(DEFINITIONS).sort());
  const values = [undefined, 0, -0.5, 0.25, 1.5];
  for (const [name, own] of all) {
    const f = DEFINITIONS[name]!;
    for (const first of values)
      for (const second of values) {
        const parameters = module.parametersOf(
          own,
          (_, place, otherwise) => [first, second][place] ?? otherwise,
        );
        const [low, high] = own.bounds!(parameters);
        const below = [0, 1e-3, 0.5, 3, 100].map((by) => f(low - by, parameters));
        const beyond = [0, 1e-3, 0.5, 3, 100].map((by) => f(high + by, parameters));
        const where = `${name} ${JSON.stringify(parameters)}`;
        if (Number.isFinite(low)) for (const y of below) expect(y, where).toBeCloseTo(below[0]!, 12);
        if (Number.isFinite(high)) for (const y of beyond) expect(y, where).toBeCloseTo(beyond[0]!, 12);
        if (module.keepsZero(own, parameters)) expect(f(0, parameters), where).toBeCloseTo(0, 12);
      }
  }
});
