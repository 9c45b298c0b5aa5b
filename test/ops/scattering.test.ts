import { frozen, ruleTable } from '../support/ruleTable.js';

ruleTable('GatherElements', { opsets: [11, 13] }, [
  ['lanes of the indices along the axis', { axis: 1 }, '? 3, int64:? a', '? a'],
  ['lanes in step', { axis: 1 }, 'a 4, int64:a 3', 'a 3'],
  ['indices without lanes', { axis: 1 }, '5! 4, int64:5 3', '5 3'],
  ['the axis that is addressed', { axis: -1 }, '? 5!, int64:? 3', '? 3'],
  ['ranks differ', {}, '? a, int64:?', frozen(/ranks 2 and 1/)],
]);
for (const [op, opsets] of [
  ['Scatter', [9, 10]],
  ['ScatterElements', [11, 13, 16, 18]],
] as const) {
  ruleTable(op, { opsets }, [
    ['lanes in step', { axis: 1 }, 'a 4, int64:a 3, a 3', 'a 4'],
    ['the axis that is addressed', { axis: 1 }, '2 5!, int64:2 3!, 2 3!', '2 5'],
    ['a part is written to', { axis: 1 }, '5! 4, int64:2 3, 2! 3', '5 4'],
    ['ranks differ', {}, '? a, int64:?, ? a', frozen(/ranks 2 and 1/)],
  ]);
}
ruleTable('ScatterElements', { opsets: [18] }, [
  ['the largest', { axis: 1, reduction: 'max' }, 'a 4, int64:a 3, a 3', 'a 4'],
  ['added', { axis: 1, reduction: 'add' }, 'a 4, int64:a 3, a 3', 'a 4'],
]);
ruleTable('ScatterND', { opsets: [11, 13, 16, 18] }, [
  ['rows', {}, '4 a, [[1] [3]], 2 a', '4 a'],
  ['places', {}, '4 3 a, [[1 0] [3 2]], 2 a', '4 3 a'],
  ['the axes that are addressed', {}, '4! a, [[1] [3]], 2! a', '4 a'],
  ['updates that do not fit', {}, '4 a, [[1] [3]], a', frozen(/updates have rank 1/)],
]);
ruleTable('ScatterND', { opsets: [18] }, [['added', { reduction: 'add' }, '4 a, [[1] [3]], 2 a', '4 a']]);
ruleTable('TensorScatter', { opsets: [24] }, [
  ['a cache', {}, '2 h 4 d, 2 h 1 d, [1 3]', '2 h 4 d'],
  ['from the start', {}, '2 h 4 d, 2 h 3 d', '2 h 4 d'],
  ['another axis', { axis: 1, mode: 'circular' }, '2 4 h d, 2 1 h d, [1 9]', '2 4 h d'],
  ['the sequence', {}, '2 h 5! d, 2 h 3! d', '2 h 5 d'],
]);
