import { describe, expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import { prunesExactly } from '../support/exact.js';
import {
  encodeModel,
  floats,
  type GraphSpec,
  integers,
  type ModelSpec,
  type NodeSpec,
  type TensorSpec,
  type ValueSpec,
} from '../support/onnx.js';
import { random } from '../support/random.js';

const next = random(3);
const weight = (name: string, dims: readonly number[]): TensorSpec => floats(name, dims, next);
const node = (op: string, inputs: readonly string[], output: string, attributes = {}): NodeSpec => ({
  op,
  name: `make_${output}`,
  inputs,
  outputs: [output],
  attributes,
});
const going: readonly ValueSpec[] = [
  { name: 'step', dtype: 'int64', shape: [] },
  { name: 'going', dtype: 'bool', shape: [] },
];
const still: ValueSpec = { name: 'still', dtype: 'bool', shape: [] };

/** x [n 4] -> h0 [n 6] -> Loop, three rounds -> y [n 3]. */
function looping(body: Omit<GraphSpec, 'inputs'>, more: Partial<ModelSpec> = {}, outputs = ['h']): ModelSpec {
  const { nodes = [], initializers = [], ...rest } = more;
  return {
    opset: 13,
    nodes: [
      node('MatMul', ['x', 'w0'], 'h0'),
      {
        op: 'Loop',
        name: 'loop',
        inputs: ['count', '', 'h0'],
        outputs,
        attributes: { body: { ...body, inputs: [...going, { name: 'state', shape: ['m', 6] }] } },
      },
      ...nodes,
    ],
    inputs: [{ name: 'x', shape: ['n', 4] }],
    outputs: [{ name: 'y', shape: [] }],
    initializers: [weight('w0', [4, 6]), integers('count', [3], []), ...initializers],
    ...rest,
  };
}
const read = (from = 'h'): Partial<ModelSpec> => ({
  nodes: [node('MatMul', [from, 'w1'], 'y')],
  initializers: [weight('w1', [6, 3]), weight('captured', [6, 6])],
  outputs: [{ name: 'y', shape: ['k', 3] }],
});

const ends = (nodes: readonly NodeSpec[], shapes: readonly ValueSpec[], initializers: TensorSpec[] = []) => ({
  nodes: [node('Identity', ['going'], 'still'), ...nodes],
  outputs: [still, ...shapes],
  initializers,
});
const stepped: ValueSpec = { name: 'stepped', shape: ['m', 6] };

async function groupsOf(model: ModelSpec): Promise<readonly string[]> {
  using opened = await openModel(encodeModel(model));
  return opened.inspect().groups.map(({ id, lanes }) => `${id} ${lanes}`);
}

async function expectGroups(model: ModelSpec, groups: readonly string[]): Promise<void> {
  expect(await groupsOf(model)).toEqual(groups);
  const pruned = [];
  for (const seed of [1, 2, 3, 4]) pruned.push(await prunesExactly(model, seed));
  expect(pruned, 'lanes left').toContain(true);
}

describe('the body of a Loop is one round that stands for all', () => {
  test('a state, a layer that the body holds, and a weight that it reads from outside', async () => {
    const nodes = [
      node('MatMul', ['state', 'captured'], 'a'),
      node('MatMul', ['a', 'inner1'], 'b'),
      node('Relu', ['b'], 'c'),
      node('MatMul', ['c', 'inner2'], 'stepped'),
    ];
    const body = ends(nodes, [stepped], [weight('inner1', [6, 7]), weight('inner2', [7, 6])]);
    await expectGroups(looping(body, read()), ['w0 6', 'captured 6', 'inner1 7']);
  });

  test('what rounds give, put together along a new axis', async () => {
    const nodes = [
      node('Tanh', ['state'], 'a'),
      node('MatMul', ['a', 'captured'], 'stepped'),
      node('MatMul', ['a', 'given'], 'each'),
    ];
    const shapes = [stepped, { name: 'each', shape: ['m', 5] }];
    const more = {
      nodes: [
        node('MatMul', ['all', 'w2'], 'z'),
        node('MatMul', ['h', 'w1'], 'hy'),
        node('Add', ['z', 'hy'], 'y'),
      ],
      initializers: [
        weight('w1', [6, 3]),
        weight('w2', [5, 3]),
        weight('captured', [6, 6]),
        weight('given', [6, 5]),
      ],
      outputs: [{ name: 'y', shape: [3, 'n', 3] }],
    };
    await expectGroups(looping(ends(nodes, shapes), more, ['h', 'all']), ['w0 6', 'given 5']);
  });

  test('a state that grows along an open axis keeps its lanes', async () => {
    const nodes = [
      node('MatMul', ['state', 'captured'], 'a'),
      node('Concat', ['state', 'a'], 'stepped', { axis: 0 }),
    ];
    const body = ends(nodes, [{ name: 'stepped', shape: ['longer', 6] }]);
    await expectGroups(looping(body, read()), ['w0 6']);
  });

  test('a Loop in a Loop, and in a branch', async () => {
    const inner = {
      nodes: [
        node('Identity', ['goes'], 'goes_on'),
        node('Tanh', ['inside'], 'b'),
        node('MatMul', ['b', 'captured'], 'deep'),
      ],
      outputs: [
        { name: 'goes_on', dtype: 'bool', shape: [] },
        { name: 'deep', shape: ['m', 6] },
      ],
      initializers: [],
    } satisfies Omit<GraphSpec, 'inputs'>;
    const inputs: readonly ValueSpec[] = [
      { name: 'place', dtype: 'int64', shape: [] },
      { name: 'goes', dtype: 'bool', shape: [] },
      { name: 'inside', shape: ['m', 6] },
    ];
    const loop: NodeSpec = {
      op: 'Loop',
      name: 'inner_loop',
      inputs: ['count', '', 'state'],
      outputs: ['stepped'],
      attributes: { body: { ...inner, inputs } },
    };
    await expectGroups(looping(ends([loop], [stepped]), read()), ['w0 6']);
    const branch = (nodes: readonly NodeSpec[], output: string): GraphSpec => ({
      nodes,
      inputs: [],
      outputs: [{ name: output, shape: ['m', 6] }],
      initializers: [],
    });
    const chosen: NodeSpec = {
      op: 'If',
      name: 'choose',
      inputs: ['going'],
      outputs: ['stepped'],
      attributes: {
        then_branch: branch([loop], 'stepped'),
        else_branch: branch([node('Relu', ['state'], 'other')], 'other'),
      },
    };
    await expectGroups(looping(ends([chosen], [stepped]), read()), ['w0 6']);
  });
});

test('a body whose state ends in another length than it began with is left whole, with the reason', async () => {
  const nodes = [node('Concat', ['state', 'state'], 'stepped', { axis: 1 })];
  const model = looping(ends(nodes, [{ name: 'stepped', shape: ['m', 'wide'] }]), {
    ...read(),
    nodes: [node('ReduceSum', ['h'], 'y')],
    outputs: [{ name: 'y', shape: [] }],
  });
  const open = {
    ...model,
    nodes: model.nodes.map((own) =>
      own.op !== 'Loop'
        ? own
        : {
            ...own,
            attributes: {
              body: {
                ...(own.attributes!.body as GraphSpec),
                inputs: [...going, { name: 'state', shape: ['m', 'any'] }],
              },
            },
          },
    ),
  };
  using opened = await openModel(encodeModel(open));
  const { groups, frozen } = opened.inspect();
  expect(groups).toEqual([]);
  const reasons = frozen.filter(({ tensor }) => tensor === 'w0').flatMap((own) => own.reasons);
  expect(reasons.map(({ text }) => text)).toContainEqual(expect.stringContaining('its rounds are not alike'));
});

describe('Scan', () => {
  /** h' = tanh(x_t W + h U) over x [n t 5], along an axis, forwards or backwards. */
  const scanning = (axis: number, attributes = {}): ModelSpec => {
    const body: GraphSpec = {
      nodes: [
        node('MatMul', ['x_t', 'w'], 'from_x'),
        node('MatMul', ['h', 'u'], 'from_h'),
        node('Add', ['from_x', 'from_h'], 'sum'),
        node('Tanh', ['sum'], 'h_t'),
        node('Relu', ['h_t'], 'o_t'),
      ],
      inputs: [
        { name: 'h', shape: ['m', 6] },
        { name: 'x_t', shape: ['m', 5] },
      ],
      outputs: [
        { name: 'h_t', shape: ['m', 6] },
        { name: 'o_t', shape: ['m', 6] },
      ],
      initializers: [weight('w', [5, 6])],
    };
    return {
      opset: 13,
      nodes: [
        node('MatMul', ['x', 'w0'], 'xs'),
        node('MatMul', ['s', 'w1'], 'h0'),
        {
          op: 'Scan',
          name: 'scan',
          inputs: ['h0', 'xs'],
          outputs: ['last', 'all'],
          attributes: { body, num_scan_inputs: 1, scan_input_axes: [axis], ...attributes },
        },
        node('MatMul', ['all', 'w2'], 'y'),
        node('MatMul', ['last', 'w3'], 'z'),
      ],
      inputs: [
        { name: 'x', shape: axis === 0 ? ['t', 'n', 4] : ['n', 't', 4] },
        { name: 's', shape: ['n', 3] },
      ],
      outputs: [
        { name: 'y', shape: ['a', 'b', 3] },
        { name: 'z', shape: ['n', 2] },
      ],
      initializers: [
        weight('w0', [4, 5]),
        weight('w1', [3, 6]),
        weight('u', [6, 6]),
        weight('w2', [6, 3]),
        weight('w3', [6, 2]),
      ],
    };
  };
  test.each([
    ['along the first axis', 0, {}],
    ['along another, and back to it', 1, { scan_output_axes: [1] }],
    ['axes from the back', -2, { scan_output_axes: [-2] }],
    ['backwards', 1, { scan_input_directions: [1], scan_output_directions: [1] }],
  ])('states and what is scanned lose lanes: %s', async (_, axis, attributes) => {
    await expectGroups(scanning(axis, attributes), ['w0 5', 'w1 6']);
  });
});
