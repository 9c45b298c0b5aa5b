import { expect, test } from 'vitest';
import { analyse } from '../../src/coupling/analysis.js';
import { type Layer, layersOf } from '../../src/layers/layers.js';
import { matrixOf, placesOf, putMatrix, selected } from '../../src/layers/matrix.js';
import { registry } from '../../src/ops/registry.js';
import { Builder } from '../support/builder.js';
import { graphOf } from '../support/graph.js';
import type { ModelSpec, ValueSpec } from '../support/onnx.js';

function layers(
  build: (b: Builder) => void,
  shape: ValueSpec['shape'],
  outputs: readonly string[] = ['y'],
): readonly Layer[] {
  const b = new Builder();
  build(b);
  const model: ModelSpec = {
    opset: 17,
    nodes: b.nodes,
    initializers: b.initializers,
    inputs: [{ name: 'x', shape }],
    outputs: outputs.map((name) => ({ name, shape: [] })),
  };
  const { graph, read } = graphOf(model);
  return layersOf(analyse(graph, registry, read));
}

/** A layer in short. */
const shown = ({ weight, channels, taps, outputs, uses }: Layer) => ({
  weight: weight.name,
  size: [outputs, channels, taps],
  additions: uses.map(({ addition }) => {
    const tensor =
      'tensor' in addition ? addition.tensor : 'shared' in addition ? addition.shared : undefined;
    const place = addition.kind === 'part' ? [`${addition.from}+${addition.length}`] : [];
    const included = addition.kind === 'stored' && addition.included ? ['included'] : [];
    return [addition.kind, ...(tensor === undefined ? [] : [tensor.name]), ...place, ...included].join(' ');
  }),
});

const image = ['n', 3, 8, 8];
const rows = ['n', 6];

test('convolutions: weights of channels and taps, biases that are there or can be', () => {
  const found = layers((b) => {
    b.node('Conv', 'a', ['x', b.weight('w1', [4, 3, 3, 3]), b.weight('b1', [4])], { pads: [1, 1, 1, 1] });
    b.node('Relu', 'h', ['a']);
    b.node('Conv', 'g', ['h', b.weight('w2', [5, 4, 1, 2])], { strides: [2, 1], dilations: [1, 3] });
    b.node('Conv', 'y', ['g', b.weight('w3', [2, 5, 2, 2])], { auto_pad: 'SAME_LOWER' });
  }, image);
  expect(found.map(shown)).toEqual([
    { weight: 'w1', size: [4, 3, 9], additions: ['stored b1 included'] },
    { weight: 'w2', size: [5, 4, 2], additions: ['operand'] },
    { weight: 'w3', size: [2, 5, 4], additions: ['operand'] },
  ]);
  expect(found.map(({ uses }) => uses[0]!.window)).toEqual([
    { strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] },
    { strides: [2, 1], dilations: [1, 3], pads: [0, 0, 0, 0] },
    { strides: [1, 1], dilations: [1, 1], pads: 'SAME_LOWER' },
  ]);
});

test('convolutions with groups have as many blocks', () => {
  const found = layers((b) => {
    b.node('Conv', 'a', ['x', b.weight('w1', [4, 3, 1, 1])]);
    b.node('Conv', 'g', ['a', b.weight('w2', [4, 2, 3, 3])], { group: 2 });
    b.node('Conv', 'd', ['g', b.weight('w3', [4, 1, 3, 3])], { group: 4 });
    b.node('Conv', 'y', ['d', b.weight('w4', [2, 4, 1, 1])]);
  }, image);
  expect(found.map(({ weight, groups, channels, taps }) => [weight.name, groups, channels, taps])).toEqual([
    ['w1', 1, 3, 1],
    ['w2', 2, 2, 9],
    ['w3', 4, 1, 9],
    ['w4', 1, 4, 1],
  ]);
});

