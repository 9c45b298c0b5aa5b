import { describe, expect, test } from 'vitest';
import type { PlannedGroup } from '../../src/index.js';
import { openBytes } from '../../src/native/index.js';
import { encodeModel, type GraphSpec, type ModelSpec } from '../support/onnx.js';
import { QuantisedModel } from '../support/quantised.js';
import { datasetFor, error, feedsFor, HALF, prune, times } from './refits.js';

/** Four lanes, and four that are these again, each a multiple. */
const LANES = 8;

/** y of data h and a weight [8, 6] (of a convolution [6, 8, 3, 3]), in some form. */
type Form = (m: QuantisedModel, h: string) => string;

const values = (m: QuantisedModel, numbers: readonly number[], dims: readonly number[]): string => {
  const name = m.floats(dims);
  m.initializers.push({ ...m.initializers.pop()!, data: Float32Array.from(numbers) });
  return name;
};

const scales = (m: QuantisedModel, dims: readonly number[]): string =>
  m.floats(dims, () => 0.004 * (1.5 + m.next()));

const plainly =
  (weight: (m: QuantisedModel) => string): Form =>
  (m, h) =>
    m.node('MatMul', [h, weight(m)]);

const cast = (m: QuantisedModel, integers: string): string => m.node('Cast', [integers], { to: 1 });

/** As onnxruntime's dynamic quantisation writes it. */
function dynamic(m: QuantisedModel, h: string, op: string, w: string, scale: string): string {
  const [x, by, point] = m.nodes_('DynamicQuantizeLinear', [h], 3) as [string, string, string];
  const product = m.node(op, [x, w, point, m.tensor('int8', [], [0])]);
  return m.node('Mul', [cast(m, product), m.node('Mul', [by, scale])]);
}

const FORMS: Readonly<Record<string, Form>> = {
  'Cast and Mul, a scale for each output': plainly((m) =>
    m.node('Mul', [cast(m, m.integers('int8', [LANES, 6])), scales(m, [1, 6])]),
  ),
  'Cast and Mul, the scale first, one for each input': plainly((m) =>
    m.node('Mul', [scales(m, [LANES, 1]), cast(m, m.integers('int8', [LANES, 6]))]),
  ),
  'Cast, Sub and Mul, zero points as integers': plainly((m) => {
    const points = cast(m, m.integers('uint8', [6]));
    return m.node('Mul', [m.node('Sub', [cast(m, m.integers('uint8', [LANES, 6])), points]), scales(m, [6])]);
  }),
  'Cast, Sub and Mul, zero points between integers': plainly((m) => {
    const points = values(m, [120.25, 127.5, 131, 99.75, 140.5, 128], [6]);
    return m.node('Mul', [m.node('Sub', [cast(m, m.integers('uint8', [LANES, 6])), points]), scales(m, [6])]);
  }),
  'Cast and Mul, transposed': plainly((m) => {
    const numbers = m.node('Mul', [cast(m, m.integers('int8', [6, LANES])), scales(m, [6, 1])]);
    return m.node('Transpose', [numbers], { perm: [1, 0] });
  }),
  'DequantizeLinear of 4 bits': plainly((m) =>
    m.node('DequantizeLinear', [m.integers('int4', [LANES, 6]), m.scale(0.05)]),
  ),
  'DequantizeLinear in blocks': plainly((m) =>
    m.node('DequantizeLinear', [m.integers('int8', [LANES, 6]), scales(m, [LANES, 3])], {
      ...{ axis: 1, block_size: 2 },
    }),
  ),
  'DequantizeLinear with a scale in half precision': plainly((m) => {
    const by = m.scale();
    // 0.0078125, as float16 has it.
    m.initializers.push({ ...m.initializers.pop()!, data: Uint16Array.of(0x2000) });
    const half = m.node('DequantizeLinear', [m.integers('int8', [LANES, 6]), by]);
    return m.node('Cast', [half], { to: 1 });
  }),
  MatMulInteger: (m, h) =>
    dynamic(m, h, 'MatMulInteger', m.integers('int8', [LANES, 6]), values(m, [0.01], [])),
  'MatMulInteger, a scale for each output': (m, h) =>
    dynamic(m, h, 'MatMulInteger', m.integers('int8', [LANES, 6]), scales(m, [6])),
  'MatMulInteger and its bias': (m, h) =>
    m.node('Add', [
      m.floats([6]),
      dynamic(m, h, 'MatMulInteger', m.integers('int8', [LANES, 6]), scales(m, [6])),
    ]),
  DynamicQuantizeMatMul: (m, h) =>
    m.contrib('DynamicQuantizeMatMul', [h, m.integers('int8', [LANES, 6]), scales(m, [6])]),
  MatMulIntegerToFloat: (m, h) => {
    const [x, by, point] = m.nodes_('DynamicQuantizeLinear', [h], 3) as [string, string, string];
    const w = m.integers('int8', [LANES, 6]);
    return m.contrib('MatMulIntegerToFloat', [x, w, by, scales(m, [6]), point, '', m.floats([6])]);
  },
};

