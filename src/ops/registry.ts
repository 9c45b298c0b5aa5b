import { Catalogue } from '../base/catalogue.js';
import type { Rule } from '../coupling/rule.js';
import type { Registry } from '../coupling/walk.js';
import { INNER } from '../model/subgraphs.js';
import {
  activation,
  ELU,
  HARD_SIGMOID,
  HARD_SWISH,
  LEAKY_RELU,
  NOT_ZERO_AT_ZERO,
  RELU,
  SELU,
  THRESHOLDED_RELU,
  ZERO_AT_ZERO,
} from './activations.js';
import * as attention from './attention.js';
import * as blockQuantized from './blockQuantized.js';
import * as bodies from './bodies.js';
import * as casting from './casting.js';
import * as choosing from './choosing.js';
import { branch } from './control.js';
import { conv, convTranspose } from './convolution.js';
import * as dividing from './dividing.js';
import { einsum } from './einsum.js';
import * as elementwise from './elementwise.js';
import * as expansion from './expansion.js';
import * as fusedAttention from './fusedAttention.js';
import * as fusedConvolution from './fusedConvolution.js';
import * as fusedMatmul from './fusedMatmul.js';
import * as fusedNormalization from './fusedNormalization.js';
import * as fusedSums from './fusedSums.js';
import * as gathering from './gathering.js';
import * as identity from './identity.js';
import * as integer from './integer.js';
import * as joining from './joining.js';
import * as logic from './logic.js';
import { gemm, matMul } from './matmul.js';
import * as matrices from './matrices.js';
import * as normalization from './normalization.js';
import * as padding from './padding.js';
import { globalPool, maxPool, pool } from './pooling.js';
import * as qlinear from './qlinear.js';
import * as quantization from './quantization.js';
import { rankLaw } from './ranks.js';
import { dynamicQuantizeLstm, gru, lstm, rnn } from './recurrent.js';
import * as reduction from './reduction.js';
import * as reordering from './reordering.js';
import * as reshaping from './reshaping.js';
import * as resizing from './resizing.js';
import * as sampling from './sampling.js';
import * as scattering from './scattering.js';
import * as shapes from './shapes.js';
import * as slicing from './slicing.js';
import type { OperatorRow } from './table.js';
import { table } from './table.js';
import * as unary from './unary.js';
import { unfollowed } from './unfollowed.js';
import { unfollowedFused } from './unfollowedFused.js';
import * as unitAxes from './unitAxes.js';

