import { expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import type { Values } from '../../src/model/values.js';
import { knownNumbers, literals } from '../../src/model/values.js';
import { cutAlong, joinAlong, pickAlong, transposed } from '../../src/ops/contents.js';
import { prunesExactly } from '../support/exact.js';
import type { ModelSpec, NodeSpec } from '../support/onnx.js';
import { encodeModel, floats, integers } from '../support/onnx.js';
import { random } from '../support/random.js';

const counted = (...dims: number[]): Values =>
  literals(
    dims,
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );
const shown = (values: Values | undefined): unknown => values && [values.dims, knownNumbers(values)];

test('entries of one axis, in any order', () => {
  expect(shown(pickAlong(counted(2, 3), 1, [2, 0]))).toEqual([
    [2, 2],
    [2, 0, 5, 3],
  ]);
  expect(shown(pickAlong(counted(2, 3), 0, [1]))).toEqual([
    [1, 3],
    [3, 4, 5],
  ]);
  expect(shown(pickAlong(counted(2, 3), 0, []))).toEqual([[0, 3], []]);
  expect(pickAlong(counted(2, 3), 0, [2])).toBeUndefined();
  expect(shown(cutAlong(counted(3, 2), 0, 1, 3))).toEqual([
    [2, 2],
    [2, 3, 4, 5],
  ]);
});

test('contents end to end', () => {
  expect(shown(joinAlong([counted(2, 1), counted(2, 2)], 1))).toEqual([
    [2, 3],
    [0, 0, 1, 1, 2, 3],
  ]);
  expect(shown(joinAlong([counted(1, 2), counted(2, 2)], 0))).toEqual([
    [3, 2],
    [0, 1, 0, 1, 2, 3],
  ]);
});

test('axes in another order', () => {
  expect(shown(transposed(counted(2, 3), [1, 0]))).toEqual([
    [3, 2],
    [0, 3, 1, 4, 2, 5],
  ]);
  const twice = transposed(transposed(counted(2, 3, 4), [2, 0, 1]), [1, 2, 0]);
  expect(shown(twice)).toEqual(shown(counted(2, 3, 4)));
  expect(shown(transposed(counted(), []))).toEqual([[], [0]]);
});

/** PyTorch states pads from the last axis back; its exporter turns them round in the graph, as a matrix of two columns. */
test('pads that the graph itself puts in another order', async () => {
  const next = random(1);
  const node = (op: string, inputs: string[], output: string, attributes: NodeSpec['attributes'] = {}) => ({
    op,
    inputs,
    outputs: [output],
    attributes,
  });
  const model: ModelSpec = {
    opset: 16,
    nodes: [
      node('Conv', ['x', 'w'], 'a'),
      node('ConstantOfShape', ['four'], 'rest', { value: integers('zero', [0]) }),
      node('Concat', ['pads', 'rest'], 'all', { axis: 0 }),
      node('Reshape', ['all', 'pairs'], 'matrix'),
      node('Slice', ['matrix', 'last', 'before', 'first', 'last'], 'turned'),
      node('Transpose', ['turned'], 'columns', { perm: [1, 0] }),
      node('Reshape', ['columns', 'last'], 'row'),
      node('Cast', ['row'], 'stated', { to: 7 }),
      node('Pad', ['a', 'stated'], 'b', { mode: 'reflect' }),
      node('Conv', ['b', 'v'], 'y'),
    ],
    initializers: [
      floats('w', [6, 2, 1], next),
      floats('v', [3, 6, 3], next),
      integers('four', [4]),
      integers('pads', [2, 1]),
      integers('pairs', [-1, 2]),
      integers('first', [0]),
      integers('last', [-1]),
      integers('before', [-(2 ** 63)]),
    ],
    inputs: [{ name: 'x', shape: ['n', 2, 8] }],
    outputs: [{ name: 'y', shape: ['n', 3, 9] }],
  };
  using opened = await openModel(encodeModel(model));
  expect(opened.inspect().groups.map(({ id, lanes }) => [id, lanes])).toEqual([['w', 6]]);
  expect(await prunesExactly(model, 1)).toBe(true);
});
