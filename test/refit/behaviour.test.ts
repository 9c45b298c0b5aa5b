import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PlanOptions, Progress, Runtime } from '../../src/index.js';
import { onnxruntime, openModel } from '../../src/index.js';
import { Builder } from '../support/builder.js';
import type { Step } from '../support/convnets.js';
import { growConvnet } from '../support/convnets.js';
import { encodeModel } from '../support/onnx.js';
import { datasetFor } from './refits.js';

const steps: Step[] = (['conv', 'batchNorm', 'activation', 'residual', 'conv', 'pointwise'] as const).map(
  (kind, i) => ({ kind, pick: 6 * i, size: i + 4 }),
);
const spec = growConvnet(steps, 3);
const bytes = encodeModel(spec);
const data = datasetFor(spec, 16);
const options: PlanOptions = { data, criterion: 'information', ratio: 0.5, roundTo: 1 };

async function pruned(more: Partial<PlanOptions> = {}): Promise<Uint8Array> {
  using model = await openModel(bytes);
  return (await model.prune({ ...options, ...more })).toBytes();
}

test('the same bytes again, on any number of threads', async () => {
  const first = await pruned({ threads: 1 });
  expect(await pruned({ threads: 1 })).toEqual(first);
  expect(await pruned({ threads: 2 })).toEqual(first);
  expect(await pruned({ reconstruct: false })).not.toEqual(first);
});

test('the same with a budget, for which widths are tried', async () => {
  const budget: PlanOptions = { data, criterion: 'information', policy: 'allocate', macs: 0.5 };
  using model = await openModel(bytes);
  const first = await (await model.prune({ ...budget, threads: 1 })).toBytes();
  using other = await openModel(bytes);
  expect(await (await other.prune({ ...budget, threads: 2 })).toBytes()).toEqual(first);
});

test('progress rises through the layers, and ends', async () => {
  const seen: Progress[] = [];
  await pruned({ onProgress: (progress) => void seen.push(progress) });
  const refits = seen.filter(({ phase }) => phase === 'reconstruct');
  expect(refits.length).toBeGreaterThan(2);
  expect(refits[0]!.done).toBe(0);
  expect(refits.at(-1)!.done).toBe(refits.at(-1)!.total);
  for (const [index, { done, total }] of refits.entries()) {
    expect(total).toBe(refits[0]!.total);
    expect(done).toBeGreaterThanOrEqual(refits[Math.max(0, index - 1)]!.done);
  }
  // What it consists of is not told.
  const phases = [...new Set(seen.map(({ phase }) => phase))];
  expect(phases.indexOf('reconstruct')).toBe(phases.length - 1);
  expect(phases).not.toContain('moments');
});

const left = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('espalier'));

test.each(['calibrate', 'score', 'reconstruct'])(
  'aborted while it says %s: rejects with the reason',
  async (phase) => {
    const before = left();
    const controller = new AbortController();
    const reason = new Error('enough');
    const folder = mkdtempSync(join(tmpdir(), 'refit-'));
    try {
      using model = await openModel(bytes);
      const onProgress = (progress: Progress): void => {
        if (progress.phase === phase && (phase !== 'reconstruct' || progress.done > 0))
          controller.abort(reason);
      };
      const result = model
        .prune({ ...options, signal: controller.signal, onProgress })
        .then((own) => own.save(join(folder, 'pruned.onnx')));
      await expect(result).rejects.toBe(reason);
      expect(controller.signal.aborted).toBe(true);
      expect(readdirSync(folder)).toEqual([]);
      expect(left()).toEqual(before);
      // The model is as it was, and can be pruned still.
      const again = await (await model.prune(options)).toBytes();
      expect(again).toEqual(await pruned());
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test('aborted while widths are tried: the same model can be asked again', async () => {
  const budget: PlanOptions = { data, criterion: 'information', policy: 'allocate', macs: 0.5 };
  using model = await openModel(bytes);
  const controller = new AbortController();
  const reason = new Error('enough');
  const ort = onnxruntime();
  let loads = 0;
  const runtime: Runtime = {
    load: (...given) => {
      loads += 1;
      // The first load observes the original; the second is the first of the trials.
      if (loads === 2) controller.abort(reason);
      return ort.load(...given);
    },
  };
  const asked = { ...budget, runtime };
  await expect(model.prune({ ...asked, signal: controller.signal })).rejects.toBe(reason);
  expect(loads).toBe(2);
  using other = await openModel(bytes);
  const expected = await (await other.prune(budget)).toBytes();
  expect(await (await model.prune(asked)).toBytes()).toEqual(expected);
});

test('what a listener of progress throws comes back', async () => {
  const problem = new Error('no more');
  const onProgress = ({ phase, done }: Progress): void => {
    if (phase === 'reconstruct' && done > 0) throw problem;
  };
  await expect(pruned({ onProgress })).rejects.toBe(problem);
});

test('whoever aborts takes nobody with it who waits for the same', async () => {
  using model = await openModel(bytes);
  const controller = new AbortController();
  const leaves = model.prune({
    ...options,
    signal: controller.signal,
    onProgress: ({ phase }) => {
      if (phase === 'calibrate') controller.abort(new Error('enough'));
    },
  });
  const stays = model.prune(options);
  await expect(leaves).rejects.toThrow('enough');
  expect(await (await stays).toBytes()).toEqual(await pruned());
});

test('a weight that two nodes share, of which one adds what is computed', async () => {
  const b = new Builder();
  const hidden = (name: string): string =>
    b.node('Relu', `${name}.relu`, [b.node('Gemm', name, ['x', b.weight(`${name}.w`, [6, 24])])]);
  const [left, right] = [hidden('left'), hidden('right')];
  const shared = b.weight('shared.w', [24, 8]);
  const addend = b.node('Gemm', 'addend', ['x', b.weight('addend.w', [6, 8])]);
  b.nodes.push(
    { op: 'Gemm', inputs: [left, shared, b.weight('shared.b', [8])], outputs: ['y'], name: 'plain' },
    { op: 'Gemm', inputs: [right, shared, addend], outputs: ['z'], name: 'adding' },
  );
  const spec = {
    opset: 13,
    nodes: b.nodes,
    initializers: b.initializers,
    inputs: [{ name: 'x', shape: ['n', 6] }],
    outputs: ['y', 'z'].map((name) => ({ name, shape: ['n', 8] })),
  };
  using model = await openModel(encodeModel(spec));
  const result = await model.prune({ data: datasetFor(spec, 200), macs: 0.6, roundTo: 1 });
  expect(result.after.macs).toBeLessThanOrEqual(0.6 * result.before.macs);
  const session = await onnxruntime().load(await result.toBytes());
  await session.dispose();
});
