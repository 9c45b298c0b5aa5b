import { frozen, ruleTable } from '../support/ruleTable.js';

ruleTable('Resize', { opsets: [13, 19] }, [
  ['to sizes', { mode: 'nearest' }, '1 a 3 3, -, -, [1 5 6 6]', '1 a 6 6'],
  ['sizes that data decides', { mode: 'nearest' }, '? a 3 3, -, -, -', frozen(/sizes depend on data/)],
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
