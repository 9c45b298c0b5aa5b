import { frozen, ruleTable } from '../support/ruleTable.js';

const SCALE = { scale: { float: 0.5 } };

ruleTable('Attention', { opsets: [23, 24] }, [
  ['heads apart', SCALE, '? h ? d, ? h ? d, ? h ? k', '? h ? k'],
  ['merged heads', { q_num_heads: 3, kv_num_heads: 3, ...SCALE }, '? ? h*d, ? ? h*d, ? ? h*k', '? ? h*k'],
  ['shared keys', SCALE, '? h*p ? d, ? h ? d, ? h ? k', '? h*p ? k'],
  [
    'shared keys, merged',
    { q_num_heads: 6, kv_num_heads: 3, ...SCALE },
    '? ? h*p*d, ? ? h*d, ? ? h*k',
    '? ? h*p*k',
  ],
  ['one key head for all', { q_num_heads: 3, kv_num_heads: 1, ...SCALE }, '? ? h*d, ? ? d, ? ? k', '? ? h*k'],
  [
    'the default scale, which is then written',
    { q_num_heads: 3, kv_num_heads: 3 },
    '? ? h*d, ? ? h*d, ? ? h*k',
    '? ? h*k',
  ],
  ['a mask for each head', SCALE, '? h ? d, ? h ? d, ? h ? k, h 4 4', '? h ? k'],
  ['a mask for all', SCALE, '? h ? d, ? h ? d, ? h ? k, 4 4', '? h ? k'],
  ['no heads', SCALE, '? ? a, ? ? a, ? ? a', frozen(/rank 3 and no q_num_heads/)],
  [
    'query heads that do not share',
    SCALE,
    '? 7 ? d, ? h ? d, ? h ? k',
    frozen(/7 query heads do not share 3 key heads/),
  ],
]);

ruleTable('RotaryEmbedding', { opsets: [23] }, [
  // Pairs are 5, so that they are not taken for the two of a pair.
  ['heads apart', {}, '? h ? 2*k, 4 4 k, 4 4 k', '? h ? 2*k'],
  ['interleaved', { num_heads: 3, interleaved: 1 }, '? ? h*k*2, 4 4 k, 4 4 k', '? ? h*k*2'],
  ['interleaved, heads apart', { interleaved: 1 }, '? h ? k*2, 4 4 k, 4 4 k', '? h ? k*2'],
  [
    'a part of the dims',
    { num_heads: 3, rotary_embedding_dim: 10 },
    '? h ? 2*k+m, 4 4 k, 4 4 k',
    '? h ? 2*k+m',
  ],
  ['an odd number of dims', {}, '? h ? k, 4 4 k, 4 4 k', frozen(/turns 5 dims in pairs/)],
]);
