import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/coupling/analysis.js';
import { decisionsOf } from '../../src/execution/decisions.js';
import { SubgraphPartition } from '../../src/execution/subgraphPartition.js';
import { openModel } from '../../src/index.js';
import { NO_EDITS } from '../../src/model/edits.js';
import { openBytes } from '../../src/native/index.js';
import { registry } from '../../src/ops/registry.js';
import { datasetFor, feedsFor } from '../refit/refits.js';
import { Builder } from '../support/builder.js';
import { run } from '../support/exact.js';
import { graphOf } from '../support/graph.js';
import { encodeModel, type ModelSpec, type NodeSpec, type TensorSpec } from '../support/onnx.js';

const INT64 = 7;
const INT32 = 6;
const UINT8 = 2;

function model(
  build: (b: Builder) => void,
  shape: readonly (number | string)[],
  output: Partial<ModelSpec['outputs'][number]> = {},
): ModelSpec {
  const b = new Builder();
  build(b);
  return {
    ...{ opset: 17, nodes: b.nodes, initializers: b.initializers },
    inputs: [{ name: 'x', shape }],
    outputs: [{ name: 'y', shape: [], ...output }],
  };
}

function put(b: Builder, op: string, inputs: readonly string[], outputs: readonly string[], attributes = {}) {
  b.nodes.push({ op, name: outputs[0]!, inputs, outputs, attributes } satisfies NodeSpec);
}

const number = (b: Builder, name: string, value: number): string => {
  b.initializers.push({ name, dims: [], data: Float32Array.of(value) } satisfies TensorSpec);
  return name;
};

const integer = (b: Builder, name: string, value: bigint): string => {
  b.initializers.push({ name, dims: [], data: BigInt64Array.of(value) } satisfies TensorSpec);
  return name;
};

/** x [1 4 t] -> channels h [1 24 t], and layers over as many frames as their durations add up to. */
const durations = model(
  (b) => {
    b.node('Conv', 'a', ['x', b.weight('w1', [24, 4, 3]), b.weight('b1', [24])], { pads: [1, 1] });
    b.node('Relu', 'h', ['a']);
    b.node('Conv', 'd', ['h', b.weight('wd', [1, 24, 3])], { pads: [1, 1] });
    b.node('Sigmoid', 'share', ['d']);
    b.node('ReduceSum', 'sum', ['share', b.ints('all', [0, 1, 2])], { keepdims: 0 });
    b.node('Mul', 'long', ['sum', number(b, 'pace', 4)]);
    b.node('Cast', 'count', ['long'], { to: INT64 });
    b.node('Max', 'frames', ['count', integer(b, 'one', 1n)]);
    b.node('Range', 'places', [integer(b, 'zero', 0n), 'frames', integer(b, 'step', 1n)]);
    b.node('Cast', 'times', ['places'], { to: 1 });
    b.node('Unsqueeze', 'line', ['times', b.ints('front', [0, 1])]);
    b.node('Sin', 'waves', ['line']);
    b.node('ReduceMean', 'mean', ['h'], { axes: [2] });
    b.node('Add', 'g', ['mean', 'waves']);
    b.node('Conv', 'c2', ['g', b.weight('w2', [24, 24, 3]), b.weight('b2', [24])], { pads: [1, 1] });
    b.node('Relu', 'r2', ['c2']);
    b.node('Conv', 'y', ['r2', b.weight('w3', [2, 24, 1])]);
  },
  [1, 4, 't'],
);

/** Features of the boxes that stay, and a layer over them. */
const boxes = model(
  (b) => {
    b.node('Conv', 'a', ['x', b.weight('w1', [16, 3, 3, 3]), b.weight('b1', [16])], {
      ...{ pads: [1, 1, 1, 1], strides: [2, 2] },
    });
    b.node('Relu', 'h', ['a']);
    b.node('Conv', 'c', ['h', b.weight('wc', [4, 16, 1, 1])]);
    b.node('Conv', 's', ['h', b.weight('ws', [1, 16, 1, 1])]);
    b.node('Conv', 'f', ['h', b.weight('wf', [12, 16, 1, 1])]);
    b.node('Relu', 'features', ['f']);
    b.node('Reshape', 'c3', ['c', b.ints('shape4', [1, 4, -1])]);
    b.node('Transpose', 'corners', ['c3'], { perm: [0, 2, 1] });
    b.node('Reshape', 'scores', ['s', b.ints('shape1', [1, 1, -1])]);
    const most = b.ints('most', [12]);
    const [overlap, least] = [number(b, 'overlap', 0.5), number(b, 'least', 0.05)];
    put(b, 'NonMaxSuppression', ['corners', 'scores', most, overlap, least], ['chosen']);
    b.node('Gather', 'column', ['chosen', b.ints('third', [2])], { axis: 1 });
    b.node('Reshape', 'indices', ['column', b.ints('flat', [-1])]);
    b.node('Reshape', 'f3', ['features', b.ints('shapef', [12, -1])]);
    b.node('Gather', 'own', ['f3', 'indices'], { axis: 1 });
    b.node('Transpose', 'rows', ['own'], { perm: [1, 0] });
    b.node('MatMul', 'y', ['rows', b.weight('wy', [12, 3])]);
  },
  [1, 3, 12, 12],
);

