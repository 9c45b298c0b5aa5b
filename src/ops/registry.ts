import type { Rule } from '../lanes/rule.js';
import type { Registry } from '../lanes/walk.js';
import { branch } from './control.js';
import { conv, convTranspose } from './convolution.js';
import * as elementwise from './elementwise.js';
import * as joining from './joining.js';
import { gemm, matMul } from './matmul.js';
import * as normalization from './normalization.js';
import * as padding from './padding.js';
import { globalPool, pool } from './pooling.js';
import * as quantization from './quantization.js';
import { gru, lstm, rnn } from './recurrent.js';
import * as reduction from './reduction.js';
import * as reshaping from './reshaping.js';
import * as resizing from './resizing.js';
import * as shapes from './shapes.js';
import * as slicing from './slicing.js';

/** One operator at a range of opsets, and its rule. */
export interface Row {
  readonly domain: string;
  readonly op: string;
  /** First and last opset version of its domain. */
  readonly opsets: readonly [number, number];
  readonly rule: Rule;
}

type Entry = readonly [domain: string, ops: string, opsets: `${number}..${number | ''}`, rule: Rule];

/** Rows of one table: several operators of one rule stand in one entry, separated by blanks. */
export function table(entries: readonly Entry[]): readonly Row[] {
  return entries.flatMap(([domain, ops, opsets, rule]) => {
    const [first, last] = opsets.split('..') as [string, string];
    return ops.split(' ').map(
      (op): Row => ({
        domain,
        op,
        opsets: [Number(first), last === '' ? Number.POSITIVE_INFINITY : Number(last)],
        rule,
      }),
    );
  });
}

