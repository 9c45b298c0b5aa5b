import { expect, test } from 'vitest';
import { datasetOf } from '../../src/data/dataset.js';
import { matchInputs } from '../../src/data/match.js';
import { BatchGrowth } from '../../src/execution/batchGrowth.js';
import type { StagedRun } from '../../src/execution/stagedRun.js';
import type { Feeds } from '../../src/runtime/runtime.js';

const ALL = 100;
const dataset = datasetOf({
  x: { type: 'float32', data: Float32Array.from({ length: 2 * ALL }, (_, i) => i), dims: [ALL, 2] },
});
const match = matchInputs(dataset, [{ name: 'x', dtype: 'float32', shape: ['n', 2] }]);

/** What takes batches along and holds so many bytes of the first. */
function models(bytes: number) {
  const taken: number[][] = [];
  const extend = async (batches: readonly Feeds[]): Promise<void> => {
    for (const { x } of batches)
      taken.push(Array.from(x!.data as Float32Array).filter((_, i) => i % 2 === 0));
  };
  const model = { bytes, extend } as unknown as StagedRun;
  return { taken, model };
}

async function grown(
  first: number,
  options: { inputs: number; rows: number; bytes?: number; macs?: number },
) {
  const { taken, model } = models(options.bytes ?? 1024);
  const sizes = { all: ALL, samples: first, batch: 8, memory: 2 ** 30 };
  const growth = new BatchGrowth(match, sizes, options.macs ?? 1, model, model, {});
  await growth.before(options.inputs, options.rows);
  return { samples: growth.samples, taken };
}

test('layers with few positions get more samples, the next ones in whole batches, in both models', async () => {
  const { samples, taken } = await grown(8, { inputs: 50, rows: 10 });
  expect(samples).toBe(24);
  const next = [8, 16].map((from) => Array.from({ length: 8 }, (_, i) => 2 * (from + i)));
  expect(taken).toEqual([...next, ...next]);
});

test('layers with many positions, and those that would get but few samples more, do without', async () => {
  expect(await grown(8, { inputs: 50, rows: 1000 })).toEqual({ samples: 8, taken: [] });
  expect((await grown(16, { inputs: 50, rows: 10 })).samples).toBe(24);
  expect((await grown(24, { inputs: 70, rows: 10 })).samples).toBe(24);
});

test('there are no more than all, than what can be held, and than what may be computed again', async () => {
  const all = await grown(8, { inputs: 5000, rows: 1 });
  expect(all.samples).toBe(ALL);
  expect(all.taken.at(-1)).toHaveLength(4);
  expect((await grown(8, { inputs: 5000, rows: 1, bytes: 16 * 2 ** 20 })).samples).toBe(32);
  expect((await grown(8, { inputs: 5000, rows: 1, macs: 4e11 / 32 })).samples).toBe(40);
});
