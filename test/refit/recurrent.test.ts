import { describe, expect, test } from 'vitest';
import type { Recurrence } from '../../src/coupling/recurrence.js';
import { datasetOf } from '../../src/data/dataset.js';
import { beside, rowsSeen, statesBefore } from '../../src/layers/recurrent.js';
import { Builder } from '../support/builder.js';
import type { ModelSpec, NodeSpec } from '../support/onnx.js';
import { random } from '../support/random.js';
import { datasetFor, distance, error, feedsFor, prune, samplesOf } from './refits.js';

const HIDDEN = 8;
const INPUTS = 6;
const GATES = { RNN: 1, GRU: 3, LSTM: 4 } as const;

interface Options {
  readonly attributes?: NodeSpec['attributes'];
  readonly directions?: number;
  readonly operands?: readonly string[];
  readonly initial?: boolean;
  /** The states of the last step are all that the node shows. */
  readonly last?: boolean;
}

/** x [n 4 6] -> a recurrent node of 8 lanes -> a dense layer. `twins`: lanes 4 to 7 are made of what lanes 0 to 3 are made of. */
function recurrentModel(
  op: keyof typeof GATES,
  { attributes = {}, directions = 1, initial, last = false }: Options,
  twins: boolean,
): ModelSpec {
  const b = new Builder();
  const rows = GATES[op] * HIDDEN;
  const weights = [
    b.weight('w', [directions, rows, INPUTS]),
    b.weight('r', [directions, rows, HIDDEN]),
    b.weight('b', [directions, 2 * rows]),
  ];
  b.node('Transpose', 't', ['x'], { perm: [1, 0, 2] });
  if (initial) {
    b.node('ReduceMean', 'mean', ['t'], { axes: [0], keepdims: 1 });
    weights.push('', b.node('MatMul', 'first', ['mean', b.weight('h0', [INPUTS, HIDDEN])]));
  }
  b.node(op, 'states', ['t', ...weights], {
    hidden_size: HIDDEN,
    ...attributes,
  });
  if (last) b.nodes.push({ ...b.nodes.pop()!, outputs: ['', 'states'] });
  b.node('Transpose', 'last', ['states'], { perm: last ? [1, 0, 2] : [2, 0, 1, 3] });
  b.node('MatMul', 'y', ['last', b.weight('w2', [HIDDEN, 3])]);
  const initializers = b.initializers.map((tensor) => {
    if (!twins || !['w', 'r', 'b', 'h0'].includes(tensor.name)) return tensor;
    const inner = { w: INPUTS, r: HIDDEN, b: 1, h0: 1 }[tensor.name as 'w'];
    const data = tensor.data.slice() as Float32Array;
    for (let at = 0; at < data.length; at++)
      if (Math.floor(at / inner) % HIDDEN >= HIDDEN / 2) data[at] = data[at - (HIDDEN / 2) * inner]!;
    return { ...tensor, data };
  });
  return {
    opset: 17,
    inputs: [{ name: 'x', dtype: 'float32', shape: ['n', 4, INPUTS] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: last ? ['n', directions, 3] : ['n', directions, 4, 3] }],
    nodes: b.nodes,
    initializers,
  };
}

const cases: readonly (readonly [string, keyof typeof GATES, Options])[] = [
  ['RNN', 'RNN', {}],
  ['RNN, reversed', 'RNN', { attributes: { direction: 'reverse' } }],
  ['GRU, its reset before', 'GRU', {}],
  ['GRU, its reset behind', 'GRU', { attributes: { linear_before_reset: 1 } }],
  ['LSTM', 'LSTM', {}],
  ['LSTM in two directions', 'LSTM', { attributes: { direction: 'bidirectional' }, directions: 2 }],
  [
    'GRU in two directions',
    'GRU',
    { attributes: { direction: 'bidirectional', linear_before_reset: 1 }, directions: 2 },
  ],
  ['LSTM that shows its last state alone', 'LSTM', { last: true }],
  ['LSTM that shows its last state alone, with a first one', 'LSTM', { last: true, initial: true }],
  [
    'RNN of ReLUs that shows its last states alone, in two directions',
    'RNN',
    {
      attributes: { direction: 'bidirectional', activations: ['Relu', 'Relu'] },
      ...{ directions: 2, last: true },
    },
  ],
];

