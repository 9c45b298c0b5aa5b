import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { onnxruntime, onnxruntimeWeb } from '../../src/runtime/onnxruntime.js';
import { externallyStored } from './external.js';
import { model, shared, tensorType } from './models.js';

const negation = (type: number, shape: readonly (number | string)[] = [3]): Uint8Array =>
  model({
    nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }],
    inputs: [{ name: 'x', type, shape }],
    outputs: [{ name: 'y', type, shape }],
  });

/** A project in which only these packages are installed; gives what to look from. */
async function projectWith(...names: readonly string[]): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'espalier-runtime-'));
  await mkdir(join(root, 'node_modules'));
  for (const name of names)
    await symlink(
      fileURLToPath(new URL(`../../node_modules/${name}`, import.meta.url)),
      join(root, 'node_modules', name),
    );
  return join(root, 'package.json');
}

describe('onnxruntime-web in a worker', () => {
  test('answers with names, types, shapes and tensors as onnxruntime-node does', async () => {
    const bytes = model({
      nodes: [{ op: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
      inputs: [{ name: 'x', type: tensorType.int64, shape: ['n', 2] }],
      outputs: [{ name: 'y', type: tensorType.int64, shape: ['n', 2] }],
    });
    const x = { type: 'int64', data: new BigInt64Array([1n, 2n, 3n, 2n ** 60n]), dims: [2, 2] } as const;
    const answers = [];
    for (const runtime of [onnxruntime(), onnxruntimeWeb()]) {
      const session = await runtime.load(bytes, { threads: 1 });
      answers.push([session.inputs, session.outputs, (await session.run({ x })).outputs]);
      await session.dispose();
      await session.dispose();
    }
    expect(answers[1]).toEqual(answers[0]);
  });

  test.each([
    ['float16', tensorType.float16, new Uint16Array([0x3c00, 0xc000, 0x7bff]), [0xbc00, 0x4000, 0xfbff]],
    ['float32', tensorType.float32, new Float32Array([1, -2, 0.5]), [-1, 2, -0.5]],
    ['float64', tensorType.float64, new Float64Array([1, -2, 1e300]), [-1, 2, -1e300]],
    ['int32', tensorType.int32, new Int32Array([1, -2, 2 ** 30]), [-1, 2, -(2 ** 30)]],
  ] as const)('%s goes in and out', async (type, number, data, expected) => {
    const session = await onnxruntimeWeb().load(negation(number));
    const { outputs } = await session.run({ x: { type, data, dims: [3] } });
    expect(outputs.y?.type).toBe(type);
    expect(Array.from(outputs.y!.data as Float32Array)).toEqual(expected);
    await session.dispose();
  });

  test('what is not a model, and what does not fit, fail with the runtime’s words', async () => {
    await expect(onnxruntimeWeb().load(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({
      code: 'RUNTIME_FAILED',
    });
    const session = await onnxruntimeWeb().load(negation(tensorType.float32));
    const wrong = { x: { type: 'float32', data: new Float32Array(2), dims: [2] } } as const;
    await expect(session.run(wrong)).rejects.toThrow(/Got: 2 Expected: 3/);
    await session.dispose();
    await expect(session.run(wrong)).rejects.toThrow(/disposed/);
  });

  test('data beside the model are found', async () => {
    const root = await mkdtemp(join(tmpdir(), 'espalier-external-'));
    await mkdir(join(root, 'more'));
    await writeFile(join(root, 'm.onnx'), externallyStored('more/w.bin', 4));
    await writeFile(join(root, 'more/w.bin'), new Float32Array([10, 20, 30, 40]));
    for (const runtime of [onnxruntime(), onnxruntimeWeb()]) {
      const session = await runtime.load(join(root, 'm.onnx'));
      const { outputs } = await session.run({
        x: { type: 'float32', data: new Float32Array([1, 2, 3, 4]), dims: [4] },
      });
      expect(outputs.y?.data).toEqual(new Float32Array([11, 22, 33, 44]));
      await session.dispose();
    }
  });

  test('data outside the model’s folder, and a model that is not there, are told before', async () => {
    const root = await mkdtemp(join(tmpdir(), 'espalier-external-'));
    await writeFile(join(root, 'm.onnx'), externallyStored('../w.bin', 4));
    await expect(onnxruntimeWeb().load(join(root, 'm.onnx'))).rejects.toMatchObject({
      code: 'EXTERNAL_DATA',
      what: expect.stringContaining('../w.bin'),
    });
    await expect(onnxruntimeWeb().load(join(root, 'none.onnx'))).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
  });

  test('takes over where onnxruntime-node is not installed', async () => {
    const only = await projectWith('onnxruntime-web');
    const session = await onnxruntime([only]).load(negation(tensorType.float32));
    const { outputs } = await session.run({
      x: { type: 'float32', data: new Float32Array([1, 2, 3]), dims: [3] },
    });
    expect(outputs.y?.data).toEqual(new Float32Array([-1, -2, -3]));
    await session.dispose();
    await expect(onnxruntimeWeb([await projectWith()]).load('any.onnx')).rejects.toMatchObject({
      code: 'RUNTIME_MISSING',
      todo: 'Install it: npm install onnxruntime-web',
    });
  });

  test.skipIf(!existsSync(shared('models')))(
    'aborting in the middle of a run rejects with the reason at once (needs ../shared)',
    async () => {
      const stop = new AbortController();
      const session = await onnxruntimeWeb().load(shared('models/lenet5_mnist.onnx'), {
        signal: stop.signal,
      });
      const input = {
        type: 'float32',
        data: new Float32Array(2048 * 784).fill(0.5),
        dims: [2048, 1, 28, 28],
      } as const;
      const running = session.run({ input });
      setTimeout(() => stop.abort(new Error('enough')), 20);
      await expect(running).rejects.toThrow('enough');
      await session.dispose();
    },
  );
});
