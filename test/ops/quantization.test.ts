import { expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import { prunesExactly } from '../support/exact.js';
import type { AttributeSpec, ModelSpec } from '../support/onnx.js';
import { encodeModel } from '../support/onnx.js';
import type { Storage } from '../support/quantised.js';
import { QuantisedModel } from '../support/quantised.js';

const IMAGE = [{ name: 'x', shape: ['n', 3, 6, 6] }] as const;
const ROWS = [{ name: 'x', shape: ['n', 6] }] as const;

/** Lanes of each group, and whether they are exact. */
async function groupsOf(spec: ModelSpec): Promise<readonly string[]> {
  using model = await openModel(encodeModel(spec));
  return model.inspect().groups.map(({ lanes, exact }) => `${lanes}${exact ? '' : ' inexact'}`);
}

async function pruneAll(spec: ModelSpec, groups: readonly string[]): Promise<void> {
  expect(await groupsOf(spec)).toEqual(groups);
  for (const seed of [1, 2, 3]) expect(await prunesExactly(spec, seed), `seed ${seed}`).toBe(true);
}

const STORAGES: readonly (readonly [string, Storage, Storage])[] = [
  ['int8, one scale', { dtype: 'int8' }, { dtype: 'int8' }],
  ['int8 about 3, one scale', { dtype: 'int8', zeroPoint: 3 }, { dtype: 'int8', zeroPoint: 3 }],
  ['uint8, one scale', { dtype: 'uint8', zeroPoint: 121 }, { dtype: 'uint8', zeroPoint: 121 }],
  ['int8, a scale for each channel', { dtype: 'int8', axis: 0 }, { dtype: 'int8', axis: 1 }],
  [
    'uint8, a scale for each channel',
    { dtype: 'uint8', zeroPoint: 121, axis: 0 },
    { dtype: 'uint8', zeroPoint: 121, axis: 1 },
  ],
];

/** Conv, depthwise, residual, MatMul; everything between QuantizeLinear and DequantizeLinear. */
function qdqNet(seed: number, conv: Storage, matrix: Storage): ModelSpec {
  const m = new QuantisedModel(seed);
  const bias = (length: number): string =>
    m.node('DequantizeLinear', m.weight([length], { dtype: 'int32', axis: 0 }), { axis: 0 });
  const layer = (x: string, dims: readonly number[], attributes = {}): string =>
    m.rounded(m.node('Conv', [x, m.dequantised(dims, conv), bias(dims[0]!)], attributes), 120, 0.1);
  const stem = m.node('Relu', [layer(m.rounded('x'), [5, 3, 3, 3])]);
  const deep = layer(stem, [5, 1, 3, 3], { group: 5, pads: [1, 1, 1, 1] });
  const wide = layer(m.rounded(deep), [7, 5, 1, 1]);
  const back = layer(wide, [5, 7, 1, 1]);
  const sum = m.rounded(m.node('Add', [back, stem]));
  const pooled = m.node('ReduceMean', [sum], { axes: [2, 3], keepdims: 0 });
  const hidden = m.node('MatMul', [m.rounded(pooled), m.dequantised([5, 11], matrix)]);
  const y = m.node('MatMul', [m.rounded(m.node('Relu', [hidden])), m.dequantised([11, 2], matrix)]);
  return m.model(IMAGE, y, ['n', 2]);
}

for (const [name, conv, matrix] of STORAGES)
  test(`QDQ: ${name}`, () => pruneAll(qdqNet(name.length, conv, matrix), ['5', '7', '11']));

/** A convolution and what follows, all on integers. */
class OperatorNet extends QuantisedModel {
  readonly by = (point = 120, scale = 0.05): readonly [string, string] => [
    this.scale(scale),
    this.tensor('uint8', [], [point]),
  ];

  conv(
    x: readonly string[],
    dims: readonly number[],
    storage: Storage,
    attributes = {},
  ): readonly [string, string, string] {
    const y = this.by();
    const weight = this.weight(dims, storage);
    const bias = this.integers('int32', [dims[0]!]);
    return [this.node('QLinearConv', [...x, ...weight, ...y, bias], attributes), ...y];
  }

  one(
    op: string,
    x: readonly string[],
    attributes: Record<string, AttributeSpec> = {},
  ): readonly [string, string, string] {
    const y = this.by(110);
    return [this.contrib(op, [...x, ...y], attributes), ...y];
  }
}

for (const [name, storage] of STORAGES.filter(([name]) => name !== 'uint8, a scale for each channel')) {
  test(`QLinearConv and its kin: ${name}`, async () => {
    const m = new OperatorNet(name.length);
    const stem = m.conv(m.quantised('x'), [5, 3, 3, 3], storage);
    const deep = m.conv(m.one('QLinearLeakyRelu', stem), [5, 1, 3, 3], storage, {
      group: 5,
      pads: [1, 1, 1, 1],
    });
    const sum = m.one('QLinearAdd', [...deep, ...stem]);
    const gate = m.one(
      'QLinearSigmoid',
      m.conv(m.one('QLinearGlobalAveragePool', sum), [5, 5, 1, 1], storage),
    );
    const gated = m.one('QLinearMul', [...sum, ...gate]);
    const other = m.conv(gated, [7, 5, 1, 1], storage);
    const joined = m.by(99);
    const both = [m.contrib('QLinearConcat', [...joined, ...gated, ...other], { axis: 1 }), ...joined];
    const pooled = m.one('QLinearAveragePool', both, { kernel_shape: [2, 2], strides: [2, 2] });
    const last = m.conv(pooled, [2, 12, 1, 1], storage);
    const y = m.node('DequantizeLinear', last);
    await pruneAll(m.model(IMAGE, y, ['n', 2, 2, 2]), ['5', '7']);
  });
}

test('QLinearConv: zero points of their own in each channel are not exact', async () => {
  const m = new OperatorNet(1);
  const storage: Storage = { dtype: 'uint8', zeroPoint: 121, axis: 0 };
  const [stem, ...by] = m.conv(m.quantised('x'), [5, 3, 3, 3], storage);
  const last = m.conv([stem!, ...by], [2, 5, 1, 1], { dtype: 'uint8', zeroPoint: 121 });
  const spec = m.model(IMAGE, m.node('DequantizeLinear', last), ['n', 2, 4, 4]);
  expect(await groupsOf(spec)).toEqual(['5 inexact']);
});

const MATRICES: readonly (readonly [string, Storage])[] = [
  ['int8, one scale', { dtype: 'int8' }],
  ['uint8, one scale', { dtype: 'uint8', zeroPoint: 121 }],
  ['int8, a scale for each column', { dtype: 'int8', axis: 1 }],
];

for (const [name, storage] of MATRICES) {
  test(`QLinearMatMul: ${name}`, async () => {
    const m = new OperatorNet(7);
    const layer = (x: readonly string[], dims: readonly number[]): readonly string[] => {
      const y = m.by();
      return [m.node('QLinearMatMul', [...x, ...m.weight(dims, storage), ...y]), ...y];
    };
    const hidden = layer(m.quantised('x'), [6, 5]);
    const y = m.node('DequantizeLinear', layer(layer(hidden, [5, 7]), [7, 2]));
    await pruneAll(m.model(ROWS, y, ['n', 2]), ['5', '7']);
  });

  test(`MatMulInteger after DynamicQuantizeLinear: ${name}`, async () => {
    const m = new QuantisedModel(8);
    const layer = (x: string, dims: readonly number[]): string => {
      const [q, scale, point] = m.nodes_('DynamicQuantizeLinear', [x], 3);
      const [w, wScale, wPoint] = m.weight(dims, storage);
      const sum = m.node('MatMulInteger', [q!, w, point!, wPoint]);
      const scaled = m.node('Mul', [m.node('Cast', [sum], { to: 1 }), m.node('Mul', [scale!, wScale])]);
      return m.node('Add', [scaled, m.floats([dims[1]!])]);
    };
    const hidden = m.node('Relu', [layer('x', [6, 5])]);
    const y = layer(m.node('Relu', [layer(hidden, [5, 7])]), [7, 2]);
    await pruneAll(m.model(ROWS, y, ['n', 2]), ['5', '7']);
  });

  const exact = storage.zeroPoint === undefined;
  test(`DynamicQuantizeMatMul: ${name}`, async () => {
    const m = new QuantisedModel(9);
    const layer = (x: string, dims: readonly number[]): string =>
      m.contrib('DynamicQuantizeMatMul', [x, ...m.weight(dims, storage), m.floats([dims[1]!])]);
    const y = layer(m.node('Relu', [layer('x', [6, 5])]), [5, 2]);
    const spec = m.model(ROWS, y, ['n', 2]);
    if (exact) await pruneAll(spec, ['5']);
    else expect(await groupsOf(spec)).toEqual(['5 inexact']);
  });

  test(`MatMulIntegerToFloat: ${name}`, async () => {
    const m = new QuantisedModel(10);
    const layer = (x: string, dims: readonly number[]): string => {
      const [q, scale, point] = m.quantised(x);
      const [w, wScale, wPoint] = m.weight(dims, storage);
      const inputs = [q, w, scale, wScale, point, wPoint, m.floats([dims[1]!])];
      return m.contrib('MatMulIntegerToFloat', inputs);
    };
    const y = layer(m.node('Relu', [layer('x', [6, 5])]), [5, 2]);
    const spec = m.model(ROWS, y, ['n', 2]);
    if (exact) await pruneAll(spec, ['5']);
    else expect(await groupsOf(spec)).toEqual(['5 inexact']);
  });
}

for (const transB of [0, 1]) {
  test(`QGemm: transB ${transB}`, async () => {
    const m = new OperatorNet(11 + transB);
    const layer = (x: readonly string[], [k, n]: readonly [number, number], last: boolean): string[] => {
      const y = last ? [] : m.by();
      const dims = transB === 0 ? [k, n] : [n, k];
      const weight = m.weight(dims, { dtype: 'int8', axis: transB === 0 ? 1 : 0 });
      const bias = m.integers('int32', [n]);
      return [m.contrib('QGemm', [...x, ...weight, bias, ...y], { transB }), ...y];
    };
    const [y] = layer(layer(m.quantised('x'), [6, 5], false), [5, 2], true);
    await pruneAll(m.model(ROWS, y!, ['n', 2]), ['5']);
  });
}

test('ConvInteger after DynamicQuantizeLinear', async () => {
  const m = new QuantisedModel(13);
  const layer = (x: string, dims: readonly number[]): string => {
    const [q, scale, point] = m.nodes_('DynamicQuantizeLinear', [x], 3);
    const [w, wScale, wPoint] = m.weight(dims, { dtype: 'uint8', zeroPoint: 120 });
    const sum = m.node('ConvInteger', [q!, w, point!, wPoint]);
    return m.node('Mul', [m.node('Cast', [sum], { to: 1 }), m.node('Mul', [scale!, wScale])]);
  };
  const y = layer(m.node('Relu', [layer('x', [5, 3, 3, 3])]), [2, 5, 1, 1]);
  await pruneAll(m.model(IMAGE, y, ['n', 2, 4, 4]), ['5']);
});

test('DynamicQuantizeLinear of what is not zero in a removed lane is not exact', async () => {
  const m = new QuantisedModel(14);
  const hidden = m.node('Sigmoid', [m.node('MatMul', ['x', m.floats([6, 5])])]);
  const [q, scale, point] = m.nodes_('DynamicQuantizeLinear', [hidden], 3);
  const [w, wScale, wPoint] = m.weight([5, 2], { dtype: 'int8' });
  const sum = m.node('Cast', [m.node('MatMulInteger', [q!, w, point!, wPoint])], { to: 1 });
  const y = m.node('Mul', [sum, m.node('Mul', [scale!, wScale])]);
  expect(await groupsOf(m.model(ROWS, y, ['n', 2]))).toEqual(['5 inexact']);
});

test('weights quantised in the graph, with the scales that they are dequantised with', async () => {
  const m = new QuantisedModel(15);
  const weight = (dims: readonly number[]): string => {
    const by = [m.floats([dims[0]!], () => 0.02), m.integers('int8', [dims[0]!], () => 0)];
    const q = m.node('QuantizeLinear', [m.floats(dims), ...by], { axis: 0 });
    return m.node('DequantizeLinear', [q, ...by], { axis: 0 });
  };
  const stem = m.node('Conv', ['x', weight([5, 3, 3, 3])]);
  const all = m.node('ReduceL1', [m.node('Conv', [stem, weight([7, 5, 1, 1])])], { axes: [1] });
  const y = m.node('Conv', [all, weight([2, 1, 1, 1])]);
  await pruneAll(m.model(IMAGE, y, ['n', 2, 4, 4]), ['5', '7']);
});

test('a product of two activations is exact where their zero points stand', async () => {
  const m = new QuantisedModel(16);
  const side = (point: number): string =>
    m.rounded(m.node('MatMul', ['x', m.dequantised([6, 5], { dtype: 'int8', axis: 1 })]), point);
  const key = m.node('Transpose', [side(90)], { perm: [1, 0] });
  await pruneAll(m.model(ROWS, m.node('MatMul', [side(140), key]), ['n', 'n']), ['5']);
});

test("QLinearSoftmax over another axis, QLinearWhere, and ONNX Runtime's own QuantizeLinear", async () => {
  const m = new OperatorNet(17);
  const by = m.by(128);
  const hidden = m.node('MatMul', ['x', m.floats([6, 5])]);
  const q = [m.contrib('QuantizeLinear', [hidden, ...by]), ...by];
  const open = m.node('Greater', [hidden, m.floats([])]);
  const chosen = m.by(77);
  const soft = m.one('QLinearSoftmax', q, { axis: 0, opset: 13 });
  const where = m.contrib('QLinearWhere', [open, ...q, ...soft, ...chosen]);
  const real = m.contrib('DequantizeLinear', [where, ...chosen]);
  await pruneAll(m.model(ROWS, m.node('MatMul', [real, m.floats([5, 2])]), ['n', 2]), ['5']);
});

test('QLinearReduceMean: exact over other axes, inexact over lanes', async () => {
  for (const [axes, groups] of [
    [[2, 3], ['5']],
    [[1], ['5 inexact']],
  ] as const) {
    const m = new OperatorNet(18);
    const stem = m.conv(m.quantised('x'), [5, 3, 3, 3], { dtype: 'int8' });
    const mean = m.node('DequantizeLinear', m.one('QLinearReduceMean', stem, { axes, keepdims: 1 }));
    const y = m.node('Conv', [mean, m.floats([2, axes[0] === 1 ? 1 : 5, 1, 1])]);
    expect(await groupsOf(m.model(IMAGE, y, ['n', 2, 'h', 'w']))).toEqual(groups);
  }
});

for (const dtype of ['int8', 'uint8'] as const) {
  test(`scales and zero points that layers share: ${dtype}`, async () => {
    const m = new QuantisedModel(19);
    const points = m.integers(dtype, [5], () => (dtype === 'int8' ? 0 : 121));
    const scales = m.floats([5], () => 0.01 + Math.abs(m.next()) / 50);
    const layer = (x: string, inner: number, scale: string): string => {
      const by = [m.integers(dtype, [5, inner, 1, 1]), scale, points];
      return m.node('Conv', [x, m.node('DequantizeLinear', by, { axis: 0 })]);
    };
    const own = (): string => m.floats([5], () => 0.01 + Math.abs(m.next()) / 50);
    const stem = layer(layer('x', 3, own()), 5, own());
    const deep = layer(layer(stem, 5, scales), 5, scales);
    const y = m.node('Conv', [m.node('Relu', [deep]), m.floats([2, 5, 1, 1])]);
    await pruneAll(m.model(IMAGE, y, ['n', 2, 6, 6]), ['5', '5', '5', '5']);
  });
}

for (const [name, scales, zero] of [
  ['a scale for each direction', [2], 0],
  ['a scale for each column', [2, 4 * 5], 0],
  ['zero points', [2], 3],
] as const)
  test(`DynamicQuantizeLSTM: ${name}`, async () => {
    const m = new QuantisedModel(21 + scales.length);
    const weight = (dims: readonly number[]): string => m.integers('int8', dims);
    const parameters = (): readonly [string, string] => [
      m.floats(scales, () => 0.006 * (1.2 + m.next())),
      m.integers('int8', scales, () => zero),
    ];
    const rows = m.node('Relu', [m.node('MatMul', ['x', m.floats([6, 7])])]);
    const bias = m.floats([2, 8 * 5]);
    const weights = [weight([2, 7, 4 * 5]), weight([2, 5, 4 * 5]), bias, '', '', '', ''];
    const attributes = { hidden_size: 5, direction: 'bidirectional' };
    const inputs = [rows, ...weights, ...parameters(), ...parameters()];
    const states = m.contrib('DynamicQuantizeLSTM', inputs, attributes);
    const joined = m.node('ReduceMean', [states], { axes: [1], keepdims: 0 });
    const y = m.node('MatMul', [joined, m.floats([5, 2])]);
    const spec = m.model([{ name: 'x', shape: [4, 'n', 6] }], y, [4, 'n', 2]);
    if (zero === 0) await pruneAll(spec, ['7', '5']);
    else expect(await groupsOf(spec)).toEqual([]);
  });
