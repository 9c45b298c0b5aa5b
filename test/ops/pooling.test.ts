import { ruleTable } from '../support/ruleTable.js';

for (const op of ['MaxPool', 'AveragePool']) {
  ruleTable(op, { opsets: [11, 12] }, [
    ['two dimensions', { kernel_shape: [2, 2], strides: [2, 2] }, '? a 8 9', '? a 4 4'],
    ['padded', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }, '? a 8 9', '? a 4 5'],
    ['ceil mode', { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }, '? a 8 9', '? a 4 5'],
    [
      'no window in the padding',
      { kernel_shape: [1, 1], strides: [2, 2], ceil_mode: 1 },
      '? a 8 9',
      '? a 4 5',
    ],
    ['one dimension', { kernel_shape: [3] }, '? a 8', '? a 6'],
  ]);
}
for (const op of ['GlobalAveragePool', 'GlobalMaxPool'])
  ruleTable(op, { opsets: [11] }, [['two dimensions', {}, '? a 8 9', '? a 1 1']]);
ruleTable('MaxPool', { opsets: [8, 12, 22], inexact: true }, [
  ['and its places', { kernel_shape: [2, 2], strides: [2, 2] }, '1 a 8 8', '1 a 4 4, 1 a 4 4'],
]);
