import { ruleTable } from '../support/ruleTable.js';

for (const op of ['ReduceMean', 'ReduceMax', 'ReduceSum', 'ReduceMin', 'ReduceL2', 'ReduceProd']) {
  ruleTable(op, { opsets: op === 'ReduceSum' ? [11] : [11, 13] }, [
    ['space, by attribute', { axes: [2, 3], keepdims: 1 }, '? a 3 4', '? a 1 1'],
    ['space, not kept', { axes: [-1], keepdims: 0 }, '? a 3 4', '? a 3'],
  ]);
}
ruleTable('ReduceSum', { opsets: [13] }, [
  ['space, by operand', { keepdims: 0 }, '? a 3 4, [2 3]', '? a'],
  ['over lanes whose removed entries are zero', { keepdims: 0 }, '? a 3, [1]', '? 3'],
]);
ruleTable('ReduceMean', { opsets: [18], inexact: true }, [
  ['over lanes', { keepdims: 1 }, '? a 3, [1]', '? 1 3'],
]);
ruleTable('ArgMax', { opsets: [13], inexact: true }, [
  ['another axis', { axis: 2, keepdims: 0 }, '? a 3', '? a'],
]);
ruleTable('ReduceLogSum', { opsets: [11, 13], inexact: true }, [
  ['over another axis', { axes: [2] }, '? a 3', '? a 1'],
]);