const known = table([
  ['', 'Conv', '1..', conv],
  ['', 'ConvTranspose', '1..', convTranspose],
  ['', 'Gemm', '1..', gemm],
  ['', 'MatMul', '1..', matMul],
  ['', 'Einsum', '12..', einsum],

  ['', 'Relu', '1..', activation(RELU)],
  ['', 'LeakyRelu', '1..', activation(LEAKY_RELU)],
  ['', 'Elu', '1..', activation(ELU)],
  ['', 'Selu', '1..', activation(SELU)],
  ['', 'Tanh Softsign ScaledTanh', '1..', activation(ZERO_AT_ZERO)],
  ['', 'Sin Tan Asin Atan', '7..', unary.zeroPreserving],
  ['', 'Sinh Asinh Atanh Sign Erf', '9..', unary.zeroPreserving],
  ['', 'ThresholdedRelu', '1..', activation(THRESHOLDED_RELU)],
  ['', 'Celu', '12..', activation(ZERO_AT_ZERO)],
  ['', 'HardSwish', '14..', activation(HARD_SWISH)],
  ['', 'Mish', '18..', activation(ZERO_AT_ZERO)],
  ['', 'Gelu', '20..', activation(ZERO_AT_ZERO)],
  ['', 'Swish', '24..', activation(ZERO_AT_ZERO)],
  ['', 'Sigmoid', '1..', { ...activation(NOT_ZERO_AT_ZERO), decides: 'each' }],
  ['', 'Softplus', '1..', activation(NOT_ZERO_AT_ZERO)],
  ['', 'Exp', '1..', unary.pointwise],
  ['', 'Cos Acos', '7..', unary.pointwise],
  ['', 'Cosh', '9..', unary.pointwise],
  ['', 'IsNaN', '9..', unary.property],
  ['', 'IsInf', '10..', unary.property],
  ['', 'BitwiseNot', '18..', unary.pointwise],
  ['', 'ParametricSoftplus', '1..', unary.pointwise],
  ['', 'Affine', '1..', unary.affine],
  ['', 'Log', '1..', unary.poleAtZero],
  ['', 'Acosh', '9..', unary.poleAtZero],
  ['', 'Neg', '1..', unary.negative],
  ['', 'Abs', '1..', unary.absolute],
  ['', 'Floor', '1..', unary.floor],
  ['', 'Ceil', '1..', unary.ceil],
  ['', 'Round', '11..', unary.round],
  ['', 'Sqrt', '1..', unary.squareRoot],
  ['', 'Reciprocal', '1..', unary.reciprocal],
  ['', 'Not', '1..', logic.not],
  ['', 'HardSigmoid', '1..', activation(HARD_SIGMOID)],
  ['', 'Shrink', '9..', unary.shrink],
  ['', 'Clip', '1..', unary.clip],
  ['', 'PRelu', '1..', elementwise.prelu],
  ['', 'SwiGLU', '28..', elementwise.gated],
  ['', 'Identity', '1..', identity.identity],
  ['', 'Cast', '1..', casting.cast],
  ['', 'CastLike', '15..', casting.castLike],
  ['', 'BitCast', '26..', casting.bitCast],
  ['', 'Dropout', '1..', identity.dropout],

  ['', 'Add', '1..', elementwise.sum],
  ['', 'Sum', '1..', elementwise.sum],
  ['', 'Sub', '1..', elementwise.difference],
  ['', 'Mul', '1..', elementwise.multiplication],
  ['', 'Div', '1..', dividing.division],
  ['', 'Mod', '10..', dividing.remainder],
  ['', 'Pow', '1..', elementwise.power],
  ['', 'Max', '1..', elementwise.maximum],
  ['', 'Min', '1..', elementwise.minimum],
  ['', 'Mean', '1..', elementwise.mean],
  ['', 'Or', '1..', logic.or],
  ['', 'Xor', '1..', logic.xor],
  ['', 'BitwiseOr BitwiseXor', '18..', logic.disjunction],
  ['', 'And', '1..', logic.and],
  ['', 'BitwiseAnd', '18..', logic.conjunction],
  ['', 'BitShift', '11..', elementwise.shift],
  ['', 'Less', '1..', logic.less],
  ['', 'LessOrEqual', '12..', logic.lessOrEqual],
  ['', 'Greater', '1..', logic.greater],
  ['', 'GreaterOrEqual', '12..', logic.greaterOrEqual],
  ['', 'Equal', '1..', logic.equality],
  ['', 'Where', '9..', elementwise.where],

  ['', 'Softmax LogSoftmax Hardmax', '1..12', normalization.softmaxFlattened],
  ['', 'Softmax LogSoftmax Hardmax', '13..', normalization.softmax],

  ['', 'BatchNormalization', '1..', normalization.batchNormalization],
  ['', 'InstanceNormalization', '1..', normalization.instanceNormalization],
  ['', 'LayerNormalization', '1..', normalization.layerNormalization],
  ['', 'SimplifiedLayerNormalization', '1..', normalization.layerNormalization],
  ['', 'RMSNormalization', '23..', normalization.layerNormalization],
  ['', 'GroupNormalization', '18..20', normalization.groupNormalizationOfGroups],
  ['', 'GroupNormalization', '21..', normalization.groupNormalization],
  ['', 'MeanVarianceNormalization', '9..', normalization.meanVariance],
  ['', 'LpNormalization', '1..', normalization.lpNormalization],
  ['', 'LRN', '1..', normalization.localResponse],

  ['', 'MaxPool', '1..', maxPool],
  ['', 'AveragePool LpPool', '1..', pool],
  ['', 'GlobalMaxPool GlobalAveragePool GlobalLpPool', '1..', globalPool],

  ['', 'LSTM', '1..', lstm],
  ['', 'GRU', '1..', gru],
  ['', 'RNN', '1..', rnn],

  ['', 'ReduceSum', '1..', reduction.reduceSum],
  ['', 'ReduceMean', '1..', reduction.reduceMean],
  ['', 'ReduceMax', '1..', reduction.reduceMax],
  ['', 'ReduceMin', '1..', reduction.reduceMin],
  ['', 'ReduceProd', '1..', reduction.reduceProduct],
  ['', 'ReduceL1 ReduceL2 ReduceSumSquare', '1..', reduction.reduceNorm],
  ['', 'ReduceLogSum', '1..', reduction.reduceLogSum],
  ['', 'ReduceLogSumExp', '1..', reduction.reduceLogSumExp],
  ['', 'ArgMax ArgMin', '1..', reduction.argument],

  ['', 'Reshape', '1..', reshaping.reshape],
  ['', 'Flatten', '1..', reshaping.flatten],
  ['', 'Transpose', '1..', reordering.transpose],
  ['', 'Squeeze', '1..', unitAxes.squeeze],
  ['', 'Unsqueeze', '1..', unitAxes.unsqueeze],
  ['', 'Expand', '8..', expansion.expand],
  ['', 'DepthToSpace', '1..', reordering.depthToSpace],
  ['', 'SpaceToDepth', '1..', reordering.spaceToDepth],

  ['', 'Concat', '1..', joining.concat],
  ['', 'Split', '1..1', joining.splitOfOldest],
  ['', 'Split', '2..12', joining.splitByAttribute],
  ['', 'Split', '13..', joining.splitByOperand],
  ['', 'Slice', '1..9', slicing.sliceByAttribute],
  ['', 'Slice', '10..', slicing.sliceByOperand],
  ['', 'Gather', '1..', gathering.gather],
  ['', 'GatherND', '11..', gathering.gatherNd],
  ['', 'GatherElements', '11..', scattering.gatherElements],
  ['', 'Scatter', '9..10', scattering.scatterElements],
  ['', 'ScatterElements', '11..', scattering.scatterElements],
  ['', 'ScatterND', '11..', scattering.scatterNd],
  ['', 'TensorScatter', '24..', scattering.tensorScatter],
  ['', 'Pad', '1..1', padding.padByOldAttribute],
  ['', 'Pad', '2..10', padding.padByAttribute],
  ['', 'Pad', '11..', padding.padByOperand],
  ['', 'Tile', '1..5', padding.tileOneAxis],
  ['', 'Tile', '6..', padding.tile],

  ['', 'TopK', '1..', choosing.topK],
  ['', 'OneHot', '9..', choosing.oneHot],
  ['', 'Compress', '9..', choosing.compress],
  ['', 'ReverseSequence', '10..', choosing.reverseSequence],
  ['', 'Trilu', '14..', choosing.triangle],
  ['', 'EyeLike', '9..', choosing.eyeLike],
  ['', 'Det', '11..', choosing.determinant],
  ['', 'DFT', '17..', choosing.fourier],
  ['', 'RandomNormalLike RandomUniformLike', '1..', choosing.randomLike],
  ['', 'Bernoulli', '15..', choosing.randomLike],
  ['', 'RandomNormal RandomUniform', '1..', choosing.randomOfShape],

  ['', 'RoiAlign', '10..', sampling.roiAlign],
  ['', 'MaxRoiPool', '1..', sampling.maxRoiPool],
  ['', 'GridSample', '16..', sampling.gridSample],
  ['', 'AffineGrid', '20..', sampling.affineGrid],
  ['', 'Col2Im', '18..', sampling.columnsToImage],
  ['', 'DeformConv', '19..', sampling.deformConv],
  ['', 'MaxUnpool', '9..', sampling.maxUnpool],
  ['', 'CenterCropPad', '18..', sampling.centerCropPad],
  ['', 'Crop', '1..', sampling.crop],
  ['', 'ImageScaler', '1..', sampling.imageScaler],
  ['', 'NonMaxSuppression', '10..', sampling.nonMaxSuppression],

  ['', 'Resize', '10..10', resizing.resize10],
  ['', 'Resize', '11..', resizing.resize],
  ['', 'Upsample', '1..6', resizing.upsampleOfImage],
  ['', 'Upsample', '7..8', resizing.upsampleByAttribute],
  ['', 'Upsample', '9..9', resizing.resize10],

  ['', 'If', '1..', branch],
  ['', 'Loop', '1..', bodies.loop],
  ['', 'Scan', '9..', bodies.scan],

  ['', 'Shape', '1..', shapes.shape],
  ['', 'Size', '1..', shapes.size],
  ['', 'ConstantOfShape', '9..', shapes.constantOfShape],
  ['', 'Range', '11..', shapes.range],
  ['', 'CumSum', '11..', shapes.cumulativeSum],
  ['', 'CumProd', '26..', shapes.cumulativeProduct],

  ['', 'QuantizeLinear', '10..', quantization.quantizeLinear],
  ['', 'DequantizeLinear', '10..', quantization.dequantizeLinear],
  ['', 'DynamicQuantizeLinear', '11..', quantization.dynamicQuantizeLinear],
  ['', 'QLinearConv', '10..', integer.qlinearConv],
  ['', 'ConvInteger', '10..', integer.convInteger],
  ['', 'QLinearMatMul', '10..', integer.qlinearMatMul],
  ['', 'MatMulInteger', '10..', integer.matMulInteger],
  ['com.microsoft', 'QuantizeLinear', '1..', quantization.quantizeLinear],
  ['com.microsoft', 'DequantizeLinear', '1..', quantization.dequantizeLinear],
  ['com.microsoft', 'QLinearConv', '1..', integer.qlinearConv],
  ['com.microsoft', 'MatMulIntegerToFloat', '1..', integer.matMulIntegerToFloat],
  ['com.microsoft', 'DynamicQuantizeLSTM', '1..', dynamicQuantizeLstm],
  ['com.microsoft', 'DynamicQuantizeMatMul', '1..', integer.dynamicQuantizeMatMul],
  ['com.microsoft', 'QGemm', '1..', integer.qgemm],
  ['com.microsoft', 'QLinearAdd', '1..', qlinear.qlinearAdd],
  ['com.microsoft', 'QLinearMul', '1..', qlinear.qlinearMul],
  ['com.microsoft', 'QLinearWhere', '1..', qlinear.qlinearWhere],
  ['com.microsoft', 'QLinearConcat', '1..', qlinear.qlinearConcat],
  ['com.microsoft', 'QLinearLeakyRelu', '1..', qlinear.qlinearLeakyRelu],
  ['com.microsoft', 'QLinearSigmoid', '1..', qlinear.qlinearSigmoid],
  ['com.microsoft', 'QLinearSoftmax', '1..', qlinear.qlinearSoftmax],
  ['com.microsoft', 'QLinearAveragePool', '1..', qlinear.qlinearAveragePool],
  ['com.microsoft', 'QLinearGlobalAveragePool', '1..', qlinear.qlinearGlobalPool],
  ['com.microsoft', 'QLinearReduceMean', '1..', qlinear.qlinearReduceMean],
  ['com.microsoft', 'MatMulNBits', '1..', blockQuantized.matMulNBits],
  ['com.microsoft', 'MatMulBnb4', '1..', blockQuantized.matMulBnb4],
  ['com.microsoft', 'GatherBlockQuantized', '1..', blockQuantized.gatherBlockQuantized],

  ['', 'Attention', '23..', attention.attention],
  ['', 'RotaryEmbedding', '23..', attention.rotaryEmbedding],

  ['com.microsoft', 'Attention', '1..', fusedAttention.packedAttention],
  ['com.microsoft', 'MultiHeadAttention', '1..', fusedAttention.multiHeadAttention],
  ['com.microsoft', 'GroupQueryAttention', '1..', fusedAttention.groupQueryAttention],
  ['com.microsoft', 'RotaryEmbedding', '1..', attention.rotaryEmbeddingOfPositions],
  [
    'com.microsoft',
    'LayerNormalization SimplifiedLayerNormalization',
    '1..',
    normalization.layerNormalization,
  ],
  ['com.microsoft', 'SkipLayerNormalization', '1..', fusedNormalization.skipLayerNormalization],
  [
    'com.microsoft',
    'SkipSimplifiedLayerNormalization',
    '1..',
    fusedNormalization.skipSimplifiedLayerNormalization,
  ],
  ['com.microsoft', 'EmbedLayerNormalization', '1..', fusedNormalization.embedLayerNormalization],
  ['com.microsoft', 'GroupNorm SkipGroupNorm', '1..', fusedNormalization.fusedGroupNorm],
  ['com.microsoft', 'Gelu QuickGelu', '1..', activation(ZERO_AT_ZERO)],
  ['com.microsoft', 'BiasGelu FastGelu', '1..', fusedSums.biasGelu],
  ['com.microsoft', 'BiasAdd', '1..', fusedSums.biasAdd],
  ['com.microsoft', 'BiasDropout', '1..', fusedSums.biasDropout],
  ['com.microsoft', 'BiasSplitGelu', '1..', fusedSums.biasSplitGelu],
  ['com.microsoft', 'BiasSoftmax', '1..', fusedSums.biasSoftmax],
  ['com.microsoft', 'FusedMatMul TransposeMatMul FusedMatMulActivation', '1..', fusedMatmul.fusedMatMul],
  ['com.microsoft', 'FusedGemm', '1..', fusedMatmul.fusedGemm],
  ['com.microsoft', 'GemmFastGelu', '1..', fusedMatmul.gemmFastGelu],
  ['com.microsoft', 'FusedConv', '1..', fusedConvolution.fusedConv],
  ['com.microsoft', 'NhwcFusedConv', '1..', fusedConvolution.nhwcFusedConv],
  ['com.microsoft', 'NhwcMaxPool', '1..', fusedConvolution.nhwcPool],
  ['com.microsoft', 'Trilu', '1..', matrices.wholeAtTheEnd(2, true)],
  ['com.microsoft', 'Inverse', '1..', matrices.wholeAtTheEnd(2, false)],
  ['com.microsoft', 'CDist', '1..', matrices.distances],
  ['com.microsoft', 'Pad', '1..', padding.padByOperand],
  ['com.microsoft', 'ExpandDims', '1..', unitAxes.unsqueeze],
  ['com.microsoft', 'GatherND', '1..', gathering.gatherNd],

  ...unfollowed,
  ...unfollowedFused,
]);

