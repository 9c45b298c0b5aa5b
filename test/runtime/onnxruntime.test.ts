import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EspalierError } from '../../src/base/errors.js';
import { onnxruntime } from '../../src/runtime/onnxruntime.js';
import type { Session, Tensor } from '../../src/runtime/runtime.js';
import { model, shared, tensorType } from './models.js';

const images = (n: number): Tensor => ({
  type: 'float32',
  data: new Float32Array(n * 784).fill(0.5),
  dims: [n, 1, 28, 28],
});

describe('onnxruntime in a worker', () => {
  test('answers with names, types, shapes and tensors as onnxruntime has them', async () => {
    const session = await onnxruntime().load(
      model({
        nodes: [{ op: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
        inputs: [{ name: 'x', type: tensorType.int64, shape: ['n', 2] }],
        outputs: [{ name: 'y', type: tensorType.int64, shape: ['n', 2] }],
      }),
    );
    expect(session.inputs).toEqual([{ name: 'x', dtype: 'int64', shape: ['n', 2] }]);
    const { outputs, ms } = await session.run({
      x: { type: 'int64', data: new BigInt64Array([1n, 2n, 3n, 2n ** 60n]), dims: [2, 2] },
    });
    expect(outputs.y).toEqual({
      type: 'int64',
      data: new BigInt64Array([2n, 4n, 6n, 2n ** 61n]),
      dims: [2, 2],
    });
    expect(ms).toBeGreaterThan(0);
    await session.dispose();
    await session.dispose();
  });

  test('float16 goes in and out as bits', async () => {
    const session = await onnxruntime().load(
      model({
        nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }],
        inputs: [{ name: 'x', type: tensorType.float16, shape: [3] }],
        outputs: [{ name: 'y', type: tensorType.float16, shape: [3] }],
      }),
    );
    const { outputs } = await session.run({
      x: { type: 'float16', data: new Uint16Array([0x3c00, 0xc000, 0x7bff]), dims: [3] },
    });
    expect(outputs.y?.data).toEqual(new Uint16Array([0xbc00, 0x4000, 0xfbff]));
    await session.dispose();
  });

  test('a view is sent without the rest of its buffer', async () => {
    const session = await onnxruntime().load(
      model({
        nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }],
        inputs: [{ name: 'x', type: tensorType.float32, shape: [2] }],
        outputs: [{ name: 'y', type: tensorType.float32, shape: [2] }],
      }),
    );
    const { outputs } = await session.run({
      x: { type: 'float32', data: new Float32Array([9, 1, 2, 9]).subarray(1, 3), dims: [2] },
    });
    expect(outputs.y?.data).toEqual(new Float32Array([-1, -2]));
    await session.dispose();
  });

  test('what is not a model, and what does not fit, fail with the runtime’s words', async () => {
    await expect(onnxruntime().load(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({
      code: 'RUNTIME_FAILED',
    });
    const session = await onnxruntime().load(
      model({
        nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }],
        inputs: [{ name: 'x', type: tensorType.float32, shape: [2] }],
        outputs: [{ name: 'y', type: tensorType.float32, shape: [2] }],
      }),
    );
    const wrong = { x: { type: 'float32', data: new Float32Array(3), dims: [3] } } as const;
    await expect(session.run(wrong)).rejects.toThrow(/Got: 3 Expected: 2/);
    await session.dispose();
    await expect(session.run(wrong)).rejects.toThrow(/disposed/);
  });

  test('a missing peer says what to install', async () => {
    const nowhere = onnxruntime([join(tmpdir(), 'nothing-here', 'package.json')]);
    const error = await nowhere.load('any.onnx').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(EspalierError);
    expect(error).toMatchObject({
      code: 'RUNTIME_MISSING',
      todo: expect.stringContaining('npm install onnxruntime-node'),
    });
  });

  test('an aborted signal loads nothing', async () => {
    await expect(
      onnxruntime().load('any.onnx', { signal: AbortSignal.abort(new Error('no')) }),
    ).rejects.toThrow('no');
  });

  test.skipIf(!existsSync(shared('models')))(
    'aborting in the middle of a run rejects with the reason at once (needs ../shared)',
    async () => {
      const stop = new AbortController();
      const session = await onnxruntime().load(shared('models/lenet5_mnist.onnx'), { signal: stop.signal });
      const running = session.run({ input: images(4096) });
      setTimeout(() => stop.abort(new Error('enough')), 20);
      await expect(running).rejects.toThrow('enough');
      await expect(session.run({ input: images(1) })).rejects.toThrow('enough');
      await session.dispose();
    },
  );
});

describe('sessions that share a thread', () => {
  const scaled = (by: number) =>
    model({
      nodes: [{ op: 'Mul', inputs: ['x', 'w'], outputs: ['y'] }],
      inputs: [{ name: 'x', type: tensorType.float32, shape: [1] }],
      outputs: [{ name: 'y', type: tensorType.float32, shape: [1] }],
      weights: { w: { dims: [1], data: [by] } },
    });
  const x = { type: 'float32', data: new Float32Array([1]), dims: [1] } as const;
  const answer = async (session: Session) => (await session.run({ x })).outputs.y?.data[0];

  test('answer each for itself, in whatever order they go', async () => {
    const runtime = onnxruntime();
    const first = await runtime.load(scaled(2));
    const second = await runtime.load(scaled(3), { beside: first });
    await expect(runtime.load(new Uint8Array([1, 2]), { beside: first })).rejects.toThrow(/could not load/);
    expect([await answer(first), await answer(second)]).toEqual([2, 3]);
    await first.dispose();
    await first.dispose();
    await expect(answer(first)).rejects.toThrow(/disposed/);
    expect(await answer(second)).toBe(3);
    const third = await runtime.load(scaled(4), { beside: second });
    await second.dispose();
    expect(await answer(third)).toBe(4);
    await third.dispose();
    // Its thread has ended: another one is made.
    const fourth = await runtime.load(scaled(5), { beside: third });
    expect(await answer(fourth)).toBe(5);
    await fourth.dispose();
  });
});