/** What answers in integers itself: its data quantised once for all, and what it answers dequantised. */
const ANSWERING: Readonly<Record<string, Form>> = {
  QLinearMatMul: (m, h) => {
    const to = answer(m);
    const y = m.node('QLinearMatMul', [...m.quantised(h, 0, 0.1), ...m.weight([LANES, 6], INT8), ...to]);
    return m.node('DequantizeLinear', [y, ...to]);
  },
  QGemm: (m, h) => {
    const to = answer(m);
    const weight = m.weight([6, LANES], { ...INT8, axis: 0 });
    const operands = [...m.quantised(h, 0, 0.1), ...weight, m.integers('int32', [6]), ...to];
    return m.node('DequantizeLinear', [m.contrib('QGemm', operands, { transB: 1 }), ...to]);
  },
  'QGemm that answers in floats': (m, h) => {
    const operands = [...m.quantised(h, 0, 0.1), ...m.weight([LANES, 6], INT8), m.integers('int32', [6])];
    return m.contrib('QGemm', operands);
  },
};

const INT8 = { dtype: 'int8' } as const;

/** Scale and zero point of what is answered. */
const answer = (m: QuantisedModel): readonly [string, string] => [
  m.scale(0.25),
  m.tensor('uint8', [], [128]),
];

/** QLinearConv with one scale or many, with a bias or without. */
const convolved =
  (each: boolean, biased: boolean): Form =>
  (m, h) => {
    const to = answer(m);
    const weight = m.weight([6, LANES, 3, 3], each ? { ...INT8, axis: 0 } : INT8);
    const bias = biased ? [m.integers('int32', [6])] : [];
    const y = m.node('QLinearConv', [...m.quantised(h, 0, 0.1), ...weight, ...to, ...bias]);
    return m.node('DequantizeLinear', [y, ...to]);
  };

/** The form in a branch that samples take. The other one knows a weight of floats. */
const inBranch =
  (form: Form, conv: boolean): Form =>
  (m, h) => {
    const plain = m.floats(conv ? [6, LANES, 3, 3] : [LANES, 6]);
    const low = m.floats([], () => -1);
    const most = m.node('ReduceMax', [h], { keepdims: 0 });
    const condition = m.node('Greater', [most, low]);
    const [nodes, tensors] = [m.nodes.length, m.initializers.length];
    const output = form(m, h);
    const taken = { nodes: m.nodes.splice(nodes), initializers: m.initializers.splice(tensors) };
    const other = m.node(conv ? 'Conv' : 'MatMul', [h, plain]);
    const rest = { nodes: m.nodes.splice(nodes), initializers: [] };
    const graph = (own: typeof taken, name: string): GraphSpec => ({
      ...{ ...own, inputs: [] },
      outputs: [{ name, shape: conv ? ['n', 6, 2, 2] : ['n', 6] }],
    });
    return m.node('If', [condition], {
      then_branch: graph(taken, output),
      else_branch: graph(rest, other),
    });
  };