/** Every operator that is known; the list that `espalier operators` prints. Constant is read by the walk itself. */
export const rows: readonly OperatorRow[] = known.map((row) => {
  const ranks = rankLaw(row.domain, row.op);
  return ranks === undefined ? row : { ...row, rule: { ...row.rule, ranks } };
});

/** Domains whose rules are the package's own, and the domain of nodes that no file has. */
const ownDomains: ReadonlySet<string> = new Set([...rows.map(({ domain }) => domain), 'ai.onnx', INNER]);

/** Whether the rules of a domain are the package's own, so that none can be registered. */
export const isOwnDomain = (domain: string): boolean => ownDomains.has(domain);

/** These, and what was registered beside them. */
export const operatorCatalogue = new Catalogue<OperatorRow>(rows);

type ByOperator = ReadonlyMap<string, readonly OperatorRow[]>;

function byOperator(all: readonly OperatorRow[]): ByOperator {
  const found = new Map<string, OperatorRow[]>();
  for (const row of all) {
    const key = `${row.domain}:${row.op}`;
    const list = found.get(key);
    if (list === undefined) found.set(key, [row]);
    else list.push(row);
  }
  return found;
}

const ruleIn = (found: ByOperator, domain: string, op: string, opset: number): Rule | undefined =>
  found.get(`${domain}:${op}`)?.find(({ opsets: [first, last] }) => first <= opset && opset <= last)?.rule;

