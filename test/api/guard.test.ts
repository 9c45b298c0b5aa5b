import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Guard, PlanOptions, Runtime } from '../../src/index.js';
import { datasetOf, loadData, onnxruntime, openModel } from '../../src/index.js';
import { mlp } from '../cli/espalier.js';
import { shared } from '../runtime/models.js';

const samples = (count: number) =>
  datasetOf({
    x: {
      type: 'float32',
      data: Float32Array.from({ length: 4 * count }, (_, i) => Math.cos(i * i)),
      dims: [count, 4],
    },
    label: { type: 'int32', data: new Int32Array(count), dims: [count] },
  });

/** A choice that nothing repairs, so that guards have something to find. */
const plain = { roundTo: 1, criterion: 'entropy', reconstruct: false } as const;
const weak = { ...plain, ratio: 0.9 };

const prune = async (guard: readonly Guard[], options: Partial<PlanOptions> = {}) => {
  using model = await openModel(mlp(64));
  return await model.prune({ ...weak, data: samples(40), guard, ...options });
};

describe('a guard', () => {
  test('gives the smallest of the tried models that holds, judged on the last quarter', async () => {
    const pruned = await prune([{ metric: 'cosine', atLeast: 0.9 }]);
    const { guards, samples, calibration, tries } = pruned.guard!;
    expect([calibration, samples]).toEqual([30, 10]);
    expect(guards[0]).toMatchObject({ metric: 'cosine', atLeast: 0.9, output: 'y' });
    expect(guards[0]!.value).toBeGreaterThanOrEqual(0.9);
    expect(guards[0]!.interval[0]).toBeLessThan(guards[0]!.value);
    expect(tries[0]).toMatchObject({ severity: 1, ratio: 0.9, holds: false });
    expect(tries).toHaveLength(7);
    const held = tries.filter(({ holds }) => holds);
    expect(pruned.plan.made.ratio).toBe(Math.max(...held.map(({ ratio }) => ratio!)));
    expect(pruned.plan.groups[0]!.kept.length).toBeLessThan(64);
  });

  test('that the asked amount keeps costs one try', async () => {
    const pruned = await prune([{ metric: 'cosine', atLeast: -1 }]);
    expect(pruned.guard?.tries).toHaveLength(1);
    expect(pruned.plan.made.ratio).toBe(0.9);
  });

  test('of a budget backs off between the budget and the original', async () => {
    using model = await openModel(mlp(64));
    const { size } = model.inspect();
    for (const amount of [{ macs: 0.1 }, { params: 0.1 }, { bytes: 1000 }]) {
      const pruned = await model.prune({
        ...{ ...amount, ...plain, policy: 'global', criterion: 'l2', data: samples(40) },
        guard: [{ metric: 'cosine', atLeast: 0.9 }],
      });
      expect(pruned.guard!.tries.length).toBeGreaterThan(1);
      expect(pruned.after.macs).toBeLessThan(size.macs);
    }
  });

  test('several hold at once, and the same call gives the same bytes', async () => {
    const guard: Guard[] = [
      { metric: 'cosine', atLeast: 0.9 },
      { metric: 'kl', atMost: 0.2 },
      { metric: 'agreement', atLeast: 0.8 },
    ];
    using model = await openModel(mlp(64));
    const once = () => model.prune({ ...weak, data: samples(40), guard });
    const pruned = await once();
    expect(pruned.guard?.guards.map(({ metric }) => metric)).toEqual(['cosine', 'kl', 'agreement']);
    const again = await once();
    expect(again.guard).toEqual(pruned.guard);
    expect(Buffer.from(await again.toBytes()).equals(Buffer.from(await pruned.toBytes()))).toBe(true);
  });

  test('that nothing keeps fails with the best that was reached', async () => {
    await expect(
      prune([{ metric: 'cosine', atLeast: 1 }], { criterion: 'random', ratio: 0.95, data: samples(400) }),
    ).rejects.toMatchObject({
      code: 'GUARD_FAILED',
      what: expect.stringMatching(/cosine>=1 \(best 0\.\d+\) on the 100 samples/),
    });
  });

  test('that the original does not keep fails before anything is tried', async () => {
    await expect(prune([{ metric: 'accuracy', atLeast: 1 }], { labels: 'label' })).rejects.toMatchObject({
      code: 'GUARD_FAILED',
      what: expect.stringContaining('the original itself does not keep accuracy>=1'),
    });
  });

  test('looks at held-out samples only, and never gives them to calibration', async () => {
    const held: number[] = [];
    const calibration: number[] = [];
    const watching: Runtime = {
      load: async (model, options) => {
        const session = await onnxruntime().load(model, options);
        return {
          ...session,
          run: (feeds, how) => {
            // Calibration asks for what lies inside the model.
            const seen = how?.outputs?.includes('y') === false ? calibration : held;
            seen.push(...(feeds.x!.data as Float32Array).filter((_, i) => i % 4 === 0));
            return session.run(feeds, how);
          },
        };
      },
    };
    await prune([{ metric: 'cosine', atLeast: -1 }], { runtime: watching });
    const sample = (i: number) => Math.fround(Math.cos((4 * i) ** 2));
    expect(new Set(held)).toEqual(new Set(Array.from({ length: 10 }, (_, i) => sample(30 + i))));
    expect(new Set(calibration)).toEqual(new Set(Array.from({ length: 30 }, (_, i) => sample(i))));
  });

  test('of classes, for a model that has none', async () => {
    const { model: build, tensorType } = await import('../runtime/models.js');
    const shape = ['n', 4, 1];
    const bytes = build({
      nodes: [
        { op: 'MatMul', inputs: ['w1', 'x'], outputs: ['h'] },
        { op: 'MatMul', inputs: ['w2', 'h'], outputs: ['y'] },
      ],
      inputs: [{ name: 'x', type: tensorType.float32, shape }],
      outputs: [{ name: 'y', type: tensorType.float32, shape: ['n', 3, 1] }],
      weights: {
        w1: { dims: [8, 4], data: Array.from({ length: 32 }, (_, i) => Math.sin(i)) },
        w2: { dims: [3, 8], data: Array.from({ length: 24 }, (_, i) => Math.cos(i)) },
      },
    });
    using model = await openModel(bytes);
    const x = { type: 'float32', data: new Float32Array(32).fill(1), dims: [8, 4, 1] } as const;
    await expect(
      model.prune({ ratio: 0.5, data: datasetOf({ x }), guard: [{ metric: 'kl', atMost: 1 }] }),
    ).rejects.toMatchObject({ code: 'DATA_MISMATCH', what: expect.stringContaining('no output') });
  });

  test.each<[string, Partial<PlanOptions>]>([
    ['no samples', { guard: [{ metric: 'cosine', atLeast: 0.9 }] }],
    ['the wrong direction', { data: samples(4), guard: [{ metric: 'kl', atLeast: 0.9 }] }],
    ['both directions', { data: samples(4), guard: [{ metric: 'kl', atLeast: 0.9, atMost: 1 }] }],
    ['out of range', { data: samples(4), guard: [{ metric: 'fidelity', atLeast: 98 }] }],
    ['no labels', { data: samples(4), guard: [{ metric: 'accuracy', atLeast: 0.9 }] }],
    [
      'twice the same',
      {
        data: samples(4),
        guard: [
          { metric: 'cosine', atLeast: 0.9 },
          { metric: 'cosine', atLeast: 0.8 },
        ],
      },
    ],
  ])('that means nothing is refused: %s', async (_, options) => {
    using model = await openModel(mlp());
    await expect(model.prune({ ratio: 0.5, ...options })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });

  test('needs a sample to calibrate with and one held out', async () => {
    await expect(prune([{ metric: 'cosine', atLeast: 0 }], { data: samples(1) })).rejects.toMatchObject({
      code: 'DATA_MISMATCH',
    });
  });

  test('stops when it is told to', async () => {
    const stop = new AbortController();
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === 'guard') stop.abort(new Error('enough'));
    };
    await expect(
      prune([{ metric: 'cosine', atLeast: 0.999999 }], { signal: stop.signal, onProgress }),
    ).rejects.toThrow('enough');
  });
});

test.skipIf(!existsSync(shared('models')))('accuracy of LeNet-5 is kept (needs ../shared)', async () => {
  using model = await openModel(shared('models/lenet5_mnist.onnx'));
  const data = await loadData(shared('models/mnist.calib.npz'));
  const label = [...data.arrays.keys()].find((name) => name !== 'input')!;
  const pruned = await model.prune({
    ...{ ratio: 0.9, criterion: 'l2', data, labels: label },
    guard: [{ metric: 'accuracy', atLeast: 0.95 }],
  });
  const [guard] = pruned.guard!.guards;
  expect(guard!.value).toBeGreaterThanOrEqual(0.95);
  expect(pruned.guard!.samples).toBe(128);
  expect(pruned.after.params).toBeLessThan(0.9 * pruned.before.params);
});
