import { expect, test } from 'vitest';
import { prunesExactly } from '../support/exact.js';
import type { ModelSpec, NodeSpec } from '../support/onnx.js';
import { floats, integers } from '../support/onnx.js';
import { random } from '../support/random.js';
import { ruleTable } from '../support/ruleTable.js';

ruleTable('Pad', { opsets: [10] }, [['space, by attribute', { pads: [0, 0, 1, 0, 0, 1] }, '? a 3', '? a 5']]);
ruleTable('Pad', { opsets: [11, 13, 18] }, [
  ['space', {}, '? a 3, [0 0 1 0 0 1]', '? a 5'],
  ['space, mirrored', { mode: 'reflect' }, '? a 3, [0 0 1 0 0 1]', '? a 5'],
]);
ruleTable('Tile', { opsets: [9, 13] }, [['along lanes', {}, '? a 3, [1 2 1]', '? 2*a 3']]);

test('a centre crop spelled out: pads that stay nothing, places that stay or move', async () => {
  const seeds = [1, 2, 3, 4, 5, 6];
  for (const seed of seeds)
    expect(await prunesExactly(centreCrop(random(seed)), seed), `seed ${seed}`).toBe(true);
});

/** Pads to at least [10 7] and takes the middle, as CenterCropPad is defined; its axes are read by weights. */
function centreCrop(next: () => number): ModelSpec {
  const node = (op: string, inputs: readonly string[], output: string, axis?: number): NodeSpec => ({
    op,
    inputs,
    outputs: [output],
    ...(axis !== undefined && { attributes: { axis } }),
  });
  return {
    opset: 18,
    nodes: [
      node('Mul', ['x', 'w'], 'h'),
      node('Shape', ['h'], 'lengths'),
      node('Max', ['lengths', 'size'], 'padded lengths'),
      node('Sub', ['padded lengths', 'lengths'], 'missing'),
      node('Div', ['missing', 'two'], 'before'),
      node('Sub', ['missing', 'before'], 'after'),
      node('Concat', ['before', 'after'], 'pads', 0),
      node('Pad', ['h', 'pads'], 'padded'),
      node('Shape', ['padded'], 'found'),
      node('Sub', ['found', 'size'], 'spare'),
      node('Div', ['spare', 'two'], 'starts'),
      node('Add', ['starts', 'size'], 'ends'),
      node('Slice', ['padded', 'starts', 'ends'], 'middle'),
      node('MatMul', ['middle', 'v'], 'narrow'),
      node('Transpose', ['narrow'], 'turned'),
      node('MatMul', ['turned', 'u'], 'y'),
    ],
    inputs: [{ name: 'x', shape: [1, 1] }],
    outputs: [{ name: 'y', shape: [2, 3] }],
    initializers: [
      floats('w', [20, 10], next),
      floats('v', [7, 2], next),
      floats('u', [10, 3], next),
      integers('size', [10, 7]),
      integers('two', [2]),
    ],
  };
}