/** Every operator that has a rule; the list that `espalier operators` prints. Constant is read by the walk itself. */
export const rows: readonly Row[] = table([
  ['', 'Conv', '1..', conv],
  ['', 'ConvTranspose', '1..', convTranspose],
  ['', 'Gemm', '1..', gemm],
  ['', 'MatMul', '1..', matMul],

  [
    '',
    'Relu LeakyRelu Elu Selu Celu ThresholdedRelu Tanh Softsign HardSwish Mish Gelu Swish Shrink',
    '1..',
    elementwise.zeroPreserving,
  ],
  ['', 'Sin Tan Asin Atan Sinh Asinh Atanh Sign Erf', '1..', elementwise.zeroPreserving],
  ['', 'Sigmoid Softplus Exp Cos Cosh Acos IsNaN IsInf BitwiseNot', '1..', elementwise.pointwise],
  ['', 'Log Acosh', '1..', elementwise.poleAtZero],
  ['', 'Neg', '1..', elementwise.negative],
  ['', 'Abs', '1..', elementwise.absolute],
  ['', 'Floor', '1..', elementwise.floor],
  ['', 'Ceil', '1..', elementwise.ceil],
  ['', 'Round', '11..', elementwise.round],
  ['', 'Sqrt', '1..', elementwise.squareRoot],
  ['', 'Reciprocal', '1..', elementwise.reciprocal],
  ['', 'Not', '1..', elementwise.not],
  ['', 'HardSigmoid', '1..', elementwise.hardSigmoid],
  ['', 'Clip', '1..', elementwise.clip],
  ['', 'PRelu', '7..', elementwise.prelu],
  ['', 'Identity', '1..', elementwise.identity],
  ['', 'Cast', '6..', elementwise.cast],
  ['', 'CastLike', '15..', elementwise.castLike],
  ['', 'Dropout', '1..', elementwise.dropout],

  ['', 'Add', '7..', elementwise.sum],
  ['', 'Sum', '8..', elementwise.sum],
  ['', 'Sub', '7..', elementwise.difference],
  ['', 'Mul', '7..', elementwise.multiplication],
  ['', 'Div', '7..', elementwise.division],
  ['', 'Mod', '10..', elementwise.remainder],
  ['', 'Pow', '7..', elementwise.power],
  ['', 'Max', '8..', elementwise.maximum],
  ['', 'Min', '8..', elementwise.minimum],
  ['', 'Mean', '8..', elementwise.mean],
  ['', 'Or Xor BitwiseOr BitwiseXor', '7..', elementwise.disjunction],
  ['', 'And BitwiseAnd', '7..', elementwise.conjunction],
  ['', 'BitShift', '11..', elementwise.shift],
  ['', 'Less', '7..', elementwise.less],
  ['', 'LessOrEqual', '12..', elementwise.lessOrEqual],
  ['', 'Greater', '7..', elementwise.greater],
  ['', 'GreaterOrEqual', '12..', elementwise.greaterOrEqual],
  ['', 'Equal', '7..', elementwise.equality],
  ['', 'Where', '9..', elementwise.where],

  ['', 'Softmax LogSoftmax Hardmax', '1..12', normalization.softmaxFlattened],
  ['', 'Softmax LogSoftmax Hardmax', '13..', normalization.softmax],

  ['', 'BatchNormalization', '7..', normalization.batchNormalization],
  ['', 'InstanceNormalization', '6..', normalization.instanceNormalization],
  ['', 'LayerNormalization', '17..', normalization.layerNormalization],
  ['', 'RMSNormalization', '23..', normalization.layerNormalization],
  ['', 'LRN', '1..', normalization.localResponse],

  ['', 'MaxPool AveragePool', '1..', pool],
  ['', 'LpPool', '2..', pool],
  ['', 'GlobalMaxPool GlobalAveragePool', '1..', globalPool],
  ['', 'GlobalLpPool', '2..', globalPool],

  ['', 'LSTM', '7..', lstm],
  ['', 'GRU', '7..', gru],
  ['', 'RNN', '7..', rnn],

  ['', 'ReduceSum', '1..', reduction.reduceSum],
  ['', 'ReduceMean', '1..', reduction.reduceMean],
  ['', 'ReduceMax', '1..', reduction.reduceMax],
  ['', 'ReduceMin', '1..', reduction.reduceMin],
  ['', 'ReduceProd', '1..', reduction.reduceProduct],
  ['', 'ReduceL1 ReduceL2 ReduceSumSquare', '1..', reduction.reduceNorm],
  ['', 'ReduceLogSum ReduceLogSumExp', '1..', reduction.reduceLog],
  ['', 'ArgMax ArgMin', '1..', reduction.argument],

  ['', 'Reshape', '5..', reshaping.reshape],
  ['', 'Flatten', '1..', reshaping.flatten],
  ['', 'Transpose', '1..', reshaping.transpose],
  ['', 'Squeeze', '1..', reshaping.squeeze],
  ['', 'Unsqueeze', '1..', reshaping.unsqueeze],
  ['', 'Expand', '8..', reshaping.expand],
  ['', 'DepthToSpace', '1..', reshaping.depthToSpace],
  ['', 'SpaceToDepth', '1..', reshaping.spaceToDepth],

  ['', 'Concat', '4..', joining.concat],
  ['', 'Split', '2..12', joining.splitByAttribute],
  ['', 'Split', '13..', joining.splitByOperand],
  ['', 'Slice', '1..9', slicing.sliceByAttribute],
  ['', 'Slice', '10..', slicing.sliceByOperand],
  ['', 'Gather', '1..', slicing.gather],
  ['', 'GatherND', '11..', slicing.gatherNd],
  ['', 'Pad', '2..10', padding.padByAttribute],
  ['', 'Pad', '11..', padding.padByOperand],
  ['', 'Tile', '6..', padding.tile],

  ['', 'Resize', '10..10', resizing.resize10],
  ['', 'Resize', '11..', resizing.resize],
  ['', 'Upsample', '7..8', resizing.upsampleByAttribute],
  ['', 'Upsample', '9..9', resizing.resize10],

  ['', 'If', '1..', branch],

  ['', 'Shape', '1..', shapes.shape],
  ['', 'Size', '1..', shapes.size],
  ['', 'ConstantOfShape', '9..', shapes.constantOfShape],
  ['', 'Range', '11..', shapes.range],
  ['', 'CumSum', '11..', shapes.cumulative],

  ['', 'QuantizeLinear', '10..', quantization.quantizeLinear],
  ['', 'DequantizeLinear', '10..', quantization.dequantizeLinear],
  ['', 'DynamicQuantizeLinear', '11..', quantization.dynamicQuantizeLinear],
]);

const byOperator = new Map<string, Row[]>();
for (const row of rows) {
  const key = `${row.domain}:${row.op}`;
  const list = byOperator.get(key);
  if (list === undefined) byOperator.set(key, [row]);
  else list.push(row);
}

/** The rule of an operator at an opset version. */
export const registry: Registry = (domain, op, opset) =>
  byOperator.get(`${domain}:${op}`)?.find(({ opsets: [first, last] }) => first <= opset && opset <= last)
    ?.rule;
