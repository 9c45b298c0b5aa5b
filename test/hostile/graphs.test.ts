import { expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import type { NodeSpec, TensorSpec } from '../support/onnx.js';
import { encodeModel, floats, integers } from '../support/onnx.js';

const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: NodeSpec['attributes'] = {},
): NodeSpec => ({ op, inputs, outputs: [output], attributes });

/** Nodes that no checker passes, beside two linear layers that nothing is wrong with. */
const CASES: Readonly<Record<string, readonly [nodes: readonly NodeSpec[], extra?: readonly TensorSpec[]]>> =
  {
    'a sum of nothing': [[node('Sum', [], 'r')]],
    'a product of one': [[node('Shape', ['x'], 's'), node('Mul', ['s'], 'r')]],
    'a largest of nothing': [[node('Max', [], 'r')]],
    'nothing end to end': [[node('Concat', [], 'r', { axis: 0 })]],
    'scalars end to end': [[node('Concat', ['k', 'k'], 'r', { axis: 0 })], [integers('k', [3], [])]],
    'a place in a scalar': [[node('Gather', ['k', 'k'], 'r')], [integers('k', [3], [])]],
    'two lengths that follow': [[node('Reshape', ['x', 'k'], 'r')], [integers('k', [-1, -1])]],
    'a length below nothing': [[node('Reshape', ['x', 'k'], 'r')], [integers('k', [-5, 2])]],
    'lengths that hold more than there is': [
      [node('Shape', ['x'], 's'), node('Reshape', ['s', 'k'], 't'), node('Transpose', ['t'], 'r')],
      [integers('k', [3, 5])],
    ],
    'values that are each there once, along an axis that there is not': [
      [node('Unique', ['x'], 'r', { axis: 2 ** 40 })],
    ],
    'channels of a scalar': [
      [{ ...node('SkipGroupNorm', ['k', 'g', 'g', 'x'], 'r', { groups: 1 }), domain: 'com.microsoft' }],
      [floats('k', [], () => 1), floats('g', [3], () => 1)],
    ],
    'the largest of lengths, of which one is open and one leaves': [
      [
        node('MatMul', ['x', 'u'], 'g'),
        node('Shape', ['g'], 's'),
        node('ReduceMax', ['s'], 'm', { keepdims: 1 }),
        node('Concat', ['m', 'k'], 't', { axis: 0 }),
        node('ConstantOfShape', ['m'], 'o'),
        node('Reshape', ['o', 't'], 'r'),
      ],
      [integers('k', [1]), floats('u', [3, 4], () => 0.5)],
    ],
    'contents that do not fit together': [
      [node('Shape', ['x'], 's'), node('Add', ['s', 'k'], 't'), node('Reshape', ['x', 't'], 'r')],
      [integers('k', [1, 2, 3])],
    ],
  };

test.each(Object.entries(CASES))('what cannot be followed is frozen: %s', async (_, [nodes, extra = []]) => {
  const bytes = encodeModel({
    opset: 17,
    nodes: [node('MatMul', ['x', 'w'], 'h'), node('MatMul', ['h', 'v'], 'y'), ...nodes],
    initializers: [floats('w', [3, 6], () => 0.5), floats('v', [6, 2], () => 0.5), ...extra],
    inputs: [{ name: 'x', shape: ['n', 3] }],
    outputs: [{ name: 'y', shape: ['n', 2] }],
  });
  using model = await openModel(bytes);
  const pruned = await model.prune({ ratio: 0.5 });
  expect(pruned.after.params).toBeLessThan(pruned.before.params);
  using again = await openModel(await pruned.toBytes());
  again.inspect();
});

test('a weight that is NaN is cut like others, and written once', async () => {
  const bytes = encodeModel({
    opset: 17,
    nodes: [node('MatMul', ['x', 'w'], 'h'), node('Add', ['h', 'b'], 'g'), node('MatMul', ['g', 'v'], 'y')],
    initializers: [
      floats('w', [3, 6], () => 0.5),
      floats('b', [6], () => NaN),
      floats('v', [6, 2], () => 0.5),
    ],
    inputs: [{ name: 'x', shape: ['n', 3] }],
    outputs: [{ name: 'y', shape: ['n', 2] }],
  });
  using model = await openModel(bytes);
  for (const seed of [0, 1, 2, 3]) {
    const pruned = await model.prune({ ratio: 0.5, criterion: 'random', seed });
    using again = await openModel(await pruned.toBytes());
    expect(again.inspect().size.params).toBe(pruned.after.params);
  }
});