describe('where states are others, the refitted model is the original', () => {
  test.each(cases)('%s', async (_, op, options) => {
    const spec = recurrentModel(op, options, true);
    const { plan, bytes } = await prune(spec, { data: datasetFor(spec, 64), ratio: 0.5 });
    const { kept } = plan.groups.find(({ lanes }) => lanes === HIDDEN)!;
    expect(kept.map((lane) => lane % 4).sort()).toEqual([0, 1, 2, 3]);
    expect(await distance(spec, bytes, feedsFor(spec, 6, 9))).toBeLessThan(2e-4);
  });
});

test('where a first state is given, it is what the first step reads', async () => {
  const spec = recurrentModel('LSTM', { initial: true }, true);
  const { bytes } = await prune(spec, { data: datasetFor(spec, 64), ratio: 0.5 });
  expect(await distance(spec, bytes, feedsFor(spec, 6, 9))).toBeLessThan(2e-4);
});

test('what x says of a state that has left goes to the weights of x', async () => {
  // Nobody but the node itself reads lane 7, which is the tanh of the first input; the last input is that of the step before.
  const whole = recurrentModel('RNN', {}, false);
  const initializers = whole.initializers!.map((tensor) => {
    const data = tensor.data.slice() as Float32Array;
    const last = HIDDEN - 1;
    if (tensor.name === 'w') for (let i = 0; i < INPUTS; i++) data[last * INPUTS + i] = i === 0 ? 1 : 0;
    if (tensor.name === 'r') data.fill(0, last * HIDDEN);
    if (tensor.name === 'b') data[last] = data[HIDDEN + last] = 0;
    if (tensor.name === 'w2') data.fill(0, last * 3);
    return { ...tensor, data };
  });
  const spec = { ...whole, initializers };
  const remembering = (samples: number, seed: number): ReturnType<typeof samplesOf> => {
    const { x } = samplesOf(spec, samples, seed);
    const data = x!.data.slice();
    for (let row = 0; row < samples * 4; row++)
      data[row * INPUTS + INPUTS - 1] = row % 4 === 0 ? 0 : Math.tanh(data[(row - 1) * INPUTS]!);
    return { x: { ...x!, data } };
  };
  const { plan, bytes } = await prune(spec, {
    data: datasetOf(remembering(128, 1)),
    ratio: 1 / HIDDEN,
    roundTo: 1,
  });
  expect(plan.groups.find(({ lanes }) => lanes === HIDDEN)!.kept).toEqual([0, 1, 2, 3, 4, 5, 6]);
  const { x } = remembering(8, 5);
  const { Tensor } = await import('onnxruntime-node');
  expect(await distance(spec, bytes, { x: new Tensor('float32', x!.data, x!.dims) })).toBeLessThan(1e-3);
});

test.each(cases)('%s: closer to the original than without a refit', async (_, op, options) => {
  const spec = recurrentModel(op, options, false);
  const [data, feeds] = [datasetFor(spec, 128), feedsFor(spec, 64, 9)];
  const refitted = await prune(spec, { data, ratio: 0.5 });
  const left = await prune(spec, { data, ratio: 0.5, reconstruct: false });
  const [a, b] = [await error(spec, refitted.bytes, feeds), await error(spec, left.bytes, feeds)];
  expect(a).toBeLessThan(b);
});

/** The same weights in cells, one after the other: h = tanh(x W + b + h R), five times. */
function unrolledModel(twins: boolean): ModelSpec {
  const b = new Builder();
  b.weight('w', [INPUTS, HIDDEN]);
  b.weight('b', [HIDDEN]);
  b.weight('r', [HIDDEN, HIDDEN]);
  b.node('MatMul', 'h', ['x0', b.weight('first', [INPUTS, HIDDEN])]);
  let h = 'h';
  for (let t = 0; t < 5; t++) {
    b.node('Gemm', `in${t}`, [`x${t}`, 'w', 'b']);
    b.node('MatMul', `fed${t}`, [h, 'r']);
    b.node('Add', `sum${t}`, [`in${t}`, `fed${t}`]);
    h = b.node('Tanh', `h${t}`, [`sum${t}`]);
  }
  b.node('MatMul', 'y', [h, b.weight('w2', [HIDDEN, 3])]);
  const initializers = b.initializers.map((tensor) => {
    if (!twins || tensor.name === 'w2') return tensor;
    const data = tensor.data.slice() as Float32Array;
    for (let at = 0; at < data.length; at++) if (at % HIDDEN >= HIDDEN / 2) data[at] = data[at - HIDDEN / 2]!;
    return { ...tensor, data };
  });
  return {
    opset: 17,
    inputs: Array.from({ length: 5 }, (_, t) => ({ name: `x${t}`, dtype: 'float32', shape: ['n', INPUTS] })),
    outputs: [{ name: 'y', dtype: 'float32', shape: ['n', 3] }],
    nodes: b.nodes,
    initializers,
  };
}

