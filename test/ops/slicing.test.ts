import { ruleTable } from '../support/ruleTable.js';

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
ruleTable('GatherND', { opsets: [12, 13] }, [
  ['within a batch', { batch_dims: 1 }, '2 3 a, [[1] [2]]', '2 a'],
  ['lanes that are addressed', { batch_dims: 1 }, '2 3! a, [[1] [2]]', '2 a'],
]);
