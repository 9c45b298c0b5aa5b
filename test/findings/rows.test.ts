import { expect, test } from 'vitest';
import { report } from '../../src/index.js';
import { Builder } from '../support/builder.js';
import { encodeModel } from '../support/onnx.js';

/** x [n 8] -> 16 lanes -> seen in the shape that it has -> y [n 4]; `weight`: what its first weight is called. */
function reshaped(weight: string): Uint8Array {
  const b = new Builder();
  const hidden = b.node('MatMul', 'first', ['x', b.weight(weight, [8, 16])]);
  const length = b.node('Shape', 'shape', [hidden]);
  const doubled = b.node('Mul', 'twice', [b.weight('half', [16]), b.weight('other', [16])]);
  const same = b.node('Reshape', 'reshape', [hidden, b.node('Identity', 'lengths', [length])]);
  const scaled = b.node('Mul', 'scale', [same, doubled]);
  b.node('MatMul', 'y', [b.node('Relu', 'relu', [scaled]), b.weight('v', [16, 4])]);
  return encodeModel({
    ...{ opset: 17, nodes: b.nodes, initializers: b.initializers },
    inputs: [{ name: 'x', shape: ['n', 8] }],
    outputs: [{ name: 'y', shape: ['n', 4] }],
  });
}

test('nodes that compute lengths or constants alone are left out, and their weights belong to what reads these', async () => {
  const { data } = await report(reshaped('w'), undefined);
  const names = data.nodes.map(({ name }) => name);
  expect(names).toEqual(['first', 'reshape', 'scale', 'relu', 'y']);
  expect(data.edges.map(([from, to]) => `${names[from]} ${names[to]}`)).toEqual([
    ...['first reshape', 'reshape scale', 'scale relu', 'relu y'],
  ]);
  const readers = Object.fromEntries(data.tensors.map(({ name, node }) => [name, names[node]]));
  expect(readers).toEqual({ w: 'first', half: 'scale', other: 'scale', v: 'y' });
  expect(data.original.nodes).toBe(8);
});

test('a tensor that has another name is found where the same node reads it', async () => {
  const { data } = await report(reshaped('w'), reshaped('onnx::MatMul_7'), { compare: false });
  expect(data.tensors.map(({ name, left }) => [name, left])).toEqual(
    data.tensors.map(({ name, dims }) => [name, dims]),
  );
  expect(data.tensors[0]).toMatchObject({ name: 'w', left: [8, 16] });
});
