import { frozen, ruleTable } from '../support/ruleTable.js';

ruleTable('Einsum', { opsets: [12, 18] }, [
  ['a product of matrices', { equation: 'ij,jk->ik' }, '? a, a b', '? b'],
  ['the weight first', { equation: 'oc,bcs->bos' }, 'b a, ? a 3', '? b 3'],
  ['scores of heads', { equation: 'bhqd, bhkd -> bhqk' }, '? h 4 a, ? h 3 a', '? h 4 3'],
  ['heads and dimensions in one product', { equation: 'bshd,hdm->bsm' }, '? 2 h d, h d m', '? 2 m'],
  ['axes that are broadcast', { equation: '...d,de->...e' }, '? n a, a b', '? n b'],
  ['without an arrow', { equation: 'ba,ac' }, '? a, a b', '? b'],
  ['without an arrow, sorted', { equation: 'bc,ab' }, 'a b, ? a', '? b'],
  ['an outer product', { equation: 'i,j->ij' }, 'a, b', 'a b'],
  ['three factors', { equation: 'bi,ij,jk->bk' }, '? a, a b, b c', '? c'],
  ['one operand, moved', { equation: 'bij->bji' }, '? a 3', '? 3 a'],
  ['one operand, summed', { equation: 'bij->bj' }, '? a b', '? b'],
  ['a diagonal', { equation: 'bii->bi' }, '? a a', '? a'],
  ['two diagonals', { equation: 'ii,i->i' }, 'a a, a', 'a'],
  ['element by element', { equation: 'bi,bi->bi' }, '? a, ? a', '? a'],
  ['too few letters', { equation: 'ij,jk->ik' }, '? 2 a, a b', frozen(/rank 3, its term 2 letters/)],
  ['too few terms', { equation: 'ij->ij' }, '? a, a b', frozen(/1 terms for 2 operands/)],
  ['a letter of no operand', { equation: 'ij->ik' }, '? a', frozen(/letter "k" of no operand/)],
  ['what cannot be read', { equation: 'i1->i' }, '? a', frozen(/"i1" cannot be read/)],
]);
