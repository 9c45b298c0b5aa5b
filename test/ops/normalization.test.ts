import { frozen, ruleTable } from '../support/ruleTable.js';

ruleTable('BatchNormalization', { opsets: [9, 14, 15], positive: true }, [
  ['channels', {}, '? a 3 3, a, a, a, a', '? a 3 3'],
]);
ruleTable('BatchNormalization', { opsets: [14, 15], positive: true }, [
  ['training mode', { training_mode: 1 }, '? a 3 3, a, a, a, a', '? a 3 3, a, a'],
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

ruleTable('GroupNormalization', { opsets: [18] }, [
  ['parameters of groups', { num_groups: 3 }, '? g*a 4, g, g', '? g*a 4'],
  ['channels do not divide', { num_groups: 2 }, '? a 4, 2, 2', frozen(/5 channels do not divide into 2/)],
]);
ruleTable('GroupNormalization', { opsets: [18], inexact: true }, [
  ['one group', { num_groups: 1 }, '? a 4, 1, 1', '? a 4'],
]);
ruleTable('GroupNormalization', { opsets: [21] }, [
  ['parameters of channels', { num_groups: 3 }, '? g*a 4, g*a, g*a', '? g*a 4'],
  ['a group for each channel', { num_groups: 5 }, '? a 4 3, a, a', '? a 4 3'],
]);
ruleTable('MeanVarianceNormalization', { opsets: [9, 13], inexact: true }, [
  ['over batch and space', {}, '2 a 4 3', '2 a 4 3'],
  ['over lanes', { axes: [1] }, '2 a 4', '2 a 4'],
]);
ruleTable('LpNormalization', { opsets: [7, 22] }, [
  ['over lanes', { axis: 1 }, '2 a 4', '2 a 4'],
  ['over another axis, by absolute values', { p: 1 }, '2 a 4', '2 a 4'],
]);
