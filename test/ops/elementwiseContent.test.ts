import { expect, test } from 'vitest';
import { walk } from '../../src/coupling/walking.js';
import { knownNumbers } from '../../src/model/values.js';
import { registry } from '../../src/ops/registry.js';
import { graphOf } from '../support/graph.js';
import type { AttributeSpec } from '../support/onnx.js';
import { integers } from '../support/onnx.js';

/** What an operator makes of known vectors: content and element type. */
function computed(
  op: string,
  operands: readonly (readonly number[])[],
  attributes: Readonly<Record<string, AttributeSpec>> = {},
): { readonly content: readonly number[] | undefined; readonly dtype: string | undefined } {
  const { graph, read } = graphOf({
    opset: 18,
    nodes: [{ op, inputs: operands.map((_, i) => `x${i}`), outputs: ['y'], attributes }],
    inputs: [],
    outputs: [{ name: 'y', shape: [] }],
    initializers: operands.map((numbers, i) => integers(`x${i}`, numbers)),
  });
  const { values, dtype } = walk(graph, registry, read).tensors.get('y')!;
  return { content: values && knownNumbers(values), dtype };
}

test.each([
  [
    'Sum',
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    [9, 12],
  ],
  [
    'Max',
    [
      [1, 9],
      [3, 4],
      [5, 6],
    ],
    [5, 9],
  ],
  [
    'Min',
    [
      [1, 9],
      [3, 4],
      [5, 2],
    ],
    [1, 2],
  ],
  ['Max', [[1, 9]], [1, 9]],
])('%s of any number of operands', (op, operands, content) => {
  expect(computed(op, operands)).toEqual({ content, dtype: 'int64' });
});

test('Mod takes the sign of the divisor, with fmod that of the dividend', () => {
  expect(
    computed('Mod', [
      [-4, 7],
      [3, -3],
    ]).content,
  ).toEqual([2, -2]);
  expect(
    computed(
      'Mod',
      [
        [-4, 7],
        [3, -3],
      ],
      { fmod: 1 },
    ).content,
  ).toEqual([-1, 1]);
});

test.each([
  ['And', [0, 0, 0, 1]],
  ['Or', [0, 1, 1, 1]],
  ['Xor', [0, 1, 1, 0]],
  ['Less', [0, 1, 0, 0]],
  ['Equal', [1, 0, 0, 1]],
])('%s makes Booleans', (op, content) => {
  expect(
    computed(op, [
      [0, 0, 1, 1],
      [0, 1, 0, 1],
    ]),
  ).toEqual({ content, dtype: 'bool' });
});

test('Cast to a Boolean asks whether it is zero', () => {
  expect(computed('Cast', [[0, 7, -1]], { to: 9 })).toEqual({ content: [0, 1, 1], dtype: 'bool' });
  expect(computed('Cast', [[0, 7]], { to: 17 }).dtype).toBe('float8e4m3fn');
});
