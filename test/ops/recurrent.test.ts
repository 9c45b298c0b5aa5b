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

// onnxruntime runs layout 0 only on a CPU: here layouts are compared, and nothing is run.
ruleTable('LSTM', { opsets: [14, 22], inexact: true }, [
  [
    'batch first',
    { ...both, layout: 1 },
    'b ? i, 2 4*h i, 2 4*h h, 2 8*h, -, b 2 h, b 2 h',
    'b ? 2 h, b 2 h, b 2 h',
  ],
]);
ruleTable('GRU', { opsets: [14, 22], inexact: true }, [
  ['batch first', { ...size, layout: 1 }, '? ? i, 1 3*h i, 1 3*h h, 1 6*h', '? ? 1 h, ? 1 h'],
]);
ruleTable('RNN', { opsets: [14, 22], inexact: true }, [
  ['batch first', { ...both, layout: 1 }, 'b ? i, 2 h i, 2 h h, -, -, b 2 h', 'b ? 2 h, b 2 h'],
]);

const GATES = { LSTM: 4, GRU: 3, RNN: 1 } as const;
type Op = keyof typeof GATES;
const OPS = ['LSTM', 'GRU', 'RNN'] as const;
const INPUT = 5;

const ZEROS = ['ConstantOfShape', 'Expand', 'stored'].map((made) => `zeros by ${made}` as const);

