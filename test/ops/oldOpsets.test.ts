import { describe, expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import { prunesExactly, randomPlan } from '../support/exact.js';
import type { AttributeSpec, ModelSpec, NodeSpec, TensorSpec } from '../support/onnx.js';
import { encodeModel, floats, integers } from '../support/onnx.js';
import { random } from '../support/random.js';

type Attributes = Readonly<Record<string, AttributeSpec>>;
const next = random(11);
const weight = (name: string, ...dims: number[]): TensorSpec =>
  floats(name, dims, () => 0.5 + Math.abs(next()));
const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Attributes = {},
): NodeSpec => ({
  op,
  name: output,
  inputs,
  outputs: [output],
  attributes,
});

/** What stands between two convolutions: h [1 6 4 4] to m [1 k s s]; k and the stored tensors it needs. */
interface Middle {
  readonly nodes: readonly NodeSpec[];
  readonly weights?: readonly TensorSpec[];
  readonly channels?: number;
}

const net = (opset: number, { nodes, weights = [], channels = 6 }: Middle): ModelSpec => ({
  opset,
  nodes: [node('Conv', ['x', 'w1'], 'h'), ...nodes, node('Conv', ['m', 'w2'], 'y')],
  inputs: [{ name: 'x', shape: [1, 3, 4, 4] }],
  outputs: [{ name: 'y', shape: [1, 2, 's', 't'] }],
  initializers: [...weights, weight('w1', 6, 3, 1, 1), weight('w2', 2, channels, 1, 1)],
});

/** One net as old operator sets spell it, and as opset 11 does, which onnxruntime runs. */
const explicit = (op: string): readonly [Middle, Middle] => {
  const weights = [weight('v', 6)];
  return [
    { nodes: [node(op, ['h', 'v'], 'm', { broadcast: 1, axis: 1 })], weights },
    {
      nodes: [node('Unsqueeze', ['v'], 'wide', { axes: [1, 2] }), node(op, ['h', 'wide'], 'm')],
      weights,
    },
  ];
};
const vectors = [weight('a', 6), weight('b', 6), weight('c', 6), weight('d', 6)];

const TWINS: Readonly<Record<string, readonly [opset: number, old: Middle, now: Middle]>> = {
  ...Object.fromEntries(
    ['Add', 'Sub', 'Mul'].map((op) => [`${op} along an axis`, [6, ...explicit(op)] as const]),
  ),
  'Add along the last axes': [
    1,
    {
      nodes: [node('Add', ['h', 'v'], 'm', { broadcast: 1, consumed_inputs: [0, 0] })],
      weights: [weight('v', 4, 4)],
    },
    { nodes: [node('Add', ['h', 'v'], 'm')], weights: [weight('v', 4, 4)] },
  ],
  'Add along an axis counted from the back': [
    6,
    { nodes: [node('Add', ['h', 'v'], 'm', { broadcast: 1, axis: -3 })], weights: [weight('v', 6, 1)] },
    {
      nodes: [node('Unsqueeze', ['v'], 'wide', { axes: [2] }), node('Add', ['h', 'wide'], 'm')],
      weights: [weight('v', 6, 1)],
    },
  ],
  'BatchNormalization in a test': [
    1,
    {
      nodes: [
        node('BatchNormalization', ['h', 'a', 'b', 'c', 'd'], 'm', {
          is_test: 1,
          consumed_inputs: [0, 0, 0, 1, 1],
        }),
      ],
      weights: vectors,
    },
    { nodes: [node('BatchNormalization', ['h', 'a', 'b', 'c', 'd'], 'm')], weights: vectors },
  ],
  'Dropout in a test': [
    6,
    { nodes: [node('Dropout', ['h'], 'm', { is_test: 1 })] },
    { nodes: [node('Dropout', ['h'], 'm')] },
  ],
  'a slope on the channels': [
    6,
    { nodes: [node('PRelu', ['h', 'v'], 'm')], weights: [weight('v', 6)] },
    {
      nodes: [node('Unsqueeze', ['v'], 'wide', { axes: [1, 2] }), node('PRelu', ['h', 'wide'], 'm')],
      weights: [weight('v', 6)],
    },
  ],
  'bounds as attributes': [
    1,
    { nodes: [node('Clip', ['h'], 'm', { min: { float: 0 }, max: { float: 6 }, consumed_inputs: [0] })] },
    {
      nodes: [node('Clip', ['h', 'low', 'high'], 'm')],
      weights: [floats('low', [], () => 0), floats('high', [], () => 6)],
    },
  ],
  'types by name': [
    1,
    {
      nodes: [
        node('Cast', ['h'], 'doubles', { to: 'DOUBLE' }),
        node('Cast', ['doubles'], 'm', { to: 'FLOAT' }),
      ],
    },
    { nodes: [node('Cast', ['h'], 'doubles', { to: 11 }), node('Cast', ['doubles'], 'm', { to: 1 })] },
  ],
  'an image scaled': [
    1,
    { nodes: [node('Upsample', ['h'], 'm', { height_scale: { float: 2 }, width_scale: { float: 3 } })] },
    {
      nodes: [node('Resize', ['h', 'roi', 'scales'], 'm', { mode: 'nearest' })],
      weights: [
        floats('roi', [0], () => 0),
        { name: 'scales', dims: [4], data: Float32Array.of(1, 1, 2, 3) },
      ],
    },
  ],
  'padded lanes': [
    1,
    { nodes: [node('Pad', ['h'], 'm', { paddings: [0, 2, 0, 0, 0, 0, 0, 0] })], channels: 8 },
    {
      nodes: [node('Pad', ['h', 'pads'], 'm')],
      weights: [integers('pads', [0, 2, 0, 0, 0, 0, 0, 0])],
      channels: 8,
    },
  ],
  'one axis repeated': [
    1,
    {
      nodes: [node('Tile', ['h', 'times', 'axis'], 'm')],
      weights: [integers('times', [2], []), integers('axis', [1], [])],
      channels: 12,
    },
    {
      nodes: [node('Tile', ['h', 'repeats'], 'm')],
      weights: [integers('repeats', [1, 2, 1, 1])],
      channels: 12,
    },
  ],
  'parts joined the other way round': [
    1,
    {
      nodes: [
        {
          op: 'Split',
          name: 'split',
          inputs: ['h'],
          outputs: ['p', 'q'],
          attributes: { axis: 1, split: [2, 4] },
        },
        node('Concat', ['q', 'p'], 'm'),
      ],
    },
    {
      nodes: [
        {
          op: 'Split',
          name: 'split',
          inputs: ['h'],
          outputs: ['p', 'q'],
          attributes: { axis: 1, split: [2, 4] },
        },
        node('Concat', ['q', 'p'], 'm', { axis: 1 }),
      ],
    },
  ],
};

