import type { NodeRanks, RankLaw } from '../coupling/rankLaw.js';

/**
 * Values of one rank: `x0` is operand 0, `y0` output 0, `x*` and `y*` all of them; `:3` states the rank. Several texts are
 * several such equations.
 */
export function alike(...equations: readonly string[]): RankLaw {
  const parsed = equations.map((text) => {
    const [places, stated] = text.split(':') as [string, string | undefined];
    return { places: places.split(' '), rank: stated === undefined ? undefined : Number(stated) };
  });
  return (ranks) => {
    for (const { places, rank } of parsed) {
      const all = places.flatMap((place) => placesOf(ranks, place));
      const known = rank ?? all.map(({ get }) => get()).find((own) => own !== undefined);
      if (known !== undefined) for (const { set } of all) set(known);
    }
  };
}

interface Place {
  get(): number | undefined;
  set(rank: number): void;
}

function placesOf(ranks: NodeRanks, place: string): Place[] {
  const isInput = place.startsWith('x');
  const of = (index: number): Place =>
    isInput
      ? { get: () => ranks.input(index), set: (rank) => ranks.setInput(index, rank) }
      : { get: () => ranks.output(index), set: (rank) => ranks.setOutput(index, rank) };
  if (place.endsWith('*')) return (isInput ? ranks.node.inputs : ranks.node.outputs).map((_, i) => of(i));
  return [of(Number(place.slice(1)))];
}

/** A law by which output 0 has a number of axes more than operand 0; undefined where the number is not known. */
const shifted =
  (by: (ranks: NodeRanks) => number | undefined): RankLaw =>
  (ranks) => {
    const more = by(ranks);
    if (more === undefined) return;
    const [x, y] = [ranks.input(0), ranks.output(0)];
    if (x !== undefined) for (const i of ranks.node.outputs.keys()) ranks.setOutput(i, x + more);
    if (y !== undefined) ranks.setInput(0, y - more);
  };

/** The rank of output 0 alone. */
const gives =
  (rank: (ranks: NodeRanks) => number | undefined): RankLaw =>
  (ranks) =>
    ranks.setOutput(0, rank(ranks));

const both =
  (...laws: readonly RankLaw[]): RankLaw =>
  (ranks) => {
    for (const law of laws) law(ranks);
  };

/** Broadcasting of these operands, of all by default: the largest rank is the result's. */
const broadcasts =
  (...operands: readonly number[]): RankLaw =>
  (ranks) => {
    const places = operands.length > 0 ? operands : [...ranks.node.inputs.keys()];
    const known = places.map((i) => ranks.input(i));
    const most = Math.max(...known.map((rank) => rank ?? 0));
    const open = places.filter((_, i) => known[i] === undefined);
    if (open.length === 0) ranks.setOutput(0, most);
    const y = ranks.output(0);
    if (y !== undefined && open.length === 1 && most < y) ranks.setInput(open[0]!, y);
  };

/** A product of matrices, leading axes broadcast: a [… m k], b [… k n]; of a vector the one axis leaves. */
const multiplies =
  (left: number, right: number): RankLaw =>
  (ranks) => {
    const [a, b] = [ranks.input(left), ranks.input(right)];
    if (a !== undefined && b !== undefined)
      ranks.setOutput(0, Math.max(a, b) - (a === 1 ? 1 : 0) - (b === 1 && a !== 1 ? 1 : 0));
    const y = ranks.output(0);
    const other = (known: number | undefined, set: (rank: number) => void): void => {
      if (y === undefined || known === undefined) return;
      if (known === 1) set(y + 1);
      else if (known === 2 || known < y) set(y);
    };
    if (a === undefined) other(b, (rank) => ranks.setInput(left, rank));
    if (b === undefined) other(a, (rank) => ranks.setInput(right, rank));
  };

/** How many axes an attribute names, or an operand; undefined where neither says. */
function axesCount({ node, count }: NodeRanks, operand = 1): number | undefined {
  const { axes } = node.attributes;
  if (axes?.type === 'ints') return axes.value.length;
  return (node.inputs[operand] ?? '') === '' ? undefined : count(operand);
}

const intOf = ({ node }: NodeRanks, name: string, otherwise: number): number => {
  const attribute = node.attributes[name];
  return attribute?.type === 'int' ? attribute.value : otherwise;
};

const lengthOf = ({ node }: NodeRanks, name: string): number | undefined => {
  const attribute = node.attributes[name];
  return attribute?.type === 'ints' ? attribute.value.length : undefined;
};

const reduces: RankLaw = (ranks) => {
  if (intOf(ranks, 'keepdims', 1) !== 0) return alike('x0 y0')(ranks);
  const named = axesCount(ranks);
  if (named !== undefined && named > 0) shifted(() => -named)(ranks);
  else if (ranks.node.attributes.axes === undefined && (ranks.node.inputs[1] ?? '') === '')
    if (intOf(ranks, 'noop_with_empty_axes', 0) === 0) ranks.setOutput(0, 0);
};

