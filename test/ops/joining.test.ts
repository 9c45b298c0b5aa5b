import { frozen, ruleTable } from '../support/ruleTable.js';

ruleTable('Concat', { opsets: [7, 11, 13] }, [
  ['channels', { axis: 1 }, 'n a h w, n b h w', 'n a+b h w'],
  ['from the back', { axis: -1 }, 'n a, n b', 'n a+b'],
  ['three', { axis: 0 }, 'a 3, b 3, c 3', 'a+b+c 3'],
  ['ranks differ', { axis: 1 }, 'n a h, n b', frozen(/ranks 3 and 2/)],
]);
ruleTable('Split', { opsets: [11] }, [
  ['by attribute', { axis: 1, split: [5, 7] }, '? a+b 3', '? a 3, ? b 3'],
]);
ruleTable('Split', { opsets: [13, 18] }, [['by operand', { axis: 1 }, '? a+b 3, [5 7]', '? a 3, ? b 3']]);
ruleTable('Split', { opsets: [11, 13] }, [['in equal parts', { axis: 1 }, '? a+k 3', '? a 3, ? k 3']]);
ruleTable('Split', { opsets: [18] }, [
  ['in parts of equal length', { axis: 1, num_outputs: 2 }, '? a+k', '? a, ? k'],
  ['the last one shorter', { axis: 1, num_outputs: 2 }, '? h+d', '? h, ? d'],
]);
