import { describe, expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import { prunesExactly } from '../support/exact.js';
import type { AttributeSpec, ModelSpec, NodeSpec, TensorSpec, ValueSpec } from '../support/onnx.js';
import { encodeModel, floats, integers } from '../support/onnx.js';
import { random } from '../support/random.js';
import { frozen, ruleTable } from '../support/ruleTable.js';

const size = { hidden_size: 3 };
const both = { ...size, direction: 'bidirectional' };

ruleTable('LSTM', { opsets: [7, 14, 22] }, [
  ['forward', size, '? ? i, 1 4*h i, 1 4*h h, 1 8*h', '? 1 ? h, 1 ? h, 1 ? h'],
  ['without bias', size, '? ? i, 1 4*h i, 1 4*h h', '? 1 ? h, 1 ? h, 1 ? h'],
  ['reverse', { ...size, direction: 'reverse' }, '? ? i, 1 4*h i, 1 4*h h, 1 8*h', '? 1 ? h, 1 ? h, 1 ? h'],
  ['both directions', both, '? ? i, 2 4*h i, 2 4*h h, 2 8*h', '? 2 ? h, 2 ? h, 2 ? h'],
  ['input and forget gate coupled', { ...size, input_forget: 1 }, '? ? i, 1 4*h i, 1 4*h h', '? 1 ? h'],
  ['clipped', { ...size, clip: { float: 0.3 } }, '? ? i, 1 4*h i, 1 4*h h, 1 8*h', '? 1 ? h'],
  ['data that no weight made', size, '? ? 4, 1 4*h 4, 1 4*h h', '? 1 ? h'],
  [
    'peepholes and initial states',
    both,
    '? b i, 2 4*h i, 2 4*h h, 2 8*h, -, 2 b h, 2 b h, 2 3*h',
    '? 2 b h, 2 b h, 2 b h',
  ],
  ['initial state that no weight made', size, '? 2 i, 1 12 i, 1 12 3, -, -, 1 2 3', '? 1 2 3'],
  ['sequence with lanes', size, '5 ? i, 1 4*h i, 1 4*h h', '5 1 ? h'],
  ['rank 2', size, '? i, 1 4*h i, 1 4*h h', frozen(/operand 0 has rank 2, not 3/)],
  ['rows that are no gates', size, '? ? i, 1 3*h i, 1 4*h h', frozen(/9 rows are not 4 gates of 3/)],
  ['directions differ', both, '? ? i, 1 4*h i, 1 4*h h', frozen(/1 directions, not 2/)],
]);

ruleTable('GRU', { opsets: [7, 14, 22] }, [
  ['forward', size, '? ? i, 1 3*h i, 1 3*h h, 1 6*h', '? 1 ? h, 1 ? h'],
  [
    'reset before the product',
    { ...size, linear_before_reset: 1 },
    '? ? i, 1 3*h i, 1 3*h h, 1 6*h',
    '? 1 ? h',
  ],
  ['reverse', { ...size, direction: 'reverse' }, '? ? i, 1 3*h i, 1 3*h h', '? 1 ? h'],
  ['both directions', both, '? ? i, 2 3*h i, 2 3*h h, 2 6*h', '? 2 ? h, 2 ? h'],
  ['initial state', both, '? b i, 2 3*h i, 2 3*h h, 2 6*h, -, 2 b h', '? 2 b h, 2 b h'],
]);

ruleTable('RNN', { opsets: [7, 14, 22] }, [
  ['forward', size, '? ? i, 1 h i, 1 h h, 1 2*h', '? 1 ? h, 1 ? h'],
  ['reverse', { ...size, direction: 'reverse' }, '? ? i, 1 h i, 1 h h', '? 1 ? h'],
  ['both directions', both, '? ? i, 2 h i, 2 h h, 2 2*h', '? 2 ? h, 2 ? h'],
  ['initial state', size, '? b i, 1 h i, 1 h h, 1 2*h, -, 1 b h', '? 1 b h, 1 b h'],
  ['of relus', { ...size, activations: ['Relu'] }, '? ? i, 1 h i, 1 h h, 1 2*h', '? 1 ? h, 1 ? h'],
]);
