import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/coupling/analysis.js';
import { openModel } from '../../src/index.js';
import { CalibrationSession } from '../../src/loss/session.js';
import { readGraph } from '../../src/model/graph.js';
import { openBytes } from '../../src/native/index.js';
import { registry } from '../../src/ops/registry.js';
import { onnxruntime } from '../../src/runtime/onnxruntime.js';
import type { Logits } from '../../src/statistics/logits.js';
import { datasetFor, distance, feedsFor, prune } from '../refit/refits.js';
import {
  attend,
  DIMS,
  HEADS,
  HIDDEN,
  modelOf,
  type Parts,
  separate,
  split,
  VALUES,
  WIDTH,
} from '../support/attention.js';
import type { ModelSpec } from '../support/onnx.js';
import { encodeModel } from '../support/onnx.js';
import { random } from '../support/random.js';
import type { Sheet } from '../support/sheet.js';

/** Dims of each head that say all: the others are mixtures of them. */
const RANK = 3;
const SAMPLES = 40;
const OWNERS = 2;
const MICROSOFT = 'com.microsoft';

/** Outputs [from, from + heads · DIMS) of a weight or bias: in each head those behind the first ones are mixtures of these. */
function lowRank(model: ModelSpec, names: readonly string[], heads: number, from = 0): ModelSpec {
  const next = random(5);
  const factors = Array.from({ length: heads * DIMS * RANK }, next);
  const initializers = model.initializers.map((tensor) => {
    if (!names.includes(tensor.name)) return tensor;
    const source = tensor.data as Float32Array;
    const width = tensor.dims.at(-1)!;
    const data = source.map((own, at) => {
      const output = (at % width) - from;
      const [head, dim] = [Math.floor(output / DIMS), output % DIMS];
      if (output < 0 || head >= heads || dim < RANK) return own;
      let sum = 0;
      for (let i = 0; i < RANK; i++) sum += factors[output * RANK + i]! * source[at - dim + i]!;
      return sum;
    });
    return { ...tensor, data };
  });
  return { ...model, initializers };
}

/** x W + b in one node of its own for each of queries, keys and values, [n s h*d]. */
const flat = (s: Sheet, x: string, kv = HEADS): Parts => ({
  q: s.linear(x, 'q', WIDTH, HIDDEN),
  k: s.linear(x, 'k', WIDTH, kv * DIMS),
  v: s.linear(x, 'v', WIDTH, kv * VALUES),
});

const out = (s: Sheet, y: string): string => s.linear(y, 'o', HEADS * VALUES, WIDTH);
const scale = 1 / Math.sqrt(DIMS);

interface Case {
  readonly build: (s: Sheet, x: string) => string;
  readonly weights?: readonly string[];
  readonly opset?: number;
  readonly heads?: number;
}

/** Query heads that share a key head have other mixtures each, so that keys are to be. */
const KEYS = { weights: ['wk', 'bk'], heads: OWNERS };

