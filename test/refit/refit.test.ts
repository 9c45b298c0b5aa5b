import { describe, expect, test } from 'vitest';
import type { Builder } from '../support/builder.js';
import type { ModelSpec } from '../support/onnx.js';
import { datasetFor, distance, feedsFor, modelOf, prune } from './refits.js';

/** What lies behind eight lanes of which four are the others, scaled: h -> y. */
type Rest = (b: Builder) => void;

/** x [n 3 8 8] -> w1, 8 lanes -> ReLU -> h [n 8 8 8] */
function imageModel(rest: Rest, activation = 'Relu'): ModelSpec {
  return modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 3, 3]), b.weight('b1', [8])], { pads: [1, 1, 1, 1] });
      b.node(activation, 'h', ['a']);
      rest(b);
    },
    ['n', 3, 8, 8],
    { w1: 0, b1: 0 },
  );
}

/** x [n 6] -> w1, 8 lanes -> ReLU -> h [n 8] */
function rowModel(rest: Rest, shape: readonly (number | string)[] = ['n', 6]): ModelSpec {
  return modelOf(
    (b) => {
      b.node('MatMul', 'm', ['x', b.weight('w1', [6, 8])]);
      b.node('Add', 'a', ['m', b.weight('b1', [8])]);
      b.node('Relu', 'h', ['a']);
      rest(b);
    },
    shape,
    { w1: 1, b1: 0 },
  );
}