test('Gemm, transposed and not, and of a factor', () => {
  const found = layers((b) => {
    b.node('Gemm', 'a', ['x', b.weight('w1', [5, 6]), b.weight('b1', [5])], { transB: 1 });
    b.node('Gemm', 'h', ['a', b.weight('w2', [5, 4]), b.weight('b2', [1, 4])]);
    b.node('Gemm', 's', ['h', b.weight('w3', [4, 3])], { alpha: { float: 0.5 } });
    b.node('Gemm', 'y', ['s', b.weight('w4', [2, 3])], { transB: 1 });
  }, rows);
  expect(found.map(shown)).toEqual([
    { weight: 'w1', size: [5, 6, 1], additions: ['stored b1 included'] },
    { weight: 'w2', size: [4, 5, 1], additions: ['stored b2 included'] },
    { weight: 'w3', size: [3, 4, 1], additions: ['operand'] },
    { weight: 'w4', size: [2, 3, 1], additions: ['operand'] },
  ]);
});

test('MatMul: with the vector that is added behind it, or a place for one', () => {
  const found = layers((b) => {
    b.node('MatMul', 'm1', ['x', b.weight('w1', [6, 5])]);
    b.node('Add', 'a', [b.weight('b1', [5]), 'm1']);
    b.node('MatMul', 'm2', ['a', b.weight('w2', [5, 4])]);
    b.node('Relu', 'h', ['m2']);
    b.node('MatMul', 'm3', ['h', b.weight('w3', [4, 3])]);
    // Not of the outputs' length: no bias.
    b.node('Add', 'y', ['m3', b.weight('b3', [1])]);
  }, rows);
  expect(found.map(shown)).toEqual([
    { weight: 'w1', size: [5, 6, 1], additions: ['stored b1'] },
    { weight: 'w2', size: [4, 5, 1], additions: ['behind'] },
    { weight: 'w3', size: [3, 4, 1], additions: ['behind'] },
  ]);
});

test('a value that others read too has its bias of its own', () => {
  const found = layers(
    (b) => {
      b.node('MatMul', 'm', ['x', b.weight('w', [6, 5])]);
      b.node('Add', 'y', ['m', b.weight('b', [5])]);
      b.node('Relu', 'z', ['m']);
    },
    rows,
    ['y', 'z'],
  );
  expect(found.map(shown)).toEqual([{ weight: 'w', size: [5, 6, 1], additions: ['behind'] }]);
});

test('MatMul with its weight first: outputs before positions', () => {
  const found = layers(
    (b) => {
      b.node('MatMul', 'y', [b.weight('w', [5, 6]), 'x']);
    },
    ['n', 6, 7],
  );
  expect(found.map(shown)).toEqual([{ weight: 'w', size: [5, 6, 1], additions: ['none'] }]);
  expect(found[0]!.uses[0]).toMatchObject({ axis: 1, output: { value: 'y', axis: 1 } });
});

test('ConvTranspose: what one position adds to its surroundings is no value', () => {
  const found = layers((b) => {
    b.node('ConvTranspose', 'y', ['x', b.weight('w', [3, 4, 2, 2]), b.weight('b', [4])]);
  }, image);
  expect(found.map(shown)).toEqual([{ weight: 'w', size: [16, 3, 1], additions: ['none'] }]);
  expect(found[0]!.uses[0]!.output).toBeUndefined();
});

test.each([
  ['RNN', 1],
  ['GRU', 3],
  ['LSTM', 4],
])('%s: input and state, each with its half of the bias', (op, gates) => {
  const hidden = 5;
  const all = gates * hidden;
  const found = layers(
    (b) => {
      const weights = [
        b.weight('w', [1, all, 6]),
        b.weight('r', [1, all, hidden]),
        b.weight('b', [1, 2 * all]),
      ];
      b.node(op, 'y', ['x', ...weights], { hidden_size: hidden });
    },
    ['s', 'n', 6],
  );
  expect(found.map(shown)).toEqual([
    { weight: 'w', size: [all, 6, 1], additions: [`part b 0+${all}`] },
    { weight: 'r', size: [all, hidden, 1], additions: [`part b ${all}+${all}`] },
  ]);
  expect(found.map(({ uses }) => [uses[0]!.data, uses[0]!.axis])).toEqual([
    ['x', 2],
    ['y', 3],
  ]);
});