const argument: RankLaw = (ranks) => shifted(() => (intOf(ranks, 'keepdims', 1) !== 0 ? 0 : -1))(ranks);

const transposes: RankLaw = both(alike('x0 y0'), (ranks) => ranks.setOutput(0, lengthOf(ranks, 'perm')));

/** Indices take the place of the axis that they choose from. */
const gathers: RankLaw = (ranks) => {
  const [x, indices, y] = [ranks.input(0), ranks.input(1), ranks.output(0)];
  if (x !== undefined && indices !== undefined) ranks.setOutput(0, x + indices - 1);
  if (y !== undefined && indices !== undefined) ranks.setInput(0, y - indices + 1);
  if (y !== undefined && x !== undefined) ranks.setInput(1, y - x + 1);
};

const expands: RankLaw = (ranks) => {
  const [x, stated, y] = [ranks.input(0), ranks.count(1), ranks.output(0)];
  if (x !== undefined && stated !== undefined) ranks.setOutput(0, Math.max(x, stated));
  if (y !== undefined && stated !== undefined && stated < y) ranks.setInput(0, y);
};

/** Letters of the equation, where none stands for several axes. */
const einsum: RankLaw = (ranks) => {
  const { equation } = ranks.node.attributes;
  if (equation?.type !== 'string') return;
  const [operands = '', result] = equation.value.replaceAll(' ', '').split('->') as [string, string?];
  const letters = (term: string): number | undefined => (term.includes('.') ? undefined : term.length);
  for (const [i, term] of operands.split(',').entries()) ranks.setInput(i, letters(term));
  if (result !== undefined) ranks.setOutput(0, letters(result));
};

const unchanged = alike('x0 y*');
const channelsFirst = alike('x0 x1 y0');
const recurrent = alike('x0 x1 x2 x5 x6 y1 y2:3', 'y0:4');

const MICROSOFT = 'com.microsoft';

