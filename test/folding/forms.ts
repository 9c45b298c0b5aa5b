import { Builder } from '../support/builder.js';
import type { ModelSpec } from '../support/onnx.js';

/** Nodes that make a weight of these lengths of stored tensors whose names begin with `name`; gives the value. */
export type Form = (b: Builder, name: string, dims: readonly number[]) => string;

export const FORMS: Readonly<Record<string, Form>> = {
  'weight normalisation': (b, name, dims) => {
    const v = b.weight(`${name}.v`, dims);
    const norm = b.node('ReduceL2', `${name}.norm`, [v], { axes: [1, 2], keepdims: 1 });
    const unit = b.node('Div', `${name}.unit`, [v, norm]);
    return b.node('Mul', `${name}.weight`, [unit, b.weight(`${name}.g`, [dims[0]!, 1, 1])]);
  },
  'weight standardisation': (b, name, dims) => {
    const w = b.weight(`${name}.w`, dims);
    const mean = b.node('ReduceMean', `${name}.mean`, [w], { axes: [1, 2], keepdims: 1 });
    const centred = b.node('Sub', `${name}.centred`, [w, mean]);
    const square = b.node('Mul', `${name}.square`, [centred, centred]);
    const variance = b.node('ReduceMean', `${name}.variance`, [square], { axes: [1, 2], keepdims: 1 });
    const small = b.weight(`${name}.eps`, [1]);
    const shifted = b.node('Add', `${name}.shifted`, [variance, b.node('Abs', `${name}.small`, [small])]);
    return b.node('Div', `${name}.weight`, [centred, b.node('Sqrt', `${name}.deviation`, [shifted])]);
  },
  'low-rank sums': (b, name, dims) => {
    const [o, i, k] = dims as [number, number, number];
    const low = b.node('MatMul', `${name}.low`, [
      b.weight(`${name}.B`, [o, 2]),
      b.weight(`${name}.A`, [2, i * k]),
    ]);
    const seen = b.node('Reshape', `${name}.seen`, [low, b.ints(`${name}.shape`, [o, i, k])]);
    const scaled = b.node('Mul', `${name}.scaled`, [seen, b.weight(`${name}.alpha`, [1])]);
    return b.node('Add', `${name}.weight`, [b.weight(`${name}.w`, dims), scaled]);
  },
  'weights seen in other lengths': (b, name, dims) => {
    const flat = b.weight(`${name}.w`, [dims[0]!, dims[1]! * dims[2]!]);
    return b.node('Reshape', `${name}.weight`, [flat, b.ints(`${name}.shape`, dims)]);
  },
  'weights joined of others': (b, name, dims) => {
    const [o, i, k] = dims as [number, number, number];
    const parts = [b.weight(`${name}.a`, [2, i, k]), b.weight(`${name}.b`, [o - 2, i, k])];
    return b.node('Concat', `${name}.weight`, parts, { axis: 0 });
  },
};

/** x [n 3 8] -> Conv of 8 lanes -> ReLU -> Conv to 6 lanes -> LeakyRelu -> Conv. `again`: half of the first lanes are others, scaled. */
export function modelOf(form: Form, seed: number, kernel = 3, again = false): ModelSpec {
  const b = new Builder();
  for (let skipped = 0; skipped < seed; skipped++) b.weight(`skipped${skipped}`, [7]);
  b.initializers.length = 0;
  const own = kernel === 3 ? 3 : kernel / 2;
  const conv = (name: string, x: string, o: number, weight: string): string =>
    b.node('Conv', name, [x, weight, b.weight(`${name}.bias`, [o])], { pads: [1, 1] });
  const first = b.weight('w0', [8, 3, 3]);
  let x = conv('c0', 'x', 8, first);
  if (again) {
    const repeat = (name: string, inner: number): void => {
      const found = b.initializers.find((tensor) => tensor.name === name)!.data as Float32Array;
      for (let at = 4 * inner; at < 8 * inner; at++) found[at] = found[at - 4 * inner]! * 2;
    };
    repeat('w0', 9);
    repeat('c0.bias', 1);
  }
  x = b.node('Relu', 'r0', [x]);
  if (!again) x = b.node('LeakyRelu', 'r1', [conv('c1', x, 6, form(b, 'l1', [6, 8, own]))]);
  const last = b.node('Conv', 'y', [x, form(b, 'l2', [5, again ? 8 : 6, own]), b.weight('y.bias', [5])], {
    pads: [1, 1],
  });
  return {
    opset: 13,
    inputs: [{ name: 'x', shape: ['n', 3, 8] }],
    outputs: [{ name: last, shape: ['n', 5, 't'] }],
    initializers: b.initializers,
    nodes: b.nodes,
  };
}
