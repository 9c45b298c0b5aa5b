import { ruleTable } from '../support/ruleTable.js';

ruleTable('Resize', { opsets: [13, 19] }, [
  ['to sizes', { mode: 'nearest' }, '1 a 3 3, -, -, [1 5 6 6]', '1 a 6 6'],
]);
// onnxruntime refuses it without sizes and scales: nothing is run.
ruleTable('Resize', { opsets: [13, 19], noKernel: true }, [
  ['neither sizes nor scales', { mode: 'nearest' }, '? 5! 3 3, -, -, -', '? ? ? ?'],
]);
ruleTable('Resize', { opsets: [18, 19] }, [
  [
    'no larger than sizes',
    { mode: 'nearest', axes: [2, 3], keep_aspect_ratio_policy: 'not_larger' },
    '1 a 2 4, -, -, [8 6]',
    '1 a 3 6',
  ],
  [
    'no smaller than sizes',
    { mode: 'nearest', axes: [2, 3], keep_aspect_ratio_policy: 'not_smaller' },
    '1 a 2 4, -, -, [8 6]',
    '1 a 8 16',
  ],
]);
ruleTable('Resize', { opsets: [11, 13, 18] }, [
  ['by scales', { mode: 'nearest' }, '1 a 3 3, float:[], float:[1 1 2 2]', '1 a 6 6'],
  [
    'cropped to a region',
    { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize' },
    '1 5! 3 3, float:[0 0 0 0 1 1 1 1], float:[1 1 2 2]',
    '1 5 6 6',
  ],
]);
ruleTable('Resize', { opsets: [18] }, [
  ['some axes', { mode: 'nearest', axes: [3, 2] }, '1 a 3 3, -, -, [9 6]', '1 a 6 9'],
  ['some axes by scales', { mode: 'nearest', axes: [-1] }, '1 a 3 3, -, float:[2]', '1 a 3 6'],
]);
ruleTable('Resize', { opsets: [10] }, [['by scales', {}, '1 a 3 3, float:[1 1 2 2]', '1 a 6 6']]);
ruleTable('Upsample', { opsets: [9] }, [['by operand', {}, '1 a 3 3, float:[1 1 2 2]', '1 a 6 6']]);
// onnxruntime takes an empty operand for an absent one only where the other is stored, not cast.
ruleTable('Resize', { opsets: [11, 13], inexact: true }, [
  ['by scales, sizes empty', { mode: 'nearest' }, '1 a 3 3, float:[], float:[1 1 2 2], []', '1 a 6 6'],
]);
