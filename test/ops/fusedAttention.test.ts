import { frozen, ruleTable } from '../support/ruleTable.js';

const SCALE = { scale: { float: 0.5 } };
const own = { opsets: [17], domain: 'com.microsoft' };

ruleTable('Attention', own, [
  [
    'bias, scale, sizes',
    { num_heads: 3, qkv_hidden_sizes: [6, 6, 15], ...SCALE },
    '? ? i, i 2*h*d+h*k, 2*h*d+h*k',
    '? ? h*k',
  ],
  ['equal sizes', { num_heads: 3, ...SCALE }, '? ? i, i 2*h*d+h*p, 2*h*d+h*p', '? ? h*p'],
  ['causal', { num_heads: 3, unidirectional: 1, ...SCALE }, '? ? i, i 2*h*d+h*p, 2*h*d+h*p', '? ? h*p'],
  ['present', { num_heads: 3, ...SCALE }, '? ? i, i 3*h*d, 3*h*d', '? ? h*d, 2 ? h ? d'],
  ['no heads', {}, '? ? i, i 3*h*d', frozen(/heads/)],
]);

ruleTable('MultiHeadAttention', own, [
  ['three projections', { num_heads: 3, ...SCALE }, '? ? h*d, ? ? h*d, ? ? h*k', '? ? h*k'],
  ['the default scale', { num_heads: 3 }, '? ? h*2, ? ? h*2, ? ? h*k', '? ? h*k'],
  [
    'bias of all three',
    { num_heads: 3, ...SCALE },
    '? ? h*d, ? ? h*d, ? ? h*k, 2*h*d+h*k',
    '? ? h*k, ? h ? d, ? h ? k',
  ],
  ['keys and values of a cache', { num_heads: 3, ...SCALE }, '? ? h*d, ? h ? d, ? h ? d', '? ? h*d'],
  [
    'bias of scores for each head',
    { num_heads: 3, ...SCALE },
    '? ? h*d, ? ? h*d, ? ? h*k, -, -, 1 h 4 4',
    '? ? h*k',
  ],
  ['rows that a weight made', { num_heads: 3, ...SCALE }, '1 n h*d, 1 ? h*d, 1 ? h*k', '1 n h*k'],
  [
    'heads that do not divide',
    { num_heads: 4 },
    '? ? a, ? ? a, ? ? a',
    frozen(/5 units do not divide into 4 heads/),
  ],
]);

ruleTable('MultiHeadAttention', { ...own, noKernel: true }, [
  ['packed', { num_heads: 3, ...SCALE }, '? ? h 3 d', '? ? h*d'],
  ['packed with bias', { num_heads: 3, ...SCALE }, '? ? h 3 d, -, -, 3*h*d', '? ? h*d'],
  ['packed keys and values', { num_heads: 3, ...SCALE }, '? ? h*d, ? ? h 2 d', '? ? h*d'],
]);

ruleTable('RotaryEmbedding', own, [
  ['heads apart', {}, '? h ? 2*d, [0], 4 d, 4 d', '? h ? 2*d'],
  ['interleaved', { num_heads: 3, interleaved: 1 }, '? ? h*d*2, [0], 4 d, 4 d', '? ? h*d*2'],
  ['heads by the cosines', { interleaved: 1 }, '? ? h*d*2, [0], 4 d, 4 d', '? ? h*d*2'],
  [
    'a part of the dims',
    { num_heads: 3, rotary_embedding_dim: 4, interleaved: 1 },
    '? h ? d*2+k, [0], 4 d, 4 d',
    '? h ? d*2+k',
  ],
]);
