import { expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import { difference, ROUNDING, randomFeeds, run } from '../support/exact.js';
import type { ModelSpec } from '../support/onnx.js';
import { encodeModel, floats, masked } from '../support/onnx.js';
import { random } from '../support/random.js';
import type { Row } from '../support/ruleTable.js';
import { frozen, ruleTable } from '../support/ruleTable.js';

const roiAlign: readonly Row[] = [
  [
    'channels',
    { output_height: 2, output_width: 3, sampling_ratio: 2 },
    '2 a 5 5, float:[[0 0 3 3] [1 1 4 4]], [0 1]',
    '2 a 2 3',
  ],
  ['space', {}, '2 a 5! 5, float:[[0 0 3 3]], [0]', '1 a 1 1'],
];
ruleTable('RoiAlign', { opsets: [10, 16] }, roiAlign);
ruleTable('RoiAlign', { opsets: [22], noKernel: true }, roiAlign);
ruleTable('MaxRoiPool', { opsets: [7] }, [
  ['channels', { pooled_shape: [2, 2] }, '2 a 5 5, float:[[0 0 0 3 3] [1 1 1 4 4]]', '2 a 2 2'],
]);
ruleTable('GridSample', { opsets: [16, 20, 22] }, [
  ['channels', {}, '2 a 5 5, 2 3 4 2', '2 a 3 4'],
  ['beyond the border', { padding_mode: 'border' }, '2 a 5 5, 2 3 4 2', '2 a 3 4'],
  ['space', {}, '2 a 5! 5, 2 3! 4 2', '2 a 3 4'],
  ['ranks differ', {}, '2 a 5 5, 2 3 2', frozen(/rank 4, its grid 3/)],
]);
ruleTable('GridSample', { opsets: [20, 22] }, [['volumes', {}, '2 a 3 3 3, 2 3 4 2 3', '2 a 3 4 2']]);
ruleTable('AffineGrid', { opsets: [20] }, [
  ['images', {}, '2 2 3, [2 1 4 5]', '2 4 5 2'],
  ['a batch with lanes', {}, 'a 2 3, [5 1 4 5]', 'a 4 5 2'],
  ['lanes in the map', {}, '2 2! 3, [2 1 4 5]', '2 4 5 2'],
]);
ruleTable('Col2Im', { opsets: [18] }, [
  ['channels', {}, '? a*4 9, [4 4], [2 2]', '? a 4 4'],
  ['channels and blocks', { strides: [2, 2] }, '? a*4 4, [4 4], [2 2]', '? a 4 4'],
  ['rows do not divide', {}, '? a 9, [4 4], [2 2]', frozen(/5 rows are no channels/)],
]);
ruleTable('DeformConv', { opsets: [19, 22] }, [
  ['dense', {}, '2 a 4 4, b a 2 2, 2 8 3 3, b', '2 b 3 3'],
  ['with a mask', { pads: [1, 1, 1, 1] }, '2 a 3 3, b a 2 2, 2 8 4 4, -, 2 4 4 4', '2 b 4 4'],
  ['groups', { group: 3 }, '2 g*a 4 4, g*b a 2 2, 2 8 3 3', '2 g*b 3 3'],
  ['groups of offsets', { offset_group: 2 }, '2 2*a 4 4, b 2*a 2 2, 2 16 3 3', '2 b 3 3'],
  ['lanes in the offsets', {}, '2 a 4 4, b a 2 2, 2 8! 3 3', '2 b 3 3'],
]);
ruleTable('MaxUnpool', { opsets: [9, 11, 22], inexact: true }, [
  ['channels', { kernel_shape: [2, 2], strides: [2, 2] }, '1 a 2 2, int64:1 a 2 2', '1 a 4 4'],
  [
    'lengths stated',
    { kernel_shape: [2, 2], strides: [2, 2] },
    '1 a 2 2, int64:1 a 2 2, [1 5 5 5]',
    '1 a 5 5',
  ],
  ['places without lanes', { kernel_shape: [2, 2], strides: [2, 2] }, '1 5! 2 2, int64:1 5 2 2', '1 5 4 4'],
]);
ruleTable('CenterCropPad', { opsets: [18] }, [
  ['some axes', { axes: [2, 3] }, '? a 5 5, [3 7]', '? a 3 7'],
  ['all axes, lanes among them', {}, '2 a 5, [2 5 3]', '2 a 3'],
  ['lanes cut', { axes: [1] }, '? 5!, [3]', '? 3'],
]);
ruleTable('NonMaxSuppression', { opsets: [10, 11] }, [
  ['whole', {}, '1 5! 4, 1 2! 5!, [2], float:(0), float:(0)', '? 3'],
]);

test('what MaxPool takes apart is put together again over fewer channels', async () => {
  const next = random(3);
  const window = { kernel_shape: [2, 2], strides: [2, 2] };
  const spec: ModelSpec = {
    opset: 13,
    nodes: [
      { op: 'Conv', inputs: ['x', 'w'], outputs: ['made'] },
      { op: 'MaxPool', inputs: ['made'], outputs: ['pooled', 'places'], attributes: window },
      { op: 'MaxUnpool', inputs: ['pooled', 'places'], outputs: ['back'], attributes: window },
      { op: 'Conv', inputs: ['back', 'v'], outputs: ['y'] },
    ],
    inputs: [{ name: 'x', shape: [2, 3, 6, 6] }],
    outputs: [{ name: 'y', shape: [2, 2, 6, 6] }],
    initializers: [floats('w', [8, 3, 1, 1], next), floats('v', [2, 8, 1, 1], next)],
  };
  const bytes = encodeModel(spec);
  using model = await openModel(bytes);
  const plan = await model.plan({ ratio: 0.5 });
  const pruned = await model.apply(plan);
  const feeds = randomFeeds(spec, 1);
  const wanted = await run(encodeModel(masked(spec, pruned.plan.tensors)), feeds);
  expect(pruned.plan.groups.map(({ lanes, kept }) => [lanes, kept.length])).toEqual([[8, 4]]);
  expect(difference(await run(await pruned.toBytes(), feeds), wanted)).toBeLessThan(ROUNDING);
});
