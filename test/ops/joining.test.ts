import { frozen, ruleTable } from '../support/ruleTable.js';

ruleTable('Concat', { opsets: [7, 11, 13] }, [
  ['channels', { axis: 1 }, 'n a h w, n b h w', 'n a+b h w'],
  ['from the back', { axis: -1 }, 'n a, n b', 'n a+b'],
  ['three', { axis: 0 }, 'a 3, b 3, c 3', 'a+b+c 3'],
  ['ranks differ', { axis: 1 }, 'n a h, n b', frozen(/ranks 3 and 2/)],
]);
ruleTable('Split', { opsets: [11] }, [
  ['by attribute', { axis: 1, split: [5, 7] }, '? a+b 3', '? a 3, ? b 3'],
  ['in halves', { axis: 1 }, '? a+m 3', frozen(/nothing is frozen/)],
]);
ruleTable('Split', { opsets: [13, 18] }, [['by operand', { axis: 1 }, '? a+b 3, [5 7]', '? a 3, ? b 3']]);
ruleTable('Split', { opsets: [18] }, [
  ['in parts of equal length', { axis: 1, num_outputs: 2 }, '? i+i', frozen(/nothing is frozen/)],
]);
ruleTable('Slice', { opsets: [9] }, [
  ['by attribute', { starts: [5], ends: [12], axes: [1] }, '? a+b+c 3', '? b 3'],
]);
ruleTable('Slice', { opsets: [10, 13] }, [
  ['by operand', {}, '? a+b+c 3, [5], [12], [1]', '? b 3'],
  ['to the end', {}, '? a+b 3, [5], [9223372036854775807], [1]', '? b 3'],
  ['from the back', {}, '? a+b 3, [-7], [1000], [1]', '? b 3'],
  ['every second', {}, '? a*2 3, [1], [100], [1], [2]', '? a 3'],
  ['another axis, backwards', {}, '? a 3, [-1], [-100], [2], [-1]', '? a 3'],
]);
ruleTable('Gather', { opsets: [11, 13] }, [
  ['along another axis', { axis: 2 }, '? a 3, [2 0]', '? a 2'],
  ['known indices in another order', { axis: 1 }, '? 3 a, [2 0 1]', '? 3 a'],
]);
ruleTable('GatherND', { opsets: [13] }, [['the other axes pass', {}, '3 a, [2]', 'a']]);
ruleTable('Pad', { opsets: [10] }, [['space, by attribute', { pads: [0, 0, 1, 0, 0, 1] }, '? a 3', '? a 5']]);
ruleTable('Pad', { opsets: [11, 13, 18] }, [
  ['space', {}, '? a 3, [0 0 1 0 0 1]', '? a 5'],
  ['space, mirrored', { mode: 'reflect' }, '? a 3, [0 0 1 0 0 1]', '? a 5'],
]);
ruleTable('Tile', { opsets: [9, 13] }, [['along lanes', {}, '? a 3, [1 2 1]', '? 2*a 3']]);