describe('a recurrent layer that was unrolled, its weights read again behind what they have made', () => {
  test('gives what it gave where states are others', async () => {
    const spec = unrolledModel(true);
    const { plan, bytes } = await prune(spec, { data: datasetFor(spec, 64), ratio: 0.5 });
    const { kept } = plan.groups.find(({ lanes }) => lanes === HIDDEN)!;
    expect(kept.map((lane) => lane % 4).sort()).toEqual([0, 1, 2, 3]);
    expect(await distance(spec, bytes, feedsFor(spec, 6, 9))).toBeLessThan(2e-4);
  });

  test('is closer to the original than without a refit', async () => {
    const spec = unrolledModel(false);
    const [data, feeds] = [datasetFor(spec, 128), feedsFor(spec, 64, 9)];
    const refitted = await prune(spec, { data, ratio: 0.5 });
    const left = await prune(spec, { data, ratio: 0.5, reconstruct: false });
    expect(await error(spec, refitted.bytes, feeds)).toBeLessThan(await error(spec, left.bytes, feeds));
  });
});

describe('the h that each step reads', () => {
  const [steps, batch, directions, hidden] = [3, 2, 2, 2];
  const next = random(8);
  const y = Float32Array.from({ length: steps * directions * batch * hidden }, next);
  const first = Float32Array.from({ length: directions * batch * hidden }, next);
  const sequenceFirst = { type: 'float32', data: y, dims: [steps, directions, batch, hidden] } as const;
  const recurrence = { states: 'y', batchFirst: false } as Recurrence;
  const at = (t: number, d: number, b: number): number[] => {
    const from = ((t * directions + d) * batch + b) * hidden;
    return Array.from(y.subarray(from, from + hidden));
  };
  const start = (d: number, b: number): number[] =>
    Array.from(first.subarray((d * batch + b) * hidden, (d * batch + b + 1) * hidden));

  test('of the step before, forwards and backwards', () => {
    const forward = statesBefore(recurrence, { index: 0, reversed: false }, sequenceFirst, first, undefined);
    expect(Array.from(forward)).toEqual(
      [start(0, 0), start(0, 1), at(0, 0, 0), at(0, 0, 1), at(1, 0, 0), at(1, 0, 1)].flat(),
    );
    const backward = statesBefore(recurrence, { index: 1, reversed: true }, sequenceFirst, first, undefined);
    expect(Array.from(backward)).toEqual(
      [at(1, 1, 0), at(1, 1, 1), at(2, 1, 0), at(2, 1, 1), start(1, 0), start(1, 1)].flat(),
    );
  });

  test('a sequence that is shorter begins backwards at its own end, and has no rows beyond it', () => {
    const backward = statesBefore(recurrence, { index: 1, reversed: true }, sequenceFirst, undefined, [2, 3]);
    const zero = [0, 0];
    expect(Array.from(backward)).toEqual([at(1, 1, 0), at(1, 1, 1), zero, at(2, 1, 1), zero, zero].flat());
    expect(Array.from(rowsSeen(recurrence, { steps, batch, directions, hidden }, [2, 3], 1))).toEqual([
      0, 1, 2, 3, 5,
    ]);
    expect(Array.from(rowsSeen(recurrence, { steps, batch, directions, hidden }, [2, 3], 2))).toEqual([
      0, 2, 5,
    ]);
  });

  test('the same of batches first', () => {
    const turned = new Float32Array(y.length);
    for (let b = 0; b < batch; b++)
      for (let t = 0; t < steps; t++)
        for (let d = 0; d < directions; d++)
          turned.set(at(t, d, b), ((b * steps + t) * directions + d) * hidden);
    const own = { ...recurrence, batchFirst: true };
    const states = { type: 'float32', data: turned, dims: [batch, steps, directions, hidden] } as const;
    const forward = statesBefore(own, { index: 1, reversed: false }, states, undefined, undefined);
    const zero = [0, 0];
    expect(Array.from(forward)).toEqual(
      [zero, at(0, 1, 0), at(1, 1, 0), zero, at(0, 1, 1), at(1, 1, 1)].flat(),
    );
  });

  test('beside what comes in', () => {
    const [a, b] = [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6, 7, 8, 9)];
    expect(Array.from(beside(Int32Array.of(0, 2), a, 1, b, 2))).toEqual([1, 4, 5, 3, 8, 9]);
  });
});
