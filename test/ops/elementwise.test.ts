import { frozen, ruleTable } from '../support/ruleTable.js';

for (const op of [
  'Relu',
  'Tanh',
  'Sigmoid',
  'Exp',
  'Abs',
  'Neg',
  'Floor',
  'Ceil',
  'Softplus',
  'Softsign',
  'Elu',
  'Selu',
  'LeakyRelu',
  'HardSigmoid',
  'Erf',
  'Sin',
  'Cos',
  'Identity',
]) {
  ruleTable(op, { opsets: [13] }, [['channels pass', {}, '? a 3', '? a 3']]);
}
for (const op of ['Gelu', 'Mish', 'HardSwish'])
  ruleTable(op, { opsets: [20] }, [['channels pass', {}, '? a 3', '? a 3']]);

for (const op of ['Add', 'Sub', 'Mul', 'Max', 'Min']) {
  ruleTable(op, { opsets: [13] }, [
    ['two branches are one', {}, '? a 3, ? a 3', '? a 3'],
    ['a vector along the last axis', {}, '? 3 a, a', '? 3 a'],
    ['a column for each channel', {}, '? a 3, a 1', '? a 3'],
    ['a broadcast 1 is coupled with nothing', {}, '? a 3, ? 1 3', '? a 3'],
    ['each from one side', {}, 'a 1, 1 b', 'a b'],
    ['lengths that do not fit', {}, '? a, ? b', frozen(/lengths 5 and 7 cannot be broadcast/)],
  ]);
}
ruleTable('Div', { opsets: [13] }, [['a constant divisor', {}, '? a 3, 3', '? a 3']]);
ruleTable('Sum', { opsets: [13] }, [['three branches are one', {}, '? a 3, ? a 3, a 1', '? a 3']]);
ruleTable('PRelu', { opsets: [9, 16] }, [['a slope for each channel', {}, '? a 3, a 1', '? a 3']]);
ruleTable('Clip', { opsets: [7] }, [
  ['bounds by attribute', { min: { float: 0 }, max: { float: 6 } }, '? a 3', '? a 3'],
]);
ruleTable('Clip', { opsets: [13] }, [['no bounds', {}, '? a 3', '? a 3']]);
ruleTable('Dropout', { opsets: [7, 13] }, [['channels pass', {}, '? a 3', '? a 3']]);
ruleTable('Cast', { opsets: [9, 13] }, [['channels pass', { to: 1 }, '? a 3', '? a 3']]);
ruleTable('Shrink', { opsets: [9] }, [
  ['zero stays', { lambd: { float: 0.1 }, bias: { float: 0.2 } }, '? a 3', '? a 3'],
  ['zero does not stay', { lambd: { float: -0.1 }, bias: { float: 0.2 } }, '? a 3', '? a 3'],
]);
ruleTable('BitCast', { opsets: [26] }, [['bits pass', { to: 6 }, '? a 3', '? a 3']]);
ruleTable('SwiGLU', { opsets: [28], noKernel: true }, [['a gate', {}, '? a 3, ? a 3', '? a 3']]);
ruleTable('Dropout', { opsets: [12], inexact: true }, [
  ['in training', {}, '? a 3, float:(1), bool:(1)', '? a 3'],
]);
