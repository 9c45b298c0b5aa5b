import { ruleTable } from '../support/ruleTable.js';

ruleTable('BatchNormalization', { opsets: [9, 14, 15], positive: true }, [
  ['channels', {}, '? a 3 3, a, a, a, a', '? a 3 3'],
]);
ruleTable('InstanceNormalization', { opsets: [7, 22] }, [['channels', {}, '? a 5 5, a, a', '? a 5 5']]);
ruleTable('LayerNormalization', { opsets: [17], inexact: true }, [
  ['the last axis', {}, '? s a, a, a', '? s a'],
  ['two axes', { axis: 1 }, '? s a, s a, s a', '? s a'],
]);
ruleTable('LRN', { opsets: [13], inexact: true }, [['channels', { size: 3 }, '? a 3 3', '? a 3 3']]);

for (const op of ['Softmax', 'LogSoftmax']) {
  ruleTable(op, { opsets: [13] }, [
    ['another axis', { axis: 2 }, '? a 3', '? a 3'],
    ['the axis of the lanes', { axis: 1 }, '? 5 3', '? 5 3'],
  ]);
  ruleTable(op, { opsets: [11] }, [['all axes from `axis` on', { axis: 2 }, '? a 3 2', '? a 3 2']]);
}
