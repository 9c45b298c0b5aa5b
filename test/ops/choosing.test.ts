import { expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import { randomFeeds, run } from '../support/exact.js';
import type { ModelSpec } from '../support/onnx.js';
import { encodeModel, floats } from '../support/onnx.js';
import { random } from '../support/random.js';
import { frozen, ruleTable } from '../support/ruleTable.js';

ruleTable('TopK', { opsets: [7] }, [['by attribute', { axis: 2, k: 2 }, '? a 4', '? a 2, ? a 2']]);
ruleTable('TopK', { opsets: [10, 11, 24] }, [
  ['another axis', { axis: 2 }, '? a 4, [2]', '? a 2, ? a 2'],
  ['the axis of the lanes', {}, '? 5!, [2]', '? 2, ? 2'],
]);
ruleTable('OneHot', { opsets: [9, 11] }, [
  ['at the end', {}, 'int64:? a, [4], float:[0 1]', '? a 4'],
  ['in between', { axis: 1 }, 'int64:? a, (4), float:[0 1]', '? 4 a'],
]);
ruleTable('Compress', { opsets: [9, 11] }, [
  ['another axis', { axis: 2 }, '? a 4, bool:[1 0 0 1]', '? a 2'],
  ['data chooses', { axis: 2 }, '? a 4, bool:4', '? a ?'],
  ['the axis of the lanes', { axis: 1 }, '? 5! 2, bool:[1 0 0 1 1]', '? 3 2'],
  ['flattened', {}, '2 5!, bool:[1 0 0 1]', '2'],
]);
ruleTable('ReverseSequence', { opsets: [10] }, [
  ['time first', {}, '4 2 a, [3 4]', '4 2 a'],
  ['batch first', { time_axis: 1, batch_axis: 0 }, '2 4 a, [3 4]', '2 4 a'],
  ['lanes along time', {}, '5! 2 a, [3 4]', '5 2 a'],
]);
ruleTable('Trilu', { opsets: [14] }, [
  ['upper', {}, '? a 3 4', '? a 3 4'],
  ['lower, shifted', { upper: 0 }, '? a 3 4, (1)', '? a 3 4'],
  ['lanes in the matrix', {}, '? 5! 4', '? 5 4'],
]);
ruleTable('EyeLike', { opsets: [9, 22] }, [['whole', { k: 1 }, '5! 3', '5 3']]);
ruleTable('Det', { opsets: [11, 22] }, [
  ['of each channel', {}, '? a 3 3', '? a'],
  ['lanes in the matrix', {}, '? 5! 5', '?'],
  ['a vector', {}, 'a', frozen(/rank 1, not 2/)],
]);
ruleTable('DFT', { opsets: [17] }, [
  ['the axis by default', {}, '? 6 a 1', '? 6 a 2'],
  ['an axis by attribute', { axis: 2 }, '? a 6 1', '? a 6 2'],
  ['one-sided', { axis: 2, onesided: 1 }, '? a 6 1', '? a 4 2'],
]);
ruleTable('DFT', { opsets: [20] }, [
  ['the axis by default', {}, '? a 6 1', '? a 6 2'],
  ['an axis by operand', {}, '? 6 a 2, -, (1)', '? 6 a 2'],
  ['padded', {}, '? a 6 1, (8)', '? a 8 2'],
  ['lanes in the signal', {}, '? 5! 1', '? 5 2'],
  ['half a transform', { onesided: 1, inverse: 1 }, '? a 4 2', frozen(/inverse of half/)],
]);
ruleTable('Bernoulli', { opsets: [15], inexact: true }, [['axes pass', {}, '? a 3', '? a 3']]);
for (const op of ['RandomNormalLike', 'RandomUniformLike'])
  ruleTable(op, { opsets: [7, 22], inexact: true }, [['axes pass', {}, '? a 3', '? a 3']]);
ruleTable('CumSum', { opsets: [11, 14] }, [
  ['another axis', {}, '? a 4, (2)', '? a 4'],
  ['the axis of the lanes', {}, '? 5!, (-1)', '? 5'],
]);
ruleTable('CumProd', { opsets: [26] }, [['another axis', { exclusive: 1 }, '? a 4, (2)', '? a 4']]);

test.each(['RandomNormal', 'RandomUniform'])('%s states as many numbers as lanes remain', async (op) => {
  const next = random(3);
  const spec: ModelSpec = {
    opset: 13,
    nodes: [
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['hidden'] },
      { op, inputs: [], outputs: ['noise'], attributes: { shape: [1, 8] } },
      { op: 'Mul', inputs: ['hidden', 'noise'], outputs: ['noisy'] },
      { op: 'MatMul', inputs: ['noisy', 'v'], outputs: ['y'] },
    ],
    inputs: [{ name: 'x', shape: ['n', 3] }],
    outputs: [{ name: 'y', shape: ['n', 2] }],
    initializers: [floats('w', [3, 8], next), floats('v', [8, 2], next)],
  };
  using model = await openModel(encodeModel(spec));
  expect(model.inspect().groups.map(({ lanes, exact }) => [lanes, exact])).toEqual([[8, false]]);
  const pruned = await model.apply(await model.plan({ ratio: 0.5 }));
  expect(pruned.plan.groups.map(({ kept }) => kept.length)).toEqual([4]);
  const { y } = await run(await pruned.toBytes(), randomFeeds(spec, 1));
  expect(y?.dims).toEqual([4, 2]);
});