/** Samples one by one: each is a batch of its own. */
const samples = (own: ModelSpec, count: number, seed: number) =>
  datasetFor(
    { ...own, inputs: own.inputs.map((input) => ({ ...input, shape: ['n', ...input.shape] })) },
    count,
    seed,
    12,
  );

describe.each([
  ['a duration predictor', durations, 'count'],
  ['boxes that stay', boxes, 'chosen'],
] as const)('%s', (_, own, decided) => {
  test('refits behind it take what the original decides, and say so', async () => {
    using opened = await openModel(encodeModel(own));
    const options = { data: samples(own, 24, 1), criterion: 'information', ratio: 0.5 } as const;
    const [refitted, cut] = [
      await opened.prune(options),
      await opened.prune({ ...options, reconstruct: false }),
    ];
    expect(refitted.warnings.find(({ code }) => code === 'DECISIONS_TAKEN')?.text).toContain(`"${decided}"`);
    expect(refitted.warnings.map(({ code }) => code)).not.toContain('LENGTHS_DIFFER');
    // With what the original decides put in: the samples are others.
    const forced = async (bytes: Uint8Array): Promise<number> => errorWith(own, bytes, decided);
    expect(await forced(await refitted.toBytes())).toBeLessThan(0.8 * (await forced(await cut.toBytes())));
  });

  test.each(['l2', 'entropy', 'wanda', 'activation-variance', 'information'])(
    'criterion %s looks at values whose lengths differ from sample to sample',
    async (criterion) => {
      using opened = await openModel(encodeModel(own));
      const pruned = await opened.prune({ data: samples(own, 12, 2), criterion, macs: 0.6 });
      const feeds = feedsFor({ ...own }, 1, 5, 12);
      expect(Object.keys(await run(await pruned.toBytes(), feeds))).toEqual(['y']);
    },
  );
});

/** Error of a pruned model that is given a decision of the original. */
async function errorWith(own: ModelSpec, bytes: Uint8Array, decided: string): Promise<number> {
  const shown = await withOutput(encodeModel(own), decided);
  const told = await withInput(bytes, decided);
  let [error, energy] = [0, 0];
  for (let seed = 100; seed < 110; seed++) {
    const feeds = feedsFor(own, 1, seed, 12);
    const { y, [decided]: decision } = await run(shown, feeds);
    const { y: found } = await run(told, { ...feeds, [decided]: decision! } as never);
    const [a, b] = [y!.data as Float32Array, found!.data as Float32Array];
    expect(b.length).toBe(a.length);
    for (const [i, value] of a.entries()) {
      error += (value - b[i]!) ** 2;
      energy += value ** 2;
    }
  }
  return error / energy;
}

async function withOutput(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  const native = await openBytes(bytes, {});
  try {
    return await native.saveToBytes({ ...NO_EDITS, outputs: [{ name }] }, {});
  } finally {
    native.dispose();
  }
}

/** The part of a model behind a value that it is then given, and in front of its output. */
async function withInput(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  const native = await openBytes(bytes, {});
  try {
    const parts = new SubgraphPartition(native.describe());
    const given = new Set([name]);
    const nodes = parts.between(['y'], new Set(), given);
    const part = parts.part(nodes, ['y'], (value) => (value === name ? 'int64' : 'float32'));
    return await native.saveToBytes({ ...NO_EDITS, part }, {});
  } finally {
    native.dispose();
  }
}

const decisions = (own: ModelSpec): string[] => {
  const { graph, read } = graphOf(own);
  return [...decisionsOf(analyse(graph, registry, read))];
};

test('decisions are what data decides of lengths and places', () => {
  expect(decisions(durations)).toContain('count');
  expect(decisions(boxes)).toEqual(['chosen']);
  const masked = model(
    (b) => {
      b.node('Greater', 'mask', ['x', number(b, 'zero', 0)]);
      b.node('Where', 'y', ['mask', 'x', 'zero']);
    },
    ['n', 4],
  );
  expect(decisions(masked)).toEqual([]);
  const measured = model(
    (b) => {
      b.node('Shape', 'lengths', ['x']);
      b.node('Cast', 'floats', ['lengths'], { to: 1 });
      b.node('Cast', 'again', ['floats'], { to: INT64 });
      b.node('Reshape', 'y', ['x', 'again']);
    },
    ['n', 4],
  );
  expect(decisions(measured)).toEqual([]);
  const greatest = model(
    (b) => {
      put(b, 'TopK', ['x', b.ints('two', [2])], ['values', 'places']);
      b.node('GatherElements', 'y', ['x', 'places'], { axis: 1 });
    },
    ['n', 4],
  );
  expect(decisions(greatest)).toEqual(['places']);
  const rounded = model(
    (b) => {
      put(b, 'DynamicQuantizeLinear', ['x'], ['integers', 'scale', 'point']);
      b.node('Div', 'units', [b.weight('bias', [4]), 'scale']);
      b.node('Floor', 'whole', ['units']);
      b.node('Cast', 'added', ['whole'], { to: INT32 });
      b.initializers.push({ name: 'w', dims: [4, 4], data: Int8Array.from({ length: 16 }, (_, i) => i) });
      b.node('MatMulInteger', 'product', ['integers', 'w', 'point']);
      b.node('Add', 'sum', ['product', 'added']);
      b.node('Cast', 'floats', ['sum'], { to: 1 });
      b.node('Mul', 'y', ['floats', 'scale']);
    },
    ['n', 4],
  );
  expect(decisions(rounded)).toEqual([]);
});