/** x [n 12] (or [n 3 6 6]) -> 8 lanes -> ReLU -> the form. */
function modelOf(form: Form, conv: boolean): ModelSpec {
  const m = new QuantisedModel(23, 21);
  const inner = conv ? 3 * 9 : 12;
  const rows = Array.from({ length: HALF }, () => Array.from({ length: inner }, m.next));
  const biases = Array.from({ length: HALF }, m.next);
  const lanes = Array.from({ length: LANES }, (_, lane) => lane);
  const row = (lane: number): number[] => rows[lane % HALF]!.map((value) => value * times(lane));
  const bias = values(
    m,
    lanes.map((lane) => biases[lane % HALF]! * times(lane)),
    [LANES],
  );
  const w = values(m, lanes.flatMap(row), conv ? [LANES, 3, 3, 3] : [LANES, inner]);
  const h = conv ? m.node('Conv', ['x', w, bias]) : m.node('Gemm', ['x', w, bias], { transB: 1 });
  const y = form(m, m.node('Relu', [h]));
  return m.model([{ name: 'x', shape: conv ? ['n', 3, 6, 6] : ['n', 12] }], y, []);
}

async function lanesComeBack(model: ModelSpec, quanta: number): Promise<void> {
  const data = datasetFor(model, 256);
  const { plan, bytes } = await prune(model, { ratio: 0.5, data });
  const [{ kept }] = plan.groups as readonly [PlannedGroup];
  expect(kept.map((lane) => lane % HALF).sort()).toEqual([0, 1, 2, 3]);
  const feeds = feedsFor(model, 64, 9);
  const cut = await prune(model, { ratio: 0.5, data, reconstruct: false });
  expect(await error(model, bytes, feeds)).toBeLessThan(quanta);
  expect(await error(model, bytes, feeds)).toBeLessThan(0.1 * (await error(model, cut.bytes, feeds)));
  // Integers stay the integers that they were, of the same type.
  const types = async (own: Uint8Array): Promise<string[]> =>
    (await openBytes(own))
      .describe()
      .tensors.flatMap(({ dtype }) => (/^u?int(4|8)$/.test(dtype) ? [dtype] : []));
  expect(await types(bytes)).toEqual(await types(encodeModel(model)));
}