interface Wanted {
  readonly op: Op;
  readonly directions: 1 | 2;
  readonly hidden: readonly number[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  /** Initial states: of tensors of their own, or of one tensor of zeros that all layers slice, made in one of three ways. */
  readonly states?: 'stored' | (typeof ZEROS)[number];
  readonly lengths?: boolean;
  readonly peepholes?: boolean;
}

/** Layers one upon another as PyTorch exports them, between a MatMul and a MatMul. */
function stacked({ op, directions, hidden, ...more }: Wanted): ModelSpec {
  const next = random(hidden.length + directions);
  const nodes: NodeSpec[] = [];
  const initializers: TensorSpec[] = [];
  const weight = (name: string, dims: readonly number[]): string => {
    initializers.push(floats(name, dims, next));
    return name;
  };
  const node = (
    op: string,
    inputs: readonly string[],
    attributes: NodeSpec['attributes'] = {},
    count = 1,
  ) => {
    const outputs = Array.from({ length: count }, (_, i) => `${op}${nodes.length}_${i}`);
    nodes.push({ op, name: outputs[0]!, inputs, outputs, attributes });
    return outputs;
  };
  const one = (...made: Parameters<typeof node>): string => node(...made)[0]!;
  const numbers = (name: string, values: readonly number[]): string => {
    if (!initializers.some((own) => own.name === name)) initializers.push(integers(name, values));
    return name;
  };
  const zeros = (): string => {
    const dims = [directions * hidden.length, 2, hidden[0]!];
    const zero = (name: string, length: readonly number[]): TensorSpec => floats(name, length, () => 0);
    if (more.states === 'zeros by ConstantOfShape')
      return one('ConstantOfShape', [numbers('shape', dims)], { value: zero('zero', [1]) });
    initializers.push(zero('zeros', more.states === 'zeros by Expand' ? [] : dims));
    return more.states === 'zeros by Expand' ? one('Expand', ['zeros', numbers('shape', dims)]) : 'zeros';
  };
  const sliced = more.states === undefined || more.states === 'stored' ? undefined : zeros();
  let width = 6;
  let current = one('MatMul', ['x', weight('in', [INPUT, width])]);
  for (const [layer, size] of hidden.entries()) {
    const rows = GATES[op] * size;
    const state = (kind: string): string => {
      if (sliced === undefined) return weight(`${kind}${layer}`, [directions, 2, size]);
      const [from, to] = [layer * directions, (layer + 1) * directions];
      return one('Slice', [
        sliced,
        numbers(`at${from}`, [from]),
        numbers(`at${to}`, [to]),
        numbers('axis', [0]),
      ]);
    };
    const states = more.states === undefined ? [] : op === 'LSTM' ? ['h', 'c'] : ['h'];
    const operands = [
      current,
      weight(`W${layer}`, [directions, rows, width]),
      weight(`R${layer}`, [directions, rows, size]),
      weight(`B${layer}`, [directions, 2 * rows]),
      more.lengths ? 'lengths' : '',
      ...states.map(state),
    ];
    if (more.peepholes)
      operands.push(
        ...Array.from({ length: 7 - operands.length }, () => ''),
        weight(`P${layer}`, [directions, 3 * size]),
      );
    const direction = directions === 2 ? 'bidirectional' : 'reverse';
    const [y] = node(op, operands, { hidden_size: size, direction, ...more.attributes });
    const moved = one('Transpose', [y!], { perm: [0, 2, 1, 3] });
    current = one('Reshape', [moved, numbers('flat', [0, 0, -1])]);
    width = directions * size;
  }
  nodes.push({ op: 'MatMul', inputs: [current, weight('out', [width, 3])], outputs: ['y'] });
  if (more.lengths) initializers.push({ name: 'lengths', dims: [2], data: Int32Array.of(4, 2) });
  return {
    opset: 17,
    nodes,
    initializers,
    inputs: [{ name: 'x', shape: ['s', 2, INPUT] }],
    outputs: [{ name: 'y', shape: ['s', 2, 3] }],
  };
}

async function groups(model: ModelSpec): Promise<Record<string, { lanes: number; exact: boolean }>> {
  using opened = await openModel(encodeModel(model));
  return Object.fromEntries(opened.inspect().groups.map(({ id, lanes, exact }) => [id, { lanes, exact }]));
}

async function allExact(model: ModelSpec): Promise<void> {
  for (let seed = 1; seed <= 4; seed++) expect(await prunesExactly(model, seed)).toBe(true);
}

describe.each(OPS)('%s in a model', (op) => {
  test.each([1, 2] as const)('layers one upon another, %i directions', async (directions) => {
    const model = stacked({ op, directions, hidden: [4, 7] });
    expect(await groups(model)).toEqual({
      in: { lanes: 6, exact: true },
      W0: { lanes: 4, exact: true },
      W1: { lanes: 7, exact: true },
    });
    await allExact(model);
  });

  test('initial states that are stored', async () => {
    const model = stacked({ op, directions: 2, hidden: [4, 7], states: 'stored' });
    expect((await groups(model)).W1).toEqual({ lanes: 7, exact: true });
    await allExact(model);
  });

  test.each(ZEROS)('initial states that are slices of %s', async (states) => {
    const model = stacked({ op, directions: 2, hidden: [4, 4], states });
    expect(Object.keys(await groups(model))).toEqual(['in', 'W0', 'W1']);
    await allExact(model);
  });

  test('sequences of several lengths', async () => {
    const model = stacked({ op, directions: 2, hidden: [4, 7], lengths: true });
    expect((await groups(model)).W1).toEqual({ lanes: 7, exact: true });
    await allExact(model);
  });

  test('activations that are not zero at zero', async () => {
    const activations = [...Array<string>(op === 'LSTM' ? 3 : op === 'GRU' ? 2 : 1)].map(() => 'HardSigmoid');
    const model = stacked({ op, directions: 1, hidden: [4, 7], attributes: { activations } });
    expect((await groups(model)).W1).toEqual({ lanes: 7, exact: true });
    await allExact(model);
  });

  test('an activation without bounds is not exact', async () => {
    const activations = { LSTM: ['Sigmoid', 'Affine', 'Tanh'], GRU: ['Sigmoid', 'Affine'], RNN: ['Affine'] }[
      op
    ];
    const model = stacked({ op, directions: 1, hidden: [4], attributes: { activations } });
    expect((await groups(model)).W0).toEqual({ lanes: 4, exact: false });
  });

  test('states that the model takes and gives keep their lanes, others do not', async () => {
    const model = stacked({ op, directions: 1, hidden: [4, 7] });
    const states: ValueSpec[] = [{ name: 'h', shape: [1, 2, 4] }];
    const nodes = model.nodes.map((node) =>
      node.op === op && node.inputs[1] === 'W0'
        ? { ...node, inputs: [...node.inputs, 'h'], outputs: [...node.outputs, 'hn'] }
        : node,
    );
    const stateful: ModelSpec = {
      ...model,
      nodes,
      inputs: [...model.inputs, ...states],
      outputs: [...model.outputs, { name: 'hn', shape: [1, 2, 4] }],
    };
    expect(Object.keys(await groups(stateful))).toEqual(['in', 'W1']);
    await allExact(stateful);
  });
});

test('zeros that are an initial state and something else besides', async () => {
  const model = stacked({ op: 'GRU', directions: 2, hidden: [4, 4], states: 'zeros by ConstantOfShape' });
  const next = random(5);
  const zeros = model.nodes.find(({ op }) => op === 'ConstantOfShape')!.outputs[0]!;
  const more: NodeSpec[] = [
    { op: 'MatMul', inputs: ['x', 'also in'], outputs: ['b'] },
    { op: 'ReduceSum', inputs: ['b', 'axis'], outputs: ['c'] },
    { op: 'Add', inputs: ['c', zeros], outputs: ['d'] },
    { op: 'MatMul', inputs: ['d', 'also out'], outputs: ['e'] },
  ];
  const nodes = model.nodes.map((node) =>
    node.op === 'GRU' && node.inputs[1] === 'W0' ? { ...node, outputs: [...node.outputs, 'hn'] } : node,
  );
  const both: ModelSpec = {
    ...model,
    nodes: [...nodes, ...more],
    initializers: [
      ...model.initializers,
      floats('also in', [INPUT, 4], next),
      floats('also out', [4, 3], next),
    ],
    outputs: [...model.outputs, { name: 'hn', shape: [2, 2, 4] }, { name: 'e', shape: [4, 2, 3] }],
  };
  expect(Object.keys(await groups(both))).toEqual(['in', 'W1', 'also in']);
  await allExact(both);
});

test('peepholes go with their hidden lanes', async () => {
  const model = stacked({ op: 'LSTM', directions: 2, hidden: [4, 7], states: 'stored', peepholes: true });
  expect((await groups(model)).W1).toEqual({ lanes: 7, exact: true });
  await allExact(model);
});

test('multiply-adds: each gate of each direction reads input and state at each step', async () => {
  using opened = await openModel(encodeModel(stacked({ op: 'GRU', directions: 2, hidden: [4] })));
  const steps = opened.inspect().assumed.s! * 2;
  expect(opened.inspect().size.macs).toBe(steps * (INPUT * 6 + 2 * 3 * 4 * (6 + 4) + 8 * 3));
});

test('gates that the graph itself puts in another order', async () => {
  const hidden = 4;
  const next = random(3);
  const nodes: NodeSpec[] = [];
  const reordered = (name: string): string => {
    const parts = [0, 3, 1, 2].map((gate) => {
      const output = `${name}_${gate}`;
      nodes.push({ op: 'Slice', inputs: [name, `at${gate}`, `at${gate + 1}`, 'at0'], outputs: [output] });
      return output;
    });
    nodes.push({ op: 'Concat', inputs: parts, outputs: [`${name}_iofc`], attributes: { axis: 0 } });
    return `${name}_iofc`;
  };
  const leading = (name: string): string => {
    nodes.push({ op: 'Unsqueeze', inputs: [name, 'at0'], outputs: [`${name}_1`] });
    return `${name}_1`;
  };
  const [input, recurrent] = ['weight_ih', 'weight_hh'].map((name) => leading(reordered(name)));
  const biases = ['bias_ih', 'bias_hh'].map(reordered);
  nodes.push({ op: 'Concat', inputs: biases, outputs: ['bias'], attributes: { axis: 0 } });
  const bias = leading('bias');
  const model: ModelSpec = {
    opset: 15,
    nodes: [
      { op: 'MatMul', inputs: ['x', 'in'], outputs: ['embedded'] },
      ...nodes,
      {
        op: 'LSTM',
        inputs: ['embedded', input!, recurrent!, bias],
        outputs: ['', 'last'],
        attributes: { hidden_size: hidden },
      },
      { op: 'Squeeze', inputs: ['last', 'at0'], outputs: ['state'] },
      { op: 'MatMul', inputs: ['state', 'out'], outputs: ['y'] },
    ],
    initializers: [
      floats('in', [INPUT, 6], next),
      floats('weight_ih', [4 * hidden, 6], next),
      floats('weight_hh', [4 * hidden, hidden], next),
      floats('bias_ih', [4 * hidden], next),
      floats('bias_hh', [4 * hidden], next),
      floats('out', [hidden, 3], next),
      ...[0, 1, 2, 3, 4].map((gate) => integers(`at${gate}`, [gate * hidden])),
    ],
    inputs: [{ name: 'x', shape: ['s', 2, INPUT] }],
    outputs: [{ name: 'y', shape: [2, 3] }],
  };
  expect(await groups(model)).toEqual({
    in: { lanes: 6, exact: true },
    // The weight that the nodes come to, which is stored in their place once it is cut.
    weight_ih_iofc_1: { lanes: hidden, exact: true },
  });
  await allExact(model);
});
