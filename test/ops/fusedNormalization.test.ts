import { ruleTable } from '../support/ruleTable.js';

const own = { opsets: [17], domain: 'com.microsoft', inexact: true };

ruleTable('SkipLayerNormalization', own, [
  ['skip, scale, offset, bias', {}, '? ? a, ? ? a, a, a, a', '? ? a, ? ? 1, ? ? 1, ? ? a'],
  ['no bias', {}, '? ? a, ? ? a, a, a', '? ? a'],
]);
ruleTable('SkipSimplifiedLayerNormalization', own, [
  ['skip, scale, bias', {}, '? ? a, ? ? a, a, a', '? ? a, ? ? 1, ? ? 1, ? ? a'],
]);
for (const domain of ['', 'com.microsoft']) {
  ruleTable('SimplifiedLayerNormalization', { ...own, domain }, [['scale', {}, '? ? a, a', '? ? a']]);
  ruleTable('LayerNormalization', { ...own, domain }, [['scale and offset', {}, '? ? a, a, a', '? ? a']]);
}
ruleTable('EmbedLayerNormalization', own, [
  ['three tables', {}, '? ?, ? ?, 7 a, 6 a, 2 a, a, a', '? ? a, ?, ? ? a'],
  ['no segments', {}, '? ?, -, 7 a, 6 a, -, a, a', '? ? a'],
]);
ruleTable('GroupNorm', own, [
  ['channels last', { groups: 3, activation: 1 }, '? 4 4 h*k, h*k, h*k', '? 4 4 h*k'],
  ['channels first', { groups: 3, activation: 0, channels_last: 0 }, '? h*k 4 4, h*k, h*k', '? h*k 4 4'],
]);
ruleTable('SkipGroupNorm', own, [
  [
    'skip and bias',
    { groups: 3, activation: 1 },
    '? 4 4 h*k, h*k, h*k, ? 4 4 h*k, h*k',
    '? 4 4 h*k, ? 4 4 h*k',
  ],
  ['skip without space', { groups: 3, activation: 1 }, '? 4 4 h*k, h*k, h*k, ? h*k', '? 4 4 h*k'],
]);