describe('what other lanes give is given back by integers in every form', () => {
  for (const [name, form] of Object.entries(FORMS)) {
    const quanta = name.includes('4 bits') ? 1e-2 : 1e-3;
    test(name, () => lanesComeBack(modelOf(form, false), quanta));
    test(`${name}, in a branch`, () => lanesComeBack(modelOf(inBranch(form, false), false), quanta));
  }

  for (const [name, form] of Object.entries(ANSWERING)) {
    test(name, () => lanesComeBack(modelOf(form, false), 3e-3));
    test(`${name}, in a branch`, () => lanesComeBack(modelOf(inBranch(form, false), false), 3e-3));
  }

  for (const [each, biased] of [
    [true, true],
    [false, true],
    [true, false],
    [false, false],
  ] as const)
    test(`QLinearConv, ${each ? 'a scale for each output' : 'one scale'}, ${biased ? 'with' : 'without'} a bias`, () =>
      lanesComeBack(modelOf(convolved(each, biased), true), 3e-3));

  test('QLinearConv behind QLinearConv, of which no float is a value of the graph', async () => {
    const form: Form = (m, h) => {
      const between = [m.scale(0.2), m.tensor('uint8', [], [0])];
      const [first, second] = [m.weight([16, LANES, 1, 1], INT8), m.weight([6, 16, 1, 1], INT8)];
      const bias = [m.integers('int32', [16])];
      const a = m.node('QLinearConv', [...m.quantised(h, 0, 0.1), ...first, ...between, ...bias]);
      const to = [m.scale(0.5), m.tensor('uint8', [], [128])];
      return m.node('DequantizeLinear', [
        m.node('QLinearConv', [a, ...between, ...second, ...to, m.integers('int32', [6])]),
        ...to,
      ]);
    };
    const model = modelOf(form, true);
    const [data, feeds] = [datasetFor(model, 256), feedsFor(model, 64, 9)];
    const [refitted, cut] = [
      await prune(model, { ratio: 0.5, data }),
      await prune(model, { ratio: 0.5, data, reconstruct: false }),
    ];
    expect(await error(model, refitted.bytes, feeds)).toBeLessThan(
      0.3 * (await error(model, cut.bytes, feeds)),
    );
  });

  for (const each of [true, false])
    test(`ConvInteger, ${each ? 'a scale for each output' : 'one scale'}`, () => {
      const form: Form = (m, h) => {
        const scale = each ? scales(m, [6, 1, 1]) : values(m, [0.01], []);
        const y = dynamic(m, h, 'ConvInteger', m.integers('int8', [6, LANES, 3, 3]), scale);
        return m.node('Add', [y, m.floats([1, 6, 1, 1])]);
      };
      return lanesComeBack(modelOf(form, true), 1e-3);
    });

  // Rounded down, a bias is off by up to a quantum of the product of both scales.
  for (const each of [true, false])
    test(`ConvInteger and a bias in units of both scales, ${each ? 'a scale for each output' : 'one scale'}`, async () => {
      const form: Form = (m, h) => {
        const scale = each ? scales(m, [6, 1, 1]) : values(m, [0.01], []);
        const [x, by, point] = m.nodes_('DynamicQuantizeLinear', [h], 3) as [string, string, string];
        const both = m.node('Mul', [by, scale]);
        const units = m.node('Floor', [m.node('Div', [m.floats(each ? [6, 1, 1] : [6]), both])]);
        const added = m.node('Reshape', [m.node('Cast', [units], { to: 6 }), m.ints([1, 6, 1, 1])]);
        const w = m.integers('int8', [6, LANES, 3, 3]);
        const product = m.node('ConvInteger', [x, w, point, m.tensor('int8', [], [0])]);
        const sum = m.node('Add', [product, added]);
        return m.node('Mul', [cast(m, sum), m.node('Mul', [by, scale])]);
      };
      await lanesComeBack(modelOf(form, true), 1e-3);
      await lanesComeBack(modelOf(inBranch(form, true), true), 1e-3);
    });

  test('ConvInteger without a bias is given one', async () => {
    const form: Form = (m, h) =>
      dynamic(m, h, 'ConvInteger', m.integers('int8', [6, LANES, 3, 3]), values(m, [0.01], [1]));
    await lanesComeBack(modelOf(form, true), 1e-3);
    await lanesComeBack(modelOf(inBranch(form, true), true), 1e-3);
  });
});

test("a scale that layers share, read where a bias is added behind, is each layer's own afterwards", async () => {
  const m = new QuantisedModel(5, 21);
  const s = m.floats([], () => 0.01);
  const dense = (h: string, dims: readonly number[]): string => {
    const [x, by, point] = m.nodes_('DynamicQuantizeLinear', [h], 3) as [string, string, string];
    const product = m.node('MatMulInteger', [x, m.integers('int8', dims), point, m.tensor('int8', [], [0])]);
    return m.node('Mul', [m.node('Mul', [m.node('Cast', [product], { to: 1 }), by]), s]);
  };
  const h = m.node('Relu', [dense('x', [12, 16])]);
  const model = m.model(
    [{ name: 'x', shape: ['n', 12] }],
    dense(m.node('Relu', [dense(h, [16, 16])]), [16, 5]),
    [],
  );
  const data = datasetFor(model, 128);
  const refitted = await prune(model, { ratio: 0.5, data });
  const cut = await prune(model, { ratio: 0.5, data, reconstruct: false });
  const feeds = feedsFor(model, 64, 9);
  expect(await error(model, refitted.bytes, feeds)).toBeLessThan(
    0.7 * (await error(model, cut.bytes, feeds)),
  );
});
