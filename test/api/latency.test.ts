import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { datasetOf, onnxruntime, openModel, type Runtime, type Session } from '../../src/index.js';
import { growConvnet } from '../support/convnets.js';
import { encodeModel } from '../support/onnx.js';

const bytes = encodeModel(
  growConvnet(
    [
      { kind: 'conv', pick: 0, size: 16 },
      { kind: 'residual', pick: 0, size: 12 },
      { kind: 'conv', pick: 0, size: 24 },
    ],
    3,
  ),
);

/** A runtime by whose clock a model takes as many milliseconds as it has kilobytes; counts what it loads. */
function clockwork(name?: string): Runtime & { readonly loaded: number[] } {
  const loaded: number[] = [];
  const inner = new WeakMap<Session, Session>();
  return {
    ...(name !== undefined && { name }),
    loaded,
    load: async (model, options) => {
      const size = (model as Uint8Array).byteLength;
      loaded.push(size);
      const { beside, ...rest } = options ?? {};
      const shared = beside && inner.get(beside);
      const session = await onnxruntime().load(model, { ...rest, ...(shared && { beside: shared }) });
      const run: typeof session.run = async (...args) => ({
        ...(await session.run(...args)),
        ms: size / 1000,
      });
      const timed = { ...session, run };
      inner.set(timed, session);
      return timed;
    },
  };
}

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'espalier-latency-'));
  vi.stubEnv('XDG_CACHE_HOME', home);
});
afterEach(() => vi.unstubAllEnvs());

describe('a budget of latency', () => {
  test('is kept by what was predicted, and said so', async () => {
    using model = await openModel(bytes);
    for (const latency of [0.8, 0.5]) {
      const pruned = await model.prune({ latency, roundTo: 1, criterion: 'l2', runtime: clockwork() });
      expect(pruned.latency!.ratio).toBeLessThanOrEqual(latency);
      expect(pruned.latency!.ratio).toBeGreaterThan(latency - 0.15);
      expect(pruned.latency!.layers).toMatchObject({ measured: expect.any(Number), estimated: 0 });
      expect(pruned.latency!.predictedMs).toBeCloseTo(pruned.latency!.ratio * pruned.latency!.originalMs, 9);
      expect(pruned.plan.made.latency).toBe(latency);
      expect(pruned.after.macs).toBeLessThan(pruned.before.macs);
    }
  });

  test('measures once: the second time nothing, for the same runtime', async () => {
    const first = clockwork('clockwork 1');
    const second = clockwork('clockwork 1');
    const other = clockwork('clockwork 2');
    const points: number[] = [];
    const ratios: number[] = [];
    for (const runtime of [first, second, other]) {
      using model = await openModel(bytes);
      const { latency } = await model.prune({ latency: 0.5, criterion: 'l2', runtime });
      points.push(latency!.points);
      ratios.push(latency!.ratio);
    }
    expect(points).toEqual([points[0], 0, points[0]]);
    expect(points[0]).toBeGreaterThan(10);
    expect(second.loaded).toEqual([]);
    expect(ratios[1]).toBe(ratios[0]);
    expect(await readdir(join(home, 'espalier'))).toHaveLength(2);
  });

  test('of a runtime without a name, nothing is kept but in the model', async () => {
    const runtime = clockwork();
    using model = await openModel(bytes);
    await model.prune({ latency: 0.8, criterion: 'l2', runtime });
    const loads = runtime.loaded.length;
    await model.prune({ latency: 0.6, criterion: 'l2', runtime });
    expect(runtime.loaded).toHaveLength(loads);
    expect(await readdir(home)).toEqual([]);
  });

  test('with a guard backs off', async () => {
    using model = await openModel(bytes);
    const { inputs } = model.inspect();
    const [{ name, shape }] = inputs as [(typeof inputs)[number]];
    const dims = [8, ...shape.slice(1).map(Number)];
    const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * i));
    const pruned = await model.prune({
      ...{ latency: 0.4, roundTo: 1, criterion: 'l2', reconstruct: false, policy: 'global' },
      runtime: clockwork(),
      ...{ data: datasetOf({ [name]: { type: 'float32', data, dims } }) },
      guard: [{ metric: 'cosine', atLeast: 0.9 }],
    });
    const { tries } = pruned.guard!;
    expect(tries[0]).toMatchObject({ latency: 0.4, holds: false });
    expect(pruned.latency!.ratio).toBeGreaterThan(0.4);
  });

  test('that no model can keep is told', async () => {
    using model = await openModel(bytes);
    await expect(
      model.prune({ latency: 0.001, criterion: 'l2', runtime: clockwork() }),
    ).rejects.toMatchObject({ code: 'BUDGET_IMPOSSIBLE', what: expect.stringMatching(/^latency asks for/) });
    await expect(model.prune({ latency: 1.5 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    await expect(model.prune({ latency: 0.5, macs: 0.5 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });

  test('stops when it is told to, and keeps nothing', async () => {
    const stop = new AbortController();
    using model = await openModel(bytes);
    const onProgress = ({ phase, done }: { phase: string; done: number }) => {
      if (phase === 'measure' && done === 1) stop.abort(new Error('enough'));
    };
    await expect(
      model.prune({
        ...{ latency: 0.5, criterion: 'l2', runtime: clockwork('clockwork 1') },
        ...{ signal: stop.signal, onProgress },
      }),
    ).rejects.toThrow('enough');
    expect(await readdir(home)).toEqual([]);
  });
});