/** Ranks by operator; one that is missing says nothing of ranks, or depends on data. */
const laws: readonly (readonly [domain: string, ops: string, law: RankLaw])[] = [
  ['', 'Conv ConvTranspose ConvInteger', channelsFirst],
  ['', 'DeformConv', alike('x0 x1 x2 x4 y0')],
  ['', 'QLinearConv', alike('x0 x3 y0')],
  ['', 'Gemm', alike('x0 x1 y0:2')],
  ['', 'MatMul MatMulInteger', multiplies(0, 1)],
  ['', 'QLinearMatMul', multiplies(0, 3)],
  ['', 'Einsum', einsum],
  ['', 'LSTM GRU RNN', recurrent],

  ['', 'Relu LeakyRelu Elu Selu Tanh Softsign Sin Tan Asin Atan Sinh Asinh Atanh Sign Erf', unchanged],
  ['', 'ThresholdedRelu Celu HardSwish Mish Gelu Swish Sigmoid Softplus Exp Cos Acos Cosh', unchanged],
  ['', 'IsNaN IsInf BitwiseNot Log Acosh Neg Abs Floor Ceil Round Sqrt Reciprocal Not', unchanged],
  ['', 'HardSigmoid Shrink Clip PRelu Identity Cast CastLike BitCast Dropout', unchanged],
  ['', 'Softmax LogSoftmax Hardmax LRN MeanVarianceNormalization LpNormalization', unchanged],
  ['', 'InstanceNormalization GroupNormalization LayerNormalization RMSNormalization', alike('x0 y0')],
  ['', 'SimplifiedLayerNormalization BatchNormalization', alike('x0 y0')],
  ['', 'MaxPool AveragePool LpPool GlobalMaxPool GlobalAveragePool GlobalLpPool', unchanged],
  ['', 'Slice Pad Tile Split Resize Upsample ReverseSequence Trilu EyeLike CumSum CumProd', unchanged],
  ['', 'Affine ParametricSoftplus ScaledTanh Crop ImageScaler', unchanged],
  ['', 'CenterCropPad DFT RandomNormalLike RandomUniformLike Bernoulli TopK', unchanged],
  ['', 'ScatterND QuantizeLinear DequantizeLinear Attention RotaryEmbedding', alike('x0 y0')],
  ['', 'DynamicQuantizeLinear', alike('x0 y0', 'y1 y2:0')],
  ['', 'GatherElements GridSample MaxUnpool TensorScatter', channelsFirst],
  ['', 'Scatter ScatterElements', alike('x0 x1 x2 y0')],
  ['', 'Concat', alike('x* y0')],
  ['', 'Add Sum Sub Mul Div Mod Pow Max Min Mean Or Xor And BitwiseOr BitwiseXor BitwiseAnd', broadcasts()],
  ['', 'BitShift Less LessOrEqual Greater GreaterOrEqual Equal Where SwiGLU', broadcasts()],
  ['', 'ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare', reduces],
  ['', 'ReduceLogSum ReduceLogSumExp', reduces],
  ['', 'ArgMax ArgMin', argument],

  ['', 'Reshape', gives((ranks) => lengthOf(ranks, 'shape') ?? ranks.count(1))],
  ['', 'Flatten', alike('y0:2')],
  ['', 'Transpose', transposes],
  ['', 'Squeeze', shifted((ranks) => (axesCount(ranks) === undefined ? undefined : -axesCount(ranks)!))],
  ['', 'Unsqueeze', shifted((ranks) => axesCount(ranks))],
  ['', 'Expand', expands],
  ['', 'DepthToSpace SpaceToDepth', alike('x0 y0:4')],
  ['', 'Gather', gathers],
  ['', 'OneHot', shifted(() => 1)],
  ['', 'Compress', (ranks) => (ranks.node.attributes.axis === undefined ? alike('y0:1') : unchanged)(ranks)],
  ['', 'Det', shifted(() => -2)],
  ['', 'RoiAlign', alike('x0 y0:4', 'x1:2', 'x2:1')],
  ['', 'MaxRoiPool', alike('x0 y0:4', 'x1:2')],
  [
    '',
    'AffineGrid',
    both(
      alike('x0:3'),
      gives(({ count }) => count(1)),
    ),
  ],
  [
    '',
    'Col2Im',
    both(
      alike('x0:3'),
      gives((ranks) => more(ranks.count(1), 2)),
    ),
  ],
  ['', 'NonMaxSuppression', alike('x0 x1:3', 'y0:2')],

  ['', 'ConstantOfShape', gives(({ count }) => count(0))],
  ['', 'RandomNormal RandomUniform', gives((ranks) => lengthOf(ranks, 'shape'))],
  ['', 'Shape Range', alike('y0:1')],
  ['', 'Size', alike('y0:0')],
  ['', 'NonZero', alike('y0:2')],
  ['', 'Multinomial', alike('x0 y0:2')],
  ['', 'STFT', alike('y0:4')],
  ['', 'HannWindow HammingWindow BlackmanWindow', alike('y0:1')],
  ['', 'MelWeightMatrix', alike('y0:2')],
  ['', 'ImageDecoder', alike('y0:3')],

  [MICROSOFT, 'QuantizeLinear DequantizeLinear MatMulNBits MatMulBnb4', alike('x0 y0')],
  [MICROSOFT, 'QLinearConv', alike('x0 x3 y0')],
  [MICROSOFT, 'QGemm', alike('x0 x3 y0:2')],
  [MICROSOFT, 'FusedGemm', alike('x0 x1 y0:2')],
  [MICROSOFT, 'FusedConv NhwcFusedConv', channelsFirst],
  [MICROSOFT, 'MatMulIntegerToFloat DynamicQuantizeMatMul', multiplies(0, 1)],
  [MICROSOFT, 'FusedMatMul TransposeMatMul FusedMatMulActivation', multiplies(0, 1)],
  [MICROSOFT, 'QLinearAdd QLinearMul', broadcasts(0, 3)],
  [MICROSOFT, 'QLinearLeakyRelu QLinearSigmoid QLinearSoftmax', alike('x0 y0')],
  [MICROSOFT, 'QLinearAveragePool QLinearGlobalAveragePool NhwcMaxPool', alike('x0 y0')],
  [MICROSOFT, 'GatherBlockQuantized', gathers],
  [MICROSOFT, 'DynamicQuantizeLSTM', recurrent],
  [MICROSOFT, 'LayerNormalization SimplifiedLayerNormalization RotaryEmbedding', alike('x0 y0')],
  [MICROSOFT, 'SkipLayerNormalization SkipSimplifiedLayerNormalization', alike('x0 x1 y0')],
  [MICROSOFT, 'GroupNorm SkipGroupNorm Pad Trilu Inverse', alike('x0 y0')],
  [MICROSOFT, 'Gelu QuickGelu BiasGelu FastGelu BiasAdd BiasSplitGelu BiasSoftmax', alike('x0 y0')],
  [MICROSOFT, 'Attention', alike('x0 y0:3')],
  [MICROSOFT, 'EmbedLayerNormalization MultiHeadAttention GroupQueryAttention', alike('y0:3')],
];

const more = (count: number | undefined, by: number): number | undefined =>
  count === undefined ? undefined : count + by;

const byOperator = new Map(
  laws.flatMap(([domain, ops, law]) => ops.split(' ').map((op) => [`${domain}:${op}`, law] as const)),
);

/** What the ranks around an operator's node say of each other, if anything. */
export const rankLaw = (domain: string, op: string): RankLaw | undefined => byOperator.get(`${domain}:${op}`);
