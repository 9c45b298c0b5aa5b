import { describe, expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import { prunesExactly, randomFeeds, run } from '../support/exact.js';
import type { FunctionSpec, GraphSpec, ModelSpec, NodeSpec, TensorSpec } from '../support/onnx.js';
import { encodeModel, floats, integers } from '../support/onnx.js';
import { random } from '../support/random.js';

const next = random(5);
const weight = (name: string, dims: readonly number[]): TensorSpec => floats(name, dims, next);
const gemm = (name: string, inputs: readonly string[], output: string): NodeSpec => ({
  op: 'Gemm',
  name,
  inputs,
  outputs: [output],
});

const groupsOf = async (model: ModelSpec): Promise<readonly string[]> => {
  using opened = await openModel(encodeModel(model));
  return opened.inspect().groups.map(({ id, lanes }) => `${id} ${lanes}`);
};

async function expectExact(model: ModelSpec): Promise<void> {
  const pruned = [];
  for (const seed of [1, 2, 3]) pruned.push(await prunesExactly(model, seed));
  expect(pruned, 'lanes left').toContain(true);
}

/** A branch of its own weights: h [n 6] -> [n 5], through a hidden width of 7. */
const branch = (side: string, op: string): GraphSpec => ({
  nodes: [
    gemm(`${side}1`, ['h', `${side}_w1`], `${side}_a`),
    { op, name: `${side}_act`, inputs: [`${side}_a`], outputs: [`${side}_b`] },
    gemm(`${side}2`, [`${side}_b`, `${side}_w2`], `${side}_y`),
  ],
  inputs: [],
  outputs: [{ name: `${side}_y`, shape: ['n', 5] }],
  initializers: [weight(`${side}_w1`, [6, 7]), weight(`${side}_w2`, [7, 5])],
});

const withIf: ModelSpec = {
  opset: 13,
  nodes: [
    gemm('before', ['x', 'w0'], 'h'),
    { op: 'ReduceSum', name: 'sum', inputs: ['x'], outputs: ['total'], attributes: { keepdims: 0 } },
    { op: 'Greater', name: 'greater', inputs: ['total', 'zero'], outputs: ['positive'] },
    {
      op: 'If',
      name: 'choose',
      inputs: ['positive'],
      outputs: ['z'],
      attributes: { then_branch: branch('then', 'Relu'), else_branch: branch('else', 'Tanh') },
    },
    gemm('after', ['z', 'w3'], 'y'),
  ],
  inputs: [{ name: 'x', shape: ['n', 4] }],
  outputs: [{ name: 'y', shape: ['n', 3] }],
  initializers: [weight('w0', [4, 6]), weight('w3', [5, 3]), floats('zero', [], () => 0)],
};

describe('If', () => {
  test('both branches end in one value; what is inside is pruned too', async () => {
    expect(await groupsOf(withIf)).toEqual(['w0 6', 'then_w2 5', 'then_w1 7', 'else_w1 7']);
    await expectExact(withIf);
  });
});

const double: FunctionSpec = {
  domain: 'test',
  name: 'Wide',
  inputs: ['a', 'w', 'v'],
  outputs: ['b'],
  nodes: [
    gemm('inner1', ['a', 'w'], 'c'),
    { op: 'Relu', name: 'inner2', inputs: ['c'], outputs: ['d'] },
    gemm('inner3', ['d', 'v'], 'b'),
  ],
};

const calling = (calls: number, body: FunctionSpec = double): ModelSpec => ({
  opset: 13,
  functions: [body],
  nodes: Array.from({ length: calls }, (_, i) => ({
    op: body.name,
    domain: body.domain,
    name: `call${i}`,
    inputs: [i === 0 ? 'x' : `y${i - 1}`, `w${i}`, `v${i}`],
    outputs: [i === calls - 1 ? 'y' : `y${i}`],
  })),
  inputs: [{ name: 'x', shape: ['n', 6] }],
  outputs: [{ name: 'y', shape: ['n', 6] }],
  initializers: Array.from({ length: calls }, (_, i) => [
    weight(`w${i}`, [6, 8]),
    weight(`v${i}`, [8, 6]),
  ]).flat(),
});

describe('a function', () => {
  test('is looked into, once or often', async () => {
    expect(await groupsOf(calling(1))).toEqual(['w0 8']);
    expect(await groupsOf(calling(2))).toEqual(['w0 8', 'v0 6', 'w1 8']);
    await expectExact(calling(1));
    await expectExact(calling(3));
  });

  /** x W reshaped to [n, 2, 4] and back by constants of the body. */
  const reshaping: FunctionSpec = {
    ...double,
    nodes: [
      gemm('inner1', ['a', 'w'], 'c'),
      { op: 'Constant', inputs: [], outputs: ['apart'], attributes: { value: integers('', [0, 2, 4]) } },
      { op: 'Constant', inputs: [], outputs: ['together'], attributes: { value: integers('', [0, 8]) } },
      { op: 'Reshape', name: 'r1', inputs: ['c', 'apart'], outputs: ['d'] },
      { op: 'Relu', name: 'relu', inputs: ['d'], outputs: ['e'] },
      { op: 'Reshape', name: 'r2', inputs: ['e', 'together'], outputs: ['f'] },
      gemm('inner3', ['f', 'v'], 'b'),
    ],
  };

  test('that states lengths is pruned where it is called once, and left whole where it is called twice', async () => {
    expect(await groupsOf(calling(1, reshaping))).toEqual(['w0 2', 'w0#2 4']);
    expect(await groupsOf(calling(2, reshaping))).toEqual(['v0 6']);
    await expectExact(calling(1, reshaping));
    await expectExact(calling(2, reshaping));
  });

  test('that calls itself is refused', async () => {
    const endless: FunctionSpec = {
      ...double,
      nodes: [{ op: 'Wide', domain: 'test', inputs: ['a', 'w', 'v'], outputs: ['b'] }],
    };
    await expect(groupsOf(calling(1, endless))).rejects.toMatchObject({ code: 'GRAPH_INVALID' });
  });
});

describe('Loop', () => {
  const body: GraphSpec = {
    nodes: [
      { op: 'Identity', inputs: ['going'], outputs: ['still'] },
      gemm('inner', ['state', 'captured'], 'stepped'),
    ],
    inputs: [
      { name: 'step', dtype: 'int64', shape: [] },
      { name: 'going', dtype: 'bool', shape: [] },
      { name: 'state', shape: ['n', 6] },
    ],
    outputs: [
      { name: 'still', dtype: 'bool', shape: [] },
      { name: 'stepped', shape: ['n', 6] },
    ],
    initializers: [],
  };
  const model: ModelSpec = {
    opset: 13,
    nodes: [
      gemm('first', ['x', 'w0'], 'h0'),
      gemm('second', ['h0', 'w1'], 'h1'),
      { op: 'Loop', name: 'loop', inputs: ['count', '', 'h1'], outputs: ['h2'], attributes: { body } },
      gemm('last', ['h2', 'w2'], 'y'),
    ],
    inputs: [{ name: 'x', shape: ['n', 4] }],
    outputs: [{ name: 'y', shape: ['n', 3] }],
    initializers: [
      weight('w0', [4, 8]),
      weight('w1', [8, 6]),
      weight('w2', [6, 3]),
      weight('captured', [6, 6]),
      integers('count', [3], []),
    ],
  };

  test('stays whole, and so does what its body reads; what lies outside is pruned', async () => {
    expect(await groupsOf(model)).toEqual(['w0 8']);
    await expectExact(model);
    const feeds = randomFeeds(model, 1);
    await run(encodeModel(model), feeds);
  });
});