const cases: Readonly<Record<string, ModelSpec>> = {
  'Conv with padding': imageModel((b) => {
    b.node('Conv', 'y', ['h', b.weight('w2', [5, 8, 3, 3]), b.weight('b2', [5])], { pads: [1, 1, 1, 1] });
  }),
  'Conv with uneven padding, strides and dilations': imageModel((b) => {
    const attributes = { pads: [2, 0, 1, 3], strides: [2, 3], dilations: [1, 2] };
    b.node('Conv', 'y', ['h', b.weight('w2', [5, 8, 3, 2]), b.weight('b2', [5])], attributes);
  }),
  'Conv, SAME_UPPER': imageModel((b) => {
    const attributes = { auto_pad: 'SAME_UPPER', strides: [2, 3] };
    b.node('Conv', 'y', ['h', b.weight('w2', [5, 8, 2, 4]), b.weight('b2', [5])], attributes);
  }),
  'Conv, SAME_LOWER': imageModel((b) => {
    const attributes = { auto_pad: 'SAME_LOWER', strides: [2, 1] };
    b.node('Conv', 'y', ['h', b.weight('w2', [5, 8, 2, 4]), b.weight('b2', [5])], attributes);
  }),
  'Conv without bias': imageModel((b) => {
    b.node('Conv', 'y', ['h', b.weight('w2', [5, 8, 1, 1])]);
  }),
  'Conv, then ReLU': imageModel((b) => {
    b.node('Conv', 'c', ['h', b.weight('w2', [5, 8, 3, 3]), b.weight('b2', [5])]);
    b.node('Relu', 'y', ['c']);
  }),
  'Conv, then BatchNormalization and Clip': imageModel((b) => {
    b.node('Conv', 'c', ['h', b.weight('w2', [5, 8, 3, 3])]);
    b.initializers.push({ name: 'variance', dims: [5], data: Float32Array.of(1, 2, 3, 4, 5) });
    b.node('BatchNormalization', 'n', [
      'c',
      ...['g', 'd', 'm'].map((name) => b.weight(name, [5])),
      'variance',
    ]);
    b.initializers.push({ name: 'low', dims: [], data: Float32Array.of(-1) });
    b.initializers.push({ name: 'high', dims: [], data: Float32Array.of(1.5) });
    b.node('Clip', 'y', ['n', 'low', 'high']);
  }),
  ConvTranspose: imageModel((b) => {
    b.node('ConvTranspose', 'y', ['h', b.weight('w2', [8, 4, 2, 2]), b.weight('b2', [4])], {
      strides: [2, 2],
    });
  }),
  'Gemm, transposed': rowModel((b) => {
    b.node('Gemm', 'y', ['h', b.weight('w2', [5, 8]), b.weight('b2', [5])], { transB: 1 });
  }),
  'Gemm without bias': rowModel((b) => {
    b.node('Gemm', 'y', ['h', b.weight('w2', [8, 5])]);
  }),
  'Gemm, one number for a bias': rowModel((b) => {
    b.node('Gemm', 'y', ['h', b.weight('w2', [8, 5]), b.weight('b2', [1])]);
  }),
  'Gemm, its bias computed': rowModel((b) => {
    b.node('Neg', 'b', [b.weight('b2', [5])]);
    b.node('Gemm', 'y', ['h', b.weight('w2', [8, 5]), 'b']);
  }),
  'Gemm of transposed data': rowModel((b) => {
    b.node('Transpose', 't', ['h'], { perm: [1, 0] });
    b.node('Gemm', 'y', ['t', b.weight('w2', [8, 5]), b.weight('b2', [5])], { transA: 1 });
  }),
  'MatMul and Add': rowModel((b) => {
    b.node('MatMul', 'p', ['h', b.weight('w2', [8, 5])]);
    b.node('Add', 'y', ['p', b.weight('b2', [5])]);
  }),
  'MatMul without bias': rowModel((b) => {
    b.node('MatMul', 'y', ['h', b.weight('w2', [8, 5])]);
  }),
  'MatMul over sequences': rowModel(
    (b) => {
      b.node('MatMul', 'p', ['h', b.weight('w2', [8, 5])]);
      b.node('Tanh', 'y', ['p']);
    },
    ['n', 4, 6],
  ),
  'MatMul, its weight first': rowModel(
    (b) => {
      b.node('Transpose', 't', ['h'], { perm: [0, 2, 1] });
      b.node('MatMul', 'y', [b.weight('w2', [5, 8]), 't']);
    },
    ['n', 4, 6],
  ),
  'LSTM, its input': rowModel(
    (b) => {
      const weights = [b.weight('w', [1, 20, 8]), b.weight('r', [1, 20, 5]), b.weight('b', [1, 40])];
      b.node('Transpose', 't', ['h'], { perm: [1, 0, 2] });
      b.node('LSTM', 'z', ['t', ...weights], { hidden_size: 5 });
      b.node('Transpose', 'y', ['z'], { perm: [2, 0, 1, 3] });
    },
    ['n', 4, 6],
  ),
  'GRU in two directions, its input': rowModel(
    (b) => {
      const weights = [b.weight('w', [2, 15, 8]), b.weight('r', [2, 15, 5]), b.weight('b', [2, 30])];
      b.node('Transpose', 't', ['h'], { perm: [1, 0, 2] });
      b.node('GRU', 'z', ['t', ...weights], { hidden_size: 5, direction: 'bidirectional' });
      b.node('Transpose', 'y', ['z'], { perm: [2, 0, 1, 3] });
    },
    ['n', 4, 6],
  ),
  'a residual block': imageModel((b) => {
    b.node('Conv', 's', ['x', b.weight('ws', [5, 3, 1, 1]), b.weight('bs', [5])]);
    b.node('Conv', 'c', ['h', b.weight('w2', [5, 8, 3, 3]), b.weight('b2', [5])], { pads: [1, 1, 1, 1] });
    b.node('Add', 'sum', ['s', 'c']);
    b.node('Relu', 'y', ['sum']);
  }),
  'two that read them': imageModel((b) => {
    b.node('Conv', 'c', ['h', b.weight('w2', [5, 8, 3, 3]), b.weight('b2', [5])], { pads: [1, 1, 1, 1] });
    b.node('Conv', 'd', ['h', b.weight('w3', [5, 8, 1, 1])]);
    b.node('Mul', 'y', ['c', 'd']);
  }),
};

describe('where lanes are others, scaled, the refitted model is the original', () => {
  test.each(Object.entries(cases))('%s', async (_, spec) => {
    const { plan, bytes } = await prune(spec, { data: datasetFor(spec, 64), ratio: 0.5 });
    const { kept } = plan.groups.find(({ id }) => id === 'w1')!;
    expect(kept.map((lane) => lane % 4).sort()).toEqual([0, 1, 2, 3]);
    expect(await distance(spec, bytes, feedsFor(spec, 6, 9))).toBeLessThan(1e-4);
  });
});