const keptBy = async (model: ModelSpec, seed: number) => {
  const bytes = encodeModel(model);
  const plan = await randomPlan(bytes, seed);
  if (plan === undefined) return undefined;
  using opened = await openModel(bytes);
  return (await opened.apply(plan)).plan.tensors;
};

describe('old spellings are pruned as their new ones, which onnxruntime runs', () => {
  test.each(Object.entries(TWINS))('%s', async (_, [opset, old, now]) => {
    let pruned = 0;
    for (const seed of [1, 2, 3, 4]) {
      const kept = await keptBy(net(opset, old), seed);
      expect(kept).toEqual(await keptBy(net(11, now), seed));
      expect(await prunesExactly(net(11, now), seed)).toBe(kept !== undefined);
      if (kept?.w1?.['0'] !== undefined) pruned += 1;
    }
    expect(pruned).toBeGreaterThan(0);
  });

  test.each(['Div', 'Pow'])('%s along an axis, whose lanes are not exact', async (op) => {
    const [old, now] = explicit(op);
    const groupsOf = async (model: ModelSpec) => {
      using opened = await openModel(encodeModel(model));
      return opened.inspect().groups.map(({ id, lanes, exact, axes }) => ({ id, lanes, exact, axes }));
    };
    const groups = await groupsOf(net(6, old));
    expect(groups).toEqual(await groupsOf(net(11, now)));
    expect(groups.map(({ lanes, exact }) => [lanes, exact])).toEqual([[6, false]]);
  });

  test('without is_test an old BatchNormalization and Dropout train: nothing is exact behind their statistics', async () => {
    using dropping = await openModel(encodeModel(net(6, { nodes: [node('Dropout', ['h'], 'm')] })));
    expect(dropping.inspect().groups.map(({ exact, inexact }) => [exact, inexact?.node])).toEqual([
      [false, 'm'],
    ]);
  });
});

describe('what onnxruntime runs of old operator sets', () => {
  const exactly = async (model: ModelSpec): Promise<void> => {
    const pruned: boolean[] = [];
    for (const seed of [1, 2, 3]) pruned.push(await prunesExactly(model, seed));
    expect(pruned).toContain(true);
  };
  const between = (opset: number, nodes: readonly NodeSpec[], channels = 6): ModelSpec =>
    net(opset, { nodes, channels });

  test.each([1, 4])('Reshape with its lengths in an attribute, opset %i', async (opset) => {
    await exactly(
      between(opset, [
        node('Reshape', ['h'], 'flat', { shape: [0, -1, 4] }),
        node('ThresholdedRelu', ['flat'], 'positive', { alpha: { float: 0.5 } }),
        node('Reshape', ['positive'], 'm', { shape: [1, 6, 4, 4] }),
      ]),
    );
  });
  test('lanes taken apart by it', async () => {
    await exactly(
      between(4, [
        node('Reshape', ['h'], 'parts', { shape: [1, 3, 2, 4, 4] }),
        node('Transpose', ['parts'], 'turned', { perm: [0, 2, 1, 3, 4] }),
        node('Reshape', ['turned'], 'm', { shape: [0, -1, 4, 4] }),
      ]),
    );
  });
  test.each<[string, Attributes]>([
    ['Affine', { alpha: { float: 2 }, beta: { float: 0.5 } }],
    ['ScaledTanh', { alpha: { float: 2 }, beta: { float: 0.5 } }],
    ['ParametricSoftplus', { alpha: { float: 2 }, beta: { float: 0.5 } }],
    ['Crop', { border: [1, 0, 1, 2] }],
    ['Crop', { border: [1, 0, 1, 2], scale: [2, 2] }],
  ])('%s %o', async (op, attributes) => {
    await exactly(between(4, [node(op, ['h'], 'm', attributes)]));
  });
});