const CASES: Readonly<Record<string, Case>> = {
  'three projections': { build: (s, x) => attend(s, separate(s, x)) },
  'open lengths': { build: (s, x) => attend(s, separate(s, x, true), { open: true }) },
  'queries that are scaled': {
    build: (s, x) => {
      const parts = separate(s, x);
      return attend(s, { ...parts, q: s.node('Mul', [parts.q, s.weight('half', [], 0.5)]) });
    },
  },
  'queries whose dims are scaled': {
    build: (s, x) => {
      const parts = separate(s, x);
      return attend(s, { ...parts, q: s.node('Mul', [parts.q, s.weight('each', [DIMS])]) });
    },
  },
  'one projection that is split': {
    build: (s, x) => {
      const all = s.linear(x, 'qkv', WIDTH, 2 * HIDDEN + HEADS * VALUES);
      const lengths = s.ints([HIDDEN, HIDDEN, HEADS * VALUES]);
      const [q, k, v] = s.many(3, 'Split', [all, lengths], { axis: -1 }) as [string, string, string];
      return attend(s, {
        q: split(s, q, HEADS, DIMS),
        k: split(s, k, HEADS, DIMS),
        v: split(s, v, HEADS, VALUES),
      });
    },
    weights: ['wqkv', 'bqkv'],
  },
  'keys that several query heads share': {
    build: (s, x) => {
      const parts = separate(s, x, false, OWNERS);
      const shared = (value: string, dims: number): string => {
        const apart = s.node('Unsqueeze', [value, s.ints([2])]);
        const each = s.node('Expand', [apart, s.ints([1, 1, HEADS / OWNERS, 1, 1])]);
        return s.node('Reshape', [each, s.ints([0, HEADS, -1, dims])]);
      };
      return attend(s, { q: parts.q, k: shared(parts.k, DIMS), v: shared(parts.v, VALUES) });
    },
    ...KEYS,
  },
  Einsum: {
    build: (s, x) => {
      const { q, k, v } = separate(s, x);
      const weights = s.node('Softmax', [s.node('Einsum', [q, k], { equation: 'bhqd,bhkd->bhqk' })], {
        axis: -1,
      });
      const mixed = s.node('Einsum', [weights, v], { equation: 'bhqk,bhkd->bqhd' });
      return out(s, s.reshape(mixed, [0, 0, -1]));
    },
  },
  'Attention, heads shared': {
    build: (s, x) => {
      const { q, k, v } = flat(s, x, OWNERS);
      return out(
        s,
        s.node('Attention', [q, k, v], { q_num_heads: HEADS, kv_num_heads: OWNERS, scale: { float: scale } }),
      );
    },
    opset: 23,
    ...KEYS,
  },
  MultiHeadAttention: {
    build: (s, x) => {
      const { q, k, v } = flat(s, x);
      return out(
        s,
        s.node('MultiHeadAttention', [q, k, v], { num_heads: HEADS, scale: { float: scale } }, MICROSOFT),
      );
    },
  },
  'MultiHeadAttention that adds the biases': {
    build: (s, x) => {
      const part = (name: string, to: number): string =>
        s.node('MatMul', [x, s.weight(`w${name}`, [WIDTH, to])]);
      const [q, k, v] = [part('q', HIDDEN), part('k', HIDDEN), part('v', HEADS * VALUES)];
      const bias = s.weight('b', [2 * HIDDEN + HEADS * VALUES]);
      return out(
        s,
        s.node(
          'MultiHeadAttention',
          [q, k, v, bias],
          { num_heads: HEADS, scale: { float: scale } },
          MICROSOFT,
        ),
      );
    },
    weights: ['wq', 'b'],
  },
  'Attention of com.microsoft': {
    build: (s, x) => {
      const sizes = [HIDDEN, HIDDEN, HEADS * VALUES];
      const all = sizes.reduce((a, b) => a + b, 0);
      const operands = [x, s.weight('w', [WIDTH, all]), s.weight('b', [all])];
      const attributes = { num_heads: HEADS, qkv_hidden_sizes: sizes, scale: { float: scale } };
      return out(s, s.node('Attention', operands, attributes, MICROSOFT));
    },
    weights: ['w', 'b'],
  },
};

/** Heads and value dims stay. */
const KEPT = ['wo'];

/** Queries turned in pairs of dims, as a rotary embedding spelled out turns them. */
function turned(s: Sheet, x: string): string {
  const parts = separate(s, x);
  const half = DIMS / 2;
  const [low, high] = [s.slice(parts.q, 3, 0, half), s.slice(parts.q, 3, half, DIMS)];
  const across = s.node('Concat', [s.node('Neg', [high]), low], { axis: 3 });
  const [cos, sin] = ['cos', 'sin'].map((name) => s.weight(name, [1, 1, 5, DIMS]));
  const q = s.node('Add', [s.node('Mul', [parts.q, cos!]), s.node('Mul', [across, sin!])]);
  return attend(s, { ...parts, q });
}

/** What the walk over a model finds, from samples. */
async function logitsOf(model: ModelSpec): Promise<readonly Logits[]> {
  const native = await openBytes(encodeModel(model));
  const graph = readGraph(native.describe(), 'model.onnx');
  const analysis = analyse(graph, registry, (tensor) => native.numbers(tensor));
  const session = new CalibrationSession(
    native,
    analysis,
    datasetFor(model, SAMPLES),
    onnxruntime(),
    undefined,
    2 ** 30,
  );
  return await session.logits({});
}

describe('query dims that are mixtures of others leave without a trace', () => {
  for (const [name, { build, weights = ['wq', 'bq'], opset = 17, heads = HEADS }] of Object.entries(CASES))
    test(name, async () => {
      const model = lowRank(modelOf(build, 's', opset), weights, heads);
      const { plan, bytes } = await prune(model, {
        ratio: 1 - RANK / DIMS,
        roundTo: 1,
        keep: KEPT,
        data: datasetFor(model, SAMPLES),
      });
      expect(plan.groups.map(({ lanes, kept }) => [lanes, kept.length])).toEqual([[DIMS, RANK]]);
      expect(await distance(model, bytes, feedsFor(model, 3, 9))).toBeLessThan(1e-4);
    });
});

