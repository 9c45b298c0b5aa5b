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

/** Conv -> If -> read: the If asks whether the length is 1, as exporters write squeeze(2). */
const squeezing = (
  read: readonly NodeSpec[],
  branches: Readonly<Record<'then_branch' | 'else_branch', GraphSpec>>,
  condition: readonly NodeSpec[] = [
    { op: 'Shape', name: 'shape', inputs: ['h'], outputs: ['lengths'] },
    { op: 'Gather', name: 'gather', inputs: ['lengths', 'two'], outputs: ['length'] },
    { op: 'Equal', name: 'equal', inputs: ['length', 'one'], outputs: ['is_one'] },
  ],
): ModelSpec => ({
  opset: 13,
  nodes: [
    { op: 'Conv', name: 'conv', inputs: ['x', 'w0', 'b0'], outputs: ['c'] },
    { op: 'Relu', name: 'relu', inputs: ['c'], outputs: ['h'] },
    ...condition,
    { op: 'If', name: 'squeeze', inputs: ['is_one'], outputs: ['z'], attributes: branches },
    ...read,
  ],
  // Where the length is 4 as in these tests, the kernel leaves 1 of it.
  inputs: [{ name: 'x', shape: ['n', 3, 't'] }],
  outputs: [{ name: 'y', shape: [] }],
  initializers: [
    weight('w0', [6, 3, 4]),
    weight('b0', [6]),
    weight('w1', [6, 5]),
    integers('one', [1], []),
    integers('two', [2], []),
    integers('axis', [2]),
  ],
});
const ending = (node: NodeSpec): GraphSpec => ({
  nodes: [node],
  inputs: [],
  outputs: [{ name: node.outputs[0]!, shape: [] }],
  initializers: [],
});
const squeezed = ending({ op: 'Squeeze', name: 'squeezes', inputs: ['h', 'axis'], outputs: ['narrow'] });
const same = ending({ op: 'Identity', name: 'passes', inputs: ['h'], outputs: ['wide'] });

const inspected = async (model: ModelSpec) => {
  using opened = await openModel(encodeModel(model));
  return opened.inspect();
};