test('a node whose places are given and whose values are not', async () => {
  const own = model(
    (b) => {
      b.node('MatMul', 'm', ['x', b.weight('w1', [6, 16])]);
      b.node('Relu', 'h', ['m']);
      b.node('MatMul', 's', ['h', b.weight('ws', [16, 10])]);
      put(b, 'TopK', ['s', b.ints('four', [4])], ['values', 'places']);
      b.node('MatMul', 'f', ['h', b.weight('wf', [16, 10])]);
      b.node('GatherElements', 'chosen', ['f', 'places'], { axis: 1 });
      b.node('Add', 'sum', ['values', 'chosen']);
      b.node('MatMul', 'y', ['sum', b.weight('wy', [4, 3])]);
    },
    ['n', 6],
  );
  using opened = await openModel(encodeModel(own));
  const pruned = await opened.prune({ data: datasetFor(own, 64), criterion: 'information', macs: 0.6 });
  expect(pruned.warnings.map(({ code }) => code)).not.toContain('LENGTHS_DIFFER');
  expect(pruned.reconstruction!.layers).toBeGreaterThan(0);
  const { y } = await run(await pruned.toBytes(), feedsFor(own, 3, 4));
  expect((y!.data as Float32Array).every(Number.isFinite)).toBe(true);
});

test('a trial that overflows is said', async () => {
  const own = model(
    (b) => {
      b.node('MatMul', 'm', ['x', b.weight('w1', [6, 8])]);
      b.node('Relu', 'h', ['m']);
      // Each answer is a lane, and never negative; what others say of one that left is.
      const identity = Float32Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1 : 0));
      b.initializers.push({ name: 'w2', dims: [8, 8], data: identity });
      b.node('MatMul', 'p', ['h', 'w2']);
      b.node('Sqrt', 'y', ['p']);
    },
    ['n', 6],
  );
  using opened = await openModel(encodeModel(own));
  const pruned = await opened.prune({ data: datasetFor(own, 128), criterion: 'information', macs: 0.6 });
  expect(pruned.warnings.map(({ code }) => code)).toContain('TRIAL_OVERFLOWS');
});

test('layers whose answers are of other lengths in the pruned model stay as they were cut, and that is said', async () => {
  const own = model(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [24, 4, 3]), b.weight('b1', [24])], { pads: [1, 1] });
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'd', ['h', b.weight('wd', [1, 24, 3])], { pads: [1, 1] });
      b.node('Relu', 'loud', ['d']);
      b.node('Mul', 'scaled', ['loud', number(b, 'four', 4)]);
      // Bytes: no type that decisions are taken of.
      b.node('Cast', 'marks', ['scaled'], { to: UINT8 });
      b.node('NonZero', 'places', ['marks']);
      b.node('Gather', 'times', ['places', integer(b, 'two', 2n)], { axis: 0 });
      b.node('Gather', 'chosen', ['h', 'times'], { axis: 2 });
      b.node('Conv', 'c2', ['chosen', b.weight('w2', [24, 24, 1]), b.weight('b2', [24])]);
      b.node('Relu', 'r2', ['c2']);
      b.node('Conv', 'y', ['r2', b.weight('w3', [2, 24, 1])]);
    },
    [1, 4, 't'],
  );
  const data = datasetFor(
    { ...own, inputs: own.inputs.map((input) => ({ ...input, shape: ['n', ...input.shape] })) },
    ...([6, 1, 4000] as const),
  );
  using opened = await openModel(encodeModel(own));
  const options = { data, criterion: 'l2', ratio: 0.5 } as const;
  const [refitted, cut] = [
    await opened.prune(options),
    await opened.prune({ ...options, reconstruct: false }),
  ];
  const warning = refitted.warnings.find(({ code }) => code === 'LENGTHS_DIFFER');
  const nodes = own.nodes.flatMap(({ name = '', outputs }) =>
    ['c2', 'y'].includes(outputs[0]!) ? [name] : [],
  );
  expect(warning?.text).toContain(nodes.map((name) => `"${name}"`).join(', '));
  const [now, before] = [await numbersOf(await refitted.toBytes()), await numbersOf(await cut.toBytes())];
  expect(now('wd')).not.toEqual(before('wd'));
  for (const name of ['w2', 'b2', 'w3']) expect(now(name)).toEqual(before(name));
});

async function numbersOf(bytes: Uint8Array): Promise<(name: string) => readonly number[]> {
  const native = await openBytes(bytes);
  const { tensors } = native.describe();
  return (name) => [...native.numbers(tensors.find((own) => own.name === name)!.id)];
}