test('two directions read the input and their states by a weight each, and have a row of the bias each', () => {
  const found = layers(
    (b) => {
      const weights = [b.weight('w', [2, 20, 6]), b.weight('r', [2, 20, 5]), b.weight('b', [2, 40])];
      b.node('LSTM', 'y', ['x', ...weights], { hidden_size: 5, direction: 'bidirectional' });
    },
    ['s', 'n', 6],
  );
  expect(found.map(shown)).toEqual([
    { weight: 'w', size: [20, 6, 1], additions: ['part b 0+20'] },
    { weight: 'r', size: [20, 5, 1], additions: ['part b 20+20'] },
    { weight: 'w', size: [20, 6, 1], additions: ['part b 0+20'] },
    { weight: 'r', size: [20, 5, 1], additions: ['part b 20+20'] },
  ]);
  const rows = found.map(({ uses }) => uses[0]!.addition);
  expect(rows).toMatchObject([{ row: 0 }, { row: 0 }, { row: 1 }, { row: 1 }]);
  const parts = found.map(({ uses }) => uses[0]!.part);
  expect(parts).toEqual([undefined, { axis: 1, index: 0 }, undefined, { axis: 1, index: 1 }]);
  expect(found.map(({ layout }) => layout.fixed[0]!.index)).toEqual([0, 0, 1, 1]);
});

test('a weight that several nodes read is one layer; one that is read otherwise too is none', () => {
  const shared = layers((b) => {
    b.weight('w', [4, 3, 1, 1]);
    b.node('Conv', 'a', ['x', 'w', b.weight('b1', [4])]);
    b.node('Neg', 'm', ['x']);
    b.node('Conv', 'c', ['m', 'w', b.weight('b2', [4])]);
    b.node('Concat', 'y', ['a', 'c'], { axis: 1 });
  }, image);
  expect(shared.map(shown)).toEqual([
    { weight: 'w', size: [4, 3, 1], additions: ['stored b1 included', 'stored b2 included'] },
  ]);
  const otherwise = layers((b) => {
    b.weight('w', [6, 6]);
    b.node('MatMul', 'a', ['x', 'w']);
    b.node('Add', 's', ['w', b.weight('c', [6, 6])]);
    b.node('MatMul', 'y', ['a', 's']);
  }, rows);
  expect(otherwise.map(({ weight }) => weight.name)).toEqual([]);
});

test('a bias that is shared, directly or through Identity, is replaced where it is read', () => {
  const found = layers((b) => {
    b.weight('zeros', [4]);
    b.node('Identity', 'i1', ['zeros']);
    b.node('Identity', 'i2', ['i1']);
    b.node('Conv', 'a', ['x', b.weight('w1', [4, 3, 1, 1]), 'i1']);
    b.node('Conv', 'c', ['a', b.weight('w2', [4, 4, 1, 1]), 'i2']);
    b.weight('both', [5]);
    b.node('Conv', 'd', ['c', b.weight('w3', [5, 4, 1, 1]), 'both']);
    b.node('Conv', 'y', ['d', b.weight('w4', [5, 5, 1, 1]), 'both']);
  }, image);
  expect(found.map((layer) => shown(layer).additions)).toEqual([
    ['operand zeros'],
    ['operand zeros'],
    ['operand both'],
    ['operand both'],
  ]);
});

test('a bias that is computed is left alone', () => {
  const found = layers((b) => {
    b.node('Mul', 'bias', [b.weight('b1', [4]), b.weight('b2', [4])]);
    b.node('Conv', 'y', ['x', b.weight('w', [4, 3, 1, 1]), 'bias']);
  }, image);
  expect(found.map((layer) => shown(layer).additions)).toEqual([['none']]);
  // It is in what the node puts out.
  expect(found[0]!.uses[0]!.output).toBeUndefined();
});

