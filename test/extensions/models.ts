import { Builder } from '../support/builder.js';
import { encodeModel, type ModelSpec, type NodeSpec } from '../support/onnx.js';

/** x [n 4] -> w1 -> 8 lanes -> Relu -> w2 -> 6 lanes -> Relu -> w3 -> y [n 3] */
export function threeLayers(): Uint8Array {
  const b = new Builder();
  b.weight('w1', [4, 8]);
  b.weight('w2', [8, 6]);
  b.weight('w3', [6, 3]);
  b.node('Relu', 'r1', [b.node('MatMul', 'h1', ['x', 'w1'])]);
  b.node('Relu', 'r2', [b.node('MatMul', 'h2', ['r1', 'w2'])]);
  b.node('MatMul', 'y', ['r2', 'w3']);
  return encodeModel(spec(b, 'n 4', 'n 3'));
}

/** Samples for it. */
export const samples = {
  x: { data: Float32Array.from({ length: 128 }, (_, i) => Math.sin(i * i)), dims: [32, 4] },
};

/** x [n 3 8 8] -> conv, 6 channels -> nodes between -> conv, 4 channels -> y. What stands between reads `c` and makes `g`. */
export function specBetween(nodes: readonly NodeSpec[], prepare: (b: Builder) => void = () => {}): ModelSpec {
  const b = new Builder();
  b.weight('first', [6, 3, 3, 3]);
  b.weight('second', [4, 6, 1, 1]);
  prepare(b);
  b.node('Conv', 'c', ['x', 'first']);
  b.nodes.push(...nodes);
  b.node('Conv', 'y', ['g', 'second']);
  return spec(b, 'n 3 8 8', 'n 4 6 6');
}

export const between = (...given: Parameters<typeof specBetween>): Uint8Array =>
  encodeModel(specBetween(...given));

/** x [n 4] times a weight [4 8] that a node makes of `w` as `m`. */
export function specOfWeight(node: NodeSpec): ModelSpec {
  const b = new Builder();
  b.weight('w', [4, 8]);
  b.nodes.push(node);
  b.node('MatMul', 'y', ['x', 'm']);
  return spec(b, 'n 4', 'n 8');
}

const spec = (b: Builder, x: string, y: string): ModelSpec => ({
  opset: 17,
  nodes: b.nodes,
  initializers: b.initializers,
  inputs: [{ name: 'x', shape: shapeOf(x) }],
  outputs: [{ name: 'y', shape: shapeOf(y) }],
});

const shapeOf = (text: string): (number | string)[] =>
  text.split(' ').map((length) => (/^\d+$/.test(length) ? Number(length) : length));
