import { describe, expect, test } from 'vitest';
import { walk } from '../../src/coupling/walking.js';
import { registry } from '../../src/ops/registry.js';
import { prunesExactly } from '../support/exact.js';
import { graphOf } from '../support/graph.js';
import type { AttributeSpec, ModelSpec } from '../support/onnx.js';
import { floats } from '../support/onnx.js';
import { random } from '../support/random.js';
import { frozen, ruleTable } from '../support/ruleTable.js';

ruleTable('NonZero', { opsets: [9, 13] }, [['data', {}, '? 5!', frozen(/how many places/)]]);
ruleTable('Unique', { opsets: [11] }, [['data', {}, '? 5!', frozen(/compares all elements/)]]);
ruleTable('Multinomial', { opsets: [7, 22] }, [['classes', {}, '? 5!', frozen(/draws classes/)]]);
ruleTable('STFT', { opsets: [17] }, [['a signal', {}, '1 5! 1, (2)', frozen(/into frames/)]]);
ruleTable('SplitToSequence', { opsets: [11] }, [['lanes', { axis: 1 }, '? 5!', frozen(/a sequence/)]]);
ruleTable('SequenceConstruct', { opsets: [11] }, [['lanes', {}, '? 5!, ? 5!', frozen(/a sequence/)]]);
ruleTable('Optional', { opsets: [15] }, [['lanes', {}, '? 5!', frozen(/whether there is a value/)]]);
ruleTable('SoftmaxCrossEntropyLoss', { opsets: [12, 13] }, [
  ['classes', {}, '2 5!, [1 0]', frozen(/compares every class/)],
]);
for (const op of ['Scaler', 'Imputer', 'Normalizer', 'Binarizer', 'LinearRegressor', 'TreeEnsembleRegressor'])
  ruleTable(op, { domain: 'ai.onnx.ml', opsets: [1] }, [
    ['features', {}, '? 5!', frozen(/attributes|all features|out of features/)],
  ]);

describe('what is known of outputs all the same', () => {
  const lengthsOf = (
    op: string,
    opset: number,
    attributes: Record<string, AttributeSpec> = {},
  ): readonly string[] => {
    const { graph, read } = graphOf({
      opset,
      nodes: [
        { op: 'Mul', inputs: ['x', 'w'], outputs: ['in'] },
        { op, inputs: ['in'], outputs: ['out', 'more'], attributes },
        { op: 'Relu', inputs: ['x'], outputs: ['y'] },
      ],
      inputs: [{ name: 'x', shape: [2, 1] }],
      outputs: [{ name: 'y', shape: [2, 1] }],
      initializers: [floats('w', [5], random(1))],
    });
    const { tensors } = walk(graph, registry, read);
    return (tensors.get('out')?.axes ?? []).map(({ length }) =>
      typeof length === 'number' ? `${length}` : '?',
    );
  };
  test.each([
    ['NonZero', 13, {}, ['2', '?']],
    ['Unique', 11, {}, ['?']],
    ['Unique', 11, { axis: 1 }, ['2', '?']],
    ['Multinomial', 22, { sample_size: 3 }, ['2', '3']],
    ['SoftmaxCrossEntropyLoss', 13, {}, []],
    ['SoftmaxCrossEntropyLoss', 13, { reduction: 'none' }, ['2']],
    ['ImageDecoder', 20, {}, ['?', '?', '?']],
  ] as const)('%s, opset %i, %o', (op, opset, attributes, lengths) => {
    expect(lengthsOf(op, opset, attributes)).toEqual(lengths);
  });
});

test('a length that a frozen node reads stays what it was, when lanes leave the axis that it was read from', async () => {
  const next = random(5);
  const spec: ModelSpec = {
    opset: 17,
    nodes: [
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['hidden'] },
      { op: 'Shape', inputs: ['hidden'], outputs: ['length'], attributes: { start: 1 } },
      { op: 'Squeeze', inputs: ['length'], outputs: ['size'] },
      { op: 'HannWindow', inputs: ['size'], outputs: ['window'] },
      { op: 'ReduceSum', inputs: ['window'], outputs: ['sum'], attributes: { keepdims: 0 } },
      { op: 'MatMul', inputs: ['hidden', 'v'], outputs: ['read'] },
      { op: 'Mul', inputs: ['read', 'sum'], outputs: ['y'] },
    ],
    inputs: [{ name: 'x', shape: ['n', 3] }],
    outputs: [{ name: 'y', shape: ['n', 2] }],
    initializers: [floats('w', [3, 8], next), floats('v', [8, 2], next)],
  };
  expect(await prunesExactly(spec, 1)).toBe(true);
});

test('a length that the model shows stays what it was', async () => {
  const next = random(5);
  const spec: ModelSpec = {
    opset: 17,
    nodes: [
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['hidden'] },
      { op: 'Shape', inputs: ['hidden'], outputs: ['length'] },
      { op: 'MatMul', inputs: ['hidden', 'v'], outputs: ['y'] },
    ],
    inputs: [{ name: 'x', shape: ['n', 3] }],
    outputs: [
      { name: 'y', shape: ['n', 2] },
      { name: 'length', shape: [2], dtype: 'int64' },
    ],
    initializers: [floats('w', [3, 8], next), floats('v', [8, 2], next)],
  };
  const { graph, read } = graphOf(spec);
  const { equations, parameterAxes } = walk(graph, registry, read);
  const reasons = parameterAxes.map(({ labels }) => equations.frozenBecause(labels[0]!)?.text);
  expect(reasons).toContain('the model\'s output "length" shows how long it is');
  expect(await prunesExactly(spec, 1)).toBe(false);
});