test('a matrix lies in its tensor where its axes say', () => {
  // [direction, outputs, taps, channels]
  const dims = [2, 2, 3, 2];
  const layout = { outputs: [1], input: 3, taps: [2], fixed: [{ axis: 0, index: 1 }] };
  const stored = Float32Array.from({ length: 24 }, (_, i) => i);
  const places = placesOf({ layout }, dims);
  expect([...matrixOf(stored, places)]).toEqual([12, 14, 16, 13, 15, 17, 18, 20, 22, 19, 21, 23]);
  const other = stored.slice();
  putMatrix(
    [...matrixOf(stored, places)].map((value) => -value),
    places,
    other,
  );
  expect([...other]).toEqual([...stored].map((value, i) => (i < 12 ? value : -value)));
  const cut = selected(
    stored,
    dims,
    new Map([
      [3, [1]],
      [1, [0]],
    ]),
  );
  expect(cut.dims).toEqual([2, 1, 3, 1]);
  expect([...cut.data]).toEqual([1, 3, 5, 13, 15, 17]);
  expect(selected(stored, dims, new Map()).data).not.toBe(stored);
});

test('integers behind DequantizeLinear, where nobody else reads them', () => {
  const bytes = (name: string, dims: readonly number[]) => ({
    ...{ name, dims },
    data: Int8Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => (i % 7) - 3),
  });
  const found = (rest: (b: Builder) => void, bias = 'int32') =>
    layers((b) => {
      b.initializers.push(bytes('q', [4, 3, 3, 3]), bytes('z', [4]));
      b.node('DequantizeLinear', 'w', ['q', b.weight('s', [4]), 'z'], { axis: 0 });
      b.initializers.push({ name: 'p', dims: [4], data: Int32Array.of(1, 2, 3, 4) });
      if (bias === 'int32') b.node('DequantizeLinear', 'b', ['p', b.weight('t', [4])], { axis: 0 });
      b.node('Conv', 'c', ['x', 'w', ...(bias === '' ? [] : ['b'])]);
      rest(b);
    }, image);
  const plainly = (b: Builder): void => void b.node('Relu', 'y', ['c']);
  expect(found(plainly).map(shown)).toEqual([
    { weight: 'q', size: [4, 3, 9], additions: ['stored p included'] },
  ]);
  expect(found(plainly, '').map(shown)).toEqual([{ weight: 'q', size: [4, 3, 9], additions: ['operand'] }]);
  const quantised = found(plainly)[0]!.quantised!;
  expect([quantised.scale.name, quantised.zeroPoint?.name, quantised.axis, quantised.ownScale]).toEqual([
    's',
    'z',
    0,
    true,
  ]);
  // The weight is read by another node too; so is the bias, whose scale could not follow the weight's.
  for (const other of ['w', 'q', 'b', 'p'])
    expect(
      found((b) => {
        b.node('Cast', 'o', [other], { to: 1 });
        b.node('ReduceSum', 'r', ['o'], { keepdims: 0 });
        b.node('Add', 'y', ['c', 'r']);
      }),
    ).toEqual([]);
});

test("weights that are moved, and read elsewhere too, are nobody's", () => {
  const tied = (op: string, inputs: readonly string[]) => (b: Builder) => {
    b.node('Transpose', 't', [b.weight('w', [4, 6])]);
    b.node('MatMul', 'h', ['x', 't']);
    b.node(op, 'y', inputs);
  };
  expect(layers(tied('Relu', ['h']), rows).map(shown)).toEqual([
    { weight: 'w', size: [4, 6, 1], additions: ['behind'] },
  ]);
  expect(layers(tied('MatMul', ['h', 'w']), rows)).toEqual([]);
});
