import { frozen, ruleTable } from '../support/ruleTable.js';

ruleTable('Reshape', { opsets: [7, 13, 14] }, [
  ['flattened', {}, '? a 3 2, [0 -1]', '? a*6'],
  ['flattened by number', {}, '? a 3 2, [-1 30]', '? a*6'],
  ['split into a product', {}, '? s h*d, [0 0 3 2]', '? s h d'],
  ['merged', {}, '? h d s, [0 6 5]', '? h*d s'],
  ['split the other way round', {}, '? a*g, [0 5 3]', '? a g'],
  ['ones come and go', {}, '? a 1 3, [0 1 5 3 1]', '? 1 a 3 1'],
  ['lengths that no lane has', {}, '? a 4 9, [0 0 6 6]', '? a 6 6'],
]);
ruleTable('Flatten', { opsets: [9, 13] }, [
  ['from axis 1', {}, '? a 3', '? a*3'],
  ['from axis 2', { axis: 2 }, '1 a 3 2', 'a 6'],
]);
ruleTable('Transpose', { opsets: [7, 13] }, [
  ['moved', { perm: [0, 2, 1] }, '? a s', '? s a'],
  ['reversed by default', {}, 'a s 3', '3 s a'],
]);
ruleTable('Squeeze', { opsets: [11] }, [['by attribute', { axes: [2] }, '? a 1 3', '? a 3']]);
ruleTable('Squeeze', { opsets: [13] }, [['by operand', {}, '? a 1 3, [2]', '? a 3']]);
ruleTable('Unsqueeze', { opsets: [11] }, [['by attribute', { axes: [0, 3] }, '? a', '1 ? a 1']]);
ruleTable('Unsqueeze', { opsets: [13] }, [['by operand', {}, '? a, [1 -1]', '? 1 a 1']]);
ruleTable('DepthToSpace', { opsets: [11, 13] }, [
  ['DCR', { blocksize: 2 }, '? 4*a 3 3', '? a 6 6'],
  ['CRD', { blocksize: 2, mode: 'CRD' }, '? a*4 3 3', '? a 6 6'],
  ['channels do not divide', { blocksize: 2 }, '? a 3 3', frozen(/5 channels are no multiple of 2²/)],
]);
ruleTable('SpaceToDepth', { opsets: [7, 13] }, [['blocks', { blocksize: 2 }, '? a 4 6', '? 4*a 2 3']]);
ruleTable('Expand', { opsets: [8, 13] }, [['a batch of one', {}, '1 a 3, [2 1 1]', 'd a 3']]);
ruleTable('SpaceToDepth', { opsets: [28], noKernel: true }, [
  ['channels first', { blocksize: 2, mode: 'CRD' }, '? a 4 6', '? a*4 2 3'],
]);
