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
