import { expect, test } from 'vitest';
import { ROUNDING } from '../support/exact.js';
import { frozen, ruleTable } from '../support/ruleTable.js';
import { distanceAt, groupsOf, Sheet } from '../support/sheet.js';

const own = { opsets: [17], domain: 'com.microsoft' };
const noKernel = { ...own, noKernel: true };

for (const op of ['Gelu', 'QuickGelu']) ruleTable(op, own, [['channels pass', {}, '? ? a', '? ? a']]);
for (const op of ['BiasGelu', 'FastGelu']) ruleTable(op, own, [['with a bias', {}, '? ? a, a', '? ? a']]);
ruleTable('FastGelu', own, [['no bias', {}, '? ? a', '? ? a']]);
ruleTable('BiasAdd', noKernel, [['bias and residual', {}, '? ? a, a, ? ? a', '? ? a']]);
ruleTable('BiasDropout', noKernel, [['bias and residual', {}, '? ? a, a, ? ? a', '? ? a, ? ? a']]);
ruleTable('BiasSplitGelu', noKernel, [
  ['halves', {}, '? ? 2*a, 2*a', '? ? a'],
  ['no halves', {}, '? ? a, a', frozen(/no halves/)],
]);
ruleTable('BiasSoftmax', noKernel, [
  ['heads pass', { axis: 2, is_inner_broadcast: 0 }, '? h ? ?, 1 h 1 ?', '? h ? ?'],
]);

ruleTable('FusedMatMul', own, [
  ['plain', { alpha: { float: 0.5 } }, '? n a, a b', '? n b'],
  ['b transposed', { transB: 1 }, '? n a, b a', '? n b'],
  ['a transposed', { transA: 1 }, '? a n, a b', '? n b'],
  ['both batched', { transB: 1 }, '? h n a, ? h b a', '? h n b'],
  ['batches transposed', { transBatchA: 1, transBatchB: 1 }, 'n ? h a, a ? h b', '? h n b'],
  ['batches and rows transposed', { transBatchA: 1, transA: 1 }, 'a ? h n, ? h a b', '? h n b'],
  ['vector', { transB: 1 }, 'a, b a', 'b'],
]);
ruleTable('TransposeMatMul', own, [['b transposed', { transB: 1 }, '? n a, b a', '? n b']]);
ruleTable('FusedMatMulActivation', noKernel, [
  ['b transposed', { transB: 1, activation: 'Relu' }, '? n a, b a', '? n b'],
]);
for (const activation of ['Relu', 'Sigmoid']) {
  ruleTable('FusedGemm', own, [[activation, { transB: 1, activation }, '? a, b a, b', '? b']]);
  ruleTable('FusedConv', own, [
    [activation, { activation }, '? a 9 9, b a 3 3, b', '? b 7 7'],
    [`${activation} of a sum`, { activation, group: 3 }, '? h*d 4 4, h*k d 1 1, h*k, ? h*k 4 4', '? h*k 4 4'],
  ]);
}
ruleTable('GemmFastGelu', noKernel, [['with a bias', {}, '? ? a, a b, b', '? ? b']]);
ruleTable('NhwcFusedConv', noKernel, [
  ['channels last', { activation: 'Relu' }, '? 9 9 a, b a 3 3, b, ? 7 7 b', '? 7 7 b'],
]);
ruleTable('NhwcMaxPool', noKernel, [['channels last', { kernel_shape: [2, 2] }, '? 9 9 a', '? 8 8 a']]);

ruleTable('CDist', own, [
  ['columns are zero where they leave', { metric: 'sqeuclidean' }, 'm a, k a', 'm k'],
  ['another metric', { metric: 'cosine' }, 'm a, k a', frozen(/measures by "cosine"/)],
]);
ruleTable('Trilu', own, [['batches pass', {}, 'a 3 3', 'a 3 3']]);
ruleTable('Pad', own, [['space', {}, '? a 3, [0 0 1 0 0 1]', '? a 5']]);
ruleTable('GatherND', own, [['the other axes pass', {}, '3 a, [2]', 'a']]);

for (const [op, reason] of [
  ['MoE', /order of the axes of its weights differs/],
  ['QMoE', /order of the axes of its weights differs/],
  ['NhwcConv', /order of the axes of its weight depends/],
  ['GemmFloat8', /scales belong to whole tensors/],
  ['DecoderMaskedMultiHeadAttention', /reads a cache/],
  ['Rfft', /a sum over the whole signal/],
] as const)
  ruleTable(op, own, [['stays whole', {}, '? 5!', frozen(reason)]]);

/** Only what sums over the lanes tells whether an activation leaves zero where one was removed. */
for (const [activation, exact] of [
  ['Relu', true],
  ['Sigmoid', false],
] as const) {
  test(`a sum over ${activation} of removed lanes is ${exact ? '' : 'not '}exact`, async () => {
    const s = new Sheet();
    const x = s.input('x', ['n', 4]);
    const product = s.node(
      'FusedGemm',
      [x, s.weight('w', [4, 7]), s.weight('b', [7])],
      { activation },
      'com.microsoft',
    );
    s.output(s.node('ReduceSum', [product, s.ints([1])], { keepdims: 0 }), 'y', ['n']);
    expect(await groupsOf(s.model())).toEqual([`7${exact ? '' : '!'} w/1 b/0`]);
    // What is not exact is in no plan that is compared.
    if (exact) expect(await distanceAt(s.model(), 1, [{ n: 3 }])).toBeLessThan(ROUNDING);
  });
}