describe('products whose dims cannot be chosen anew', () => {
  const without: Readonly<Record<string, (s: Sheet, x: string) => string>> = {
    'turned by rotary embedding': turned,
    'normalised over dims': (s, x) => {
      const parts = separate(s, x);
      return attend(s, {
        ...parts,
        q: s.node('LayerNormalization', [parts.q, s.weight('g', [DIMS])], { axis: -1 }),
      });
    },
    'not linear': (s, x) => {
      const parts = separate(s, x);
      return attend(s, { ...parts, k: s.node('Relu', [parts.k]) });
    },
    'read by others too': (s, x) => {
      const parts = separate(s, x);
      const y = attend(s, parts);
      return s.node('Add', [y, s.node('ReduceMean', [parts.q], { axes: [1, 2, 3], keepdims: 0 })]);
    },
    'multiplied by what data say': (s, x) => {
      const parts = separate(s, x);
      const gate = s.node('Sigmoid', [s.node('ReduceMean', [x], { axes: [1, 2], keepdims: 1 })]);
      return attend(s, { ...parts, q: s.node('Mul', [parts.q, s.node('Unsqueeze', [gate, s.ints([3])])]) });
    },
    'one projection for queries and keys': (s, x) => {
      const parts = separate(s, x);
      return attend(s, { ...parts, k: parts.q });
    },
  };
  for (const [name, build] of Object.entries(without))
    test(name, async () => {
      expect(await logitsOf(modelOf(build, 5))).toEqual([]);
    });

  test('a fused projection that is seen as three of one shape is followed', async () => {
    const build = (s: Sheet, x: string): string => {
      const all = s.reshape(s.linear(x, 'qkv', WIDTH, 3 * HIDDEN), [0, 0, 3, HEADS, DIMS]);
      const five = s.transpose(all, 2, 0, 3, 1, 4);
      const part = (index: number): string => s.node('Gather', [five, s.ints([index], [])], { axis: 0 });
      return attend(s, { q: part(0), k: part(1), v: part(2) }, { values: DIMS });
    };
    const [logits, ...others] = await logitsOf(modelOf(build, 5));
    expect(others).toEqual([]);
    const heads = logits!.agreements.map(({ left, right }) => [left, right].map((own) => own[0]!.outputs[0]));
    expect(heads).toEqual(Array.from({ length: HEADS }, (_, head) => [head * DIMS, HIDDEN + head * DIMS]));
  });
});

test('what the lost dims cost is the share of the energy of the logits, and scores are of that', async () => {
  const model = lowRank(
    modelOf((s, x) => attend(s, separate(s, x))),
    ['wq', 'bq'],
    HEADS,
  );
  using opened = await openModel(encodeModel(model));
  const scores = await opened.score({ criterion: 'information', data: datasetFor(model, SAMPLES) });
  const own = scores.find(({ lanes }) => lanes === DIMS)!;
  const sorted = [...own.scores].sort((a, b) => a - b);
  expect(sorted[DIMS - RANK - 1]!).toBeLessThan(1e-9);
  expect(sorted[DIMS - RANK]!).toBeGreaterThan(1e-4);
  expect(sorted.at(-1)!).toBeCloseTo(1, 6);
});

test('under a budget dims of queries leave that cost nothing, beside whole heads', async () => {
  const model = lowRank(
    modelOf((s, x) => attend(s, separate(s, x)), 12),
    ['wq', 'bq'],
    HEADS,
  );
  const { plan, bytes } = await prune(model, { macs: 0.85, roundTo: 1, data: datasetFor(model, SAMPLES) });
  expect(plan.groups.map(({ lanes }) => lanes)).toEqual([DIMS]);
  expect(await distance(model, bytes, feedsFor(model, 3, 9))).toBeLessThan(1e-4);
});

test('dims of queries that are turned leave as they are, at what that is measured to cost', async () => {
  const model = modelOf(turned, 5);
  const { plan, bytes } = await prune(model, { macs: 0.6, roundTo: 1, data: datasetFor(model, SAMPLES) });
  expect(plan.groups.length).toBeGreaterThan(0);
  expect(await distance(model, bytes, feedsFor(model, 3, 9))).toBeLessThan(0.5);
});
