import { frozen, ruleTable } from '../support/ruleTable.js';

ruleTable('MatMul', { opsets: [9, 13] }, [
  ['matrix and weight', {}, '? a, a b', '? b'],
  ['batched', {}, '? n a, a b', '? n b'],
  ['both batched', {}, '? n s a, ? n a b', '? n s b'],
  ['vector and matrix', {}, 'a, a b', 'b'],
  ['matrix and vector', {}, '? a, a', '?'],
  ['contracted with data', {}, '? 4, 4 b', '? b'],
]);

ruleTable('Gemm', { opsets: [11, 13] }, [
  ['plain', {}, '? a, a b', '? b'],
  ['transB with bias', { transB: 1 }, '? a, b a, b', '? b'],
  ['transA', { transA: 1 }, 'a 3, a b', '3 b'],
  ['bias of rows', {}, 'n a, a b, n 1', 'n b'],
  ['rank 3', {}, '? n a, a b', frozen(/rank 3, not 2/)],
]);