describe('If whose branches end in different ranks', () => {
  test.each([
    ['then', { then_branch: squeezed, else_branch: same }],
    ['else', { then_branch: same, else_branch: squeezed }],
  ])('is followed through the one that fits what reads it, and that is said: %s', async (side, branches) => {
    // Which of them runs is data's to say here: 1 is 1, or is not 0.
    const condition: readonly NodeSpec[] = [
      { op: 'Shape', name: 'shape', inputs: ['h'], outputs: ['lengths'] },
      { op: 'Gather', name: 'gather', inputs: ['lengths', 'two'], outputs: ['length'] },
      { op: 'Equal', name: 'equal', inputs: ['length', 'one'], outputs: ['equals'] },
      { op: side === 'then' ? 'Identity' : 'Not', name: 'asks', inputs: ['equals'], outputs: ['is_one'] },
    ];
    const model = squeezing([gemm('read', ['z', 'w1'], 'y')], branches, condition);
    const { groups, warnings } = await inspected(model);
    expect(groups.map(({ id, lanes }) => `${id} ${lanes}`)).toEqual(['w0 6']);
    expect(warnings).toEqual([
      { code: 'BRANCH_CHOSEN', text: expect.stringContaining(`node squeeze: its branches end in values of`) },
    ]);
    expect(warnings[0]!.text).toContain(`through its ${side} branch`);
    await expectExact(model);
  });

  test('stays whole where both fit', async () => {
    const read: NodeSpec = {
      op: 'ReduceSum',
      name: 'read',
      inputs: ['z'],
      outputs: ['y'],
      attributes: { keepdims: 0 },
    };
    const { groups, frozen, warnings } = await inspected(
      squeezing([read], { then_branch: squeezed, else_branch: same }),
    );
    expect(groups).toEqual([]);
    expect(warnings.map(({ code }) => code)).not.toContain('BRANCH_CHOSEN');
    const reasons = frozen.flatMap((own) => own.reasons.map(({ text }) => text));
    expect(reasons).toContain('the branches end in values of different ranks');
  });

  test('of which lengths choose one for good leaves what the other reads as free as it is', async () => {
    // The rank is known, so the If asks for what is decided: what the idle branch passes on is read by the other too.
    const condition: readonly NodeSpec[] = [
      { op: 'Shape', name: 'shape', inputs: ['h'], outputs: ['lengths'] },
      { op: 'Size', name: 'size', inputs: ['lengths'], outputs: ['rank'] },
      { op: 'Equal', name: 'equal', inputs: ['rank', 'three'], outputs: ['is_one'] },
    ];
    const model = squeezing(
      [gemm('read', ['z', 'w1'], 'y')],
      { then_branch: squeezed, else_branch: same },
      condition,
    );
    const known = { ...model, initializers: [...model.initializers, integers('three', [3], [])] };
    const { groups, warnings } = await inspected(known);
    expect(groups.map(({ id, lanes }) => `${id} ${lanes}`)).toEqual(['w0 6']);
    expect(warnings).toEqual([]);
    await expectExact(known);
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

  test('loses lanes of its state, and so does what its body reads', async () => {
    expect(await groupsOf(model)).toEqual(['w0 8', 'w1 6']);
    await expectExact(model);
    const feeds = randomFeeds(model, 1);
    await run(encodeModel(model), feeds);
  });
});

test('what an If ends in stays whole only where it may run: lengths decide against the branch around it', async () => {
  // Squeezes where the batch is one, as exporters of recurrent cells write it, in a branch for data of another rank.
  const asks: readonly NodeSpec[] = [
    { op: 'Shape', name: 'inner shape', inputs: ['h'], outputs: ['inner_lengths'] },
    { op: 'Gather', name: 'inner gather', inputs: ['inner_lengths', 'zero'], outputs: ['batch'] },
    { op: 'Equal', name: 'inner equal', inputs: ['batch', 'one'], outputs: ['is_single'] },
  ];
  const narrow = ending({ op: 'Squeeze', name: 'narrows', inputs: ['h', 'first'], outputs: ['narrow'] });
  const wide = ending({ op: 'Identity', name: 'widens', inputs: ['h'], outputs: ['wide'] });
  const around = (rank: number): ModelSpec => ({
    opset: 13,
    nodes: [
      gemm('before', ['x', 'w0'], 'a'),
      { op: 'Relu', name: 'relu', inputs: ['a'], outputs: ['h'] },
      { op: 'Shape', name: 'shape', inputs: ['h'], outputs: ['lengths'] },
      { op: 'Size', name: 'size', inputs: ['lengths'], outputs: ['rank'] },
      { op: 'Equal', name: 'equal', inputs: ['rank', 'asked'], outputs: ['is_rank'] },
      {
        op: 'If',
        name: 'outer',
        inputs: ['is_rank'],
        outputs: ['z'],
        attributes: {
          then_branch: ending({ op: 'Identity', name: 'passes', inputs: ['h'], outputs: ['same'] }),
          else_branch: {
            nodes: [
              ...asks,
              {
                op: 'If',
                name: 'inner',
                inputs: ['is_single'],
                outputs: ['odd'],
                attributes: { then_branch: narrow, else_branch: wide },
              },
            ],
            inputs: [],
            outputs: [{ name: 'odd', shape: [] }],
            initializers: [],
          },
        },
      },
      gemm('after', ['z', 'w1'], 'y'),
    ],
    inputs: [{ name: 'x', shape: ['n', 4] }],
    outputs: [{ name: 'y', shape: ['n', 3] }],
    initializers: [
      weight('w0', [4, 6]),
      weight('w1', [6, 3]),
      integers('asked', [rank], []),
      integers('zero', [0], []),
      integers('one', [1], []),
      integers('first', [0]),
    ],
  });
  expect(await groupsOf(around(2))).toEqual(['w0 6']);
  await expectExact(around(2));
  expect((await inspected(around(2))).warnings).toEqual([]);
  // The same branch where it does run: which of its own runs, data says.
  expect((await inspected(around(3))).warnings.map(({ code }) => code)).toEqual(['BRANCH_CHOSEN']);
});
