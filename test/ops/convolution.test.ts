import { frozen, ruleTable } from '../support/ruleTable.js';

ruleTable('Conv', { opsets: [11, 22] }, [
  ['dense', {}, '? a 9 9, b a 3 3', '? b 7 7'],
  ['with bias', {}, '? a 9 9, b a 3 3, b', '? b 7 7'],
  ['one dimension, strided and padded', { strides: [2], pads: [1, 1] }, '? a 9, b a 3', '? b 5'],
  ['three dimensions, dilated', { dilations: [2, 1, 1] }, '? a 5 4 4, b a 2 2 2', '? b 3 3 3'],
  ['same padding', { auto_pad: 'SAME_UPPER', strides: [2, 2] }, '? a 9 8, b a 3 3', '? b 5 4'],
  ['depthwise', { group: 5 }, '? a 9 9, a 1 3 3, a', '? a 7 7'],
  ['depthwise with a multiplier', { group: 5 }, '? a 9 9, a*d 1 3 3', '? a*d 7 7'],
  ['grouped', { group: 3 }, '? g*a 9 9, g*b a 3 3, g*b', '? g*b 7 7'],
  ['channels that no weight made', {}, '? 4 9 9, b 4 3 3', '? b 7 7'],
  ['ranks differ', {}, '? a 9, b a 3 3', frozen(/ranks 3 and 4/)],
  ['channels do not divide', { group: 2 }, '? a 9, b 2 3', frozen(/5 channels do not divide into 2 groups/)],
]);

ruleTable('ConvTranspose', { opsets: [11, 22] }, [
  ['dense', { strides: [2, 2] }, '? a 4 4, a b 2 2', '? b 8 8'],
  [
    'with bias and output padding',
    { strides: [2], pads: [1, 1], output_padding: [1] },
    '? a 4, a b 3, b',
    '? b 8',
  ],
  ['grouped', { group: 3 }, '? g*a 4 4, g*a b 2 2, g*b', '? g*b 5 5'],
  ['depthwise', { group: 5 }, '? a 4 4, a 1 2 2', '? a 5 5'],
]);
