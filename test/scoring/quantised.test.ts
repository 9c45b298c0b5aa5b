import { expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import type { ModelSpec, NodeSpec, TensorSpec } from '../support/onnx.js';
import { encodeModel } from '../support/onnx.js';
import type { Storage } from '../support/quantised.js';
import { QuantisedModel } from '../support/quantised.js';

/** Weights behind DequantizeLinear, along one of two axes, also in blocks. */
function layers(storage: Storage, block?: number): ModelSpec {
  const m = new QuantisedModel(5, 21);
  const weight = (dims: readonly [number, number]): string => {
    if (block === undefined) return m.dequantised(dims, storage);
    const places = [dims[0] / block, dims[1]];
    const by = [m.floats(places, () => 0.1 + Math.abs(m.next())), m.integers(storage.dtype, places)];
    const attributes = { axis: 0, block_size: block };
    return m.node('DequantizeLinear', [m.integers(storage.dtype, dims), ...by], attributes);
  };
  const hidden = m.node('Relu', [m.node('MatMul', ['x', weight([6, 12])])]);
  const y = m.node('MatMul', [m.node('MatMul', [hidden, weight([12, 8])]), weight([8, 2])]);
  return m.model([{ name: 'x', shape: ['n', 6] }], y, ['n', 2]);
}

/** The model with the floats that its weights stand for, by the definition of DequantizeLinear. */
function twin(model: ModelSpec): ModelSpec {
  const stored = new Map(model.initializers.map((own) => [own.name, own]));
  const made: TensorSpec[] = [];
  const isWeight = ({ op, inputs }: NodeSpec): boolean => op === 'DequantizeLinear' && stored.has(inputs[0]!);
  for (const { inputs, outputs, attributes } of model.nodes.filter(isWeight)) {
    const [q, scale, point] = inputs.map((name) => stored.get(name)!) as [TensorSpec, TensorSpec, TensorSpec];
    const [, columns] = q.dims as [number, number];
    const block = attributes?.block_size as number | undefined;
    const placeOf = (row: number, column: number): number => {
      if (scale.data.length === 1) return 0;
      if (block !== undefined) return Math.floor(row / block) * columns + column;
      return attributes?.axis === 0 ? row : column;
    };
    const data = Float32Array.from(q.data as Int8Array, (value, i) => {
      const place = placeOf(Math.floor(i / columns), i % columns);
      return (value - Number(point.data[place])) * Number(scale.data[place]);
    });
    made.push({ name: outputs[0]!, dims: q.dims, data });
  }
  const nodes = model.nodes.filter((node) => !isWeight(node));
  return { ...model, nodes, initializers: [...model.initializers, ...made] };
}

async function scoresOf(spec: ModelSpec, criterion: string): Promise<readonly number[][]> {
  using model = await openModel(encodeModel(spec));
  return (await model.score({ criterion })).map(({ scores }) => Array.from(scores));
}

const CASES: readonly (readonly [string, Storage, number?])[] = [
  ['int8, one scale', { dtype: 'int8' }],
  ['uint8, one scale', { dtype: 'uint8', zeroPoint: 100 }],
  ['uint8, a scale for each row', { dtype: 'uint8', zeroPoint: 100, axis: 0 }],
  ['int8, a scale for each column', { dtype: 'int8', axis: 1 }],
  ['int4, a scale for each column', { dtype: 'int4', axis: 1 }],
];

for (const [name, storage] of CASES) {
  test(`scores of quantised weights are those of what they stand for: ${name}`, async () => {
    const spec = layers(storage);
    for (const criterion of ['l1', 'l2', 'entropy']) {
      const wanted = await scoresOf(twin(spec), criterion);
      const found = await scoresOf(spec, criterion);
      expect(found.map(({ length }) => length)).toEqual([12, 8]);
      for (const [g, group] of found.entries())
        for (const [lane, score] of group.entries()) expect(score).toBeCloseTo(wanted[g]![lane]!, 5);
    }
  });
}

test('scores of weights quantised in blocks are those of what they stand for', async () => {
  const spec = layers({ dtype: 'uint4' }, 2);
  const [found] = await scoresOf(spec, 'l1');
  // Lanes are blocks of two columns; in the twin each column is one.
  const [columns] = await scoresOf(twin(spec), 'l1');
  const blocks = found!.map((_, i) => columns![2 * i]! + columns![2 * i + 1]!);
  expect(found!.length).toBe(6);
  for (const [i, score] of found!.entries()) expect(score).toBeCloseTo(blocks[i]!, 4);
});