const own = byOperator(rows);

/** The package's own rows of an operator, by their versions. */
export const rowsOf = (domain: string, op: string): readonly OperatorRow[] =>
  own.get(`${domain}:${op}`) ?? [];

/** Rules of the nodes that reading a file puts in front of the bodies of loops: they give each round what it begins with. */
const inner: Readonly<Record<string, Rule>> = { LoopBody: bodies.loopBody, ScanBody: bodies.scanBody };

/** The package's own rule of an operator at an opset version. */
export const registry: Registry = (domain, op, opset) =>
  (domain === INNER ? inner[op] : undefined) ?? ruleIn(own, domain, op, opset);

/** The row of an operator that there is already at one of these versions, registered ones too. */
export const overlapping = ({
  domain,
  op,
  opsets: [first, last],
}: Omit<OperatorRow, 'rule'>): OperatorRow | undefined =>
  byOperator(operatorCatalogue.all)
    .get(`${domain}:${op}`)
    ?.find(({ opsets }) => opsets[0] <= last && first <= opsets[1]);

/** The rules that there are now, registered ones too. What is registered later is not among them. */
export function registryNow(): Registry {
  const { registered } = operatorCatalogue;
  if (registered.length === 0) return registry;
  const added = byOperator(registered);
  return (domain, op, opset) => registry(domain, op, opset) ?? ruleIn(added, domain, op, opset);
}
