import { expect, test } from 'vitest';
import { writeSingleNode } from '../../src/model/write.js';
import { onnxruntime } from '../../src/runtime/onnxruntime.js';

test('a model of one node, with attributes of each kind, runs', async () => {
  const bytes = writeSingleNode({
    irVersion: 8,
    opsets: [{ domain: '', version: 17 }],
    op: 'Conv',
    domain: '',
    attributes: {
      auto_pad: { type: 'string', value: 'NOTSET' },
      pads: { type: 'ints', value: [1, 1, 1, 1] },
      group: { type: 'int', value: 2 },
    },
    operands: [
      { dtype: 'float32', dims: [1, 4, 8, 8], stored: false },
      { dtype: 'float32', dims: [6, 2, 3, 3], stored: true },
      undefined,
    ],
    outputs: 1,
    dtype: 'float32',
  })!;
  const session = await onnxruntime().load(bytes);
  expect(session.inputs).toEqual([{ name: 'x0', dtype: 'float32', shape: [1, 4, 8, 8] }]);
  const x0 = { type: 'float32', data: new Float32Array(256).fill(1), dims: [1, 4, 8, 8] } as const;
  const { outputs } = await session.run({ x0 });
  expect(outputs.y0).toMatchObject({ dims: [1, 6, 8, 8], data: new Float32Array(384) });
  await session.dispose();
});

test('floats keep their value', async () => {
  const session = await onnxruntime().load(
    writeSingleNode({
      irVersion: 8,
      opsets: [{ domain: '', version: 17 }],
      op: 'LeakyRelu',
      domain: '',
      attributes: { alpha: { type: 'float', value: 0.25 } },
      operands: [{ dtype: 'float32', dims: [2], stored: false }],
      outputs: 1,
      dtype: 'float32',
    })!,
  );
  const x0 = { type: 'float32', data: new Float32Array([-4, 4]), dims: [2] } as const;
  expect((await session.run({ x0 })).outputs.y0?.data).toEqual(new Float32Array([-1, 4]));
  await session.dispose();
});

test('a node that holds a tensor or a graph is not written', () => {
  expect(
    writeSingleNode({
      ...{ irVersion: 8, opsets: [], op: 'Constant', domain: '', operands: [], outputs: 1, dtype: 'float32' },
      attributes: { value: { type: 'tensor', value: 0 } },
    }),
  ).toBeUndefined();
});
