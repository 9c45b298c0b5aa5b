import { expect, test } from 'vitest';
import type { Plan, PlanOptions } from '../../src/index.js';
import { datasetOf, openModel } from '../../src/index.js';
import { compared } from '../../src/pipeline/stability.js';
import { mlp } from '../cli/espalier.js';

const samples = (count: number) =>
  datasetOf({ x: { type: 'float32', data: new Float32Array(4 * count).fill(1), dims: [count, 4] } });

const plan = (...groups: (readonly [id: string, lanes: number, kept: readonly number[]])[]): Plan => ({
  format: 'espalier-plan',
  version: 1,
  model: { sha256: '', file: '' },
  made: {},
  groups: groups.map(([id, lanes, kept]) => ({ id, lanes, kept, exact: true })),
  tensors: {},
});

test('two plans, compared over the groups that either cuts', () => {
  const first = plan(['a', 4, [0, 1]], ['b', 2, [0]]);
  const second = plan(['a', 4, [1, 2]]);
  expect(compared(first, second)).toEqual({
    jaccard: (1 / 3 + 1 / 2) / 2,
    same: (2 + 1) / 6,
    chance: (4 * 0.5 + 2 * 0.5) / 6,
    groups: [
      { id: 'a', lanes: 4, kept: [2, 2], jaccard: 1 / 3, same: 0.5 },
      { id: 'b', lanes: 2, kept: [1, 2], jaccard: 0.5, same: 0.5 },
    ],
  });
  expect(compared(plan(), plan())).toEqual({ jaccard: 1, same: 1, chance: 1, groups: [] });
});

test('a criterion that looks at weights alone agrees with itself', async () => {
  using model = await openModel(mlp(32));
  const stability = await model.stability({ ratio: 0.5, criterion: 'l2', data: samples(11) });
  expect(stability).toMatchObject({ samples: [5, 5], jaccard: 1, same: 1, chance: 0.5 });
  expect(stability.groups).toHaveLength(1);
});

test('a criterion that looks at samples agrees with itself as far as these are alike', async () => {
  using model = await openModel(mlp(32));
  const x = Float32Array.from({ length: 4 * 16 }, (_, i) => Math.sin(i * i) * (i < 32 ? 1 : i % 4));
  const stabilityOn = async (data: Float32Array) =>
    model.stability({
      ...{ ratio: 0.5, criterion: 'activation-variance', roundTo: 1 },
      data: datasetOf({ x: { type: 'float32', data, dims: [16, 4] } }),
    });
  const unlike = await stabilityOn(x);
  expect(unlike.same).toBeLessThan(1);
  expect(unlike.jaccard).toBeLessThan(1);
  expect(unlike.groups[0]).toMatchObject({ lanes: 32, kept: [16, 16] });
  const twice = Float32Array.from([...x.subarray(0, 32), ...x.subarray(0, 32)]);
  expect(await stabilityOn(twice)).toMatchObject({ same: 1, jaccard: 1 });
});

test.each<[string, Partial<PlanOptions>, string]>([
  ['no samples', {}, 'OPTION_INVALID'],
  ['one sample', { data: samples(1) }, 'DATA_MISMATCH'],
  ['no amount', { data: samples(4), ratio: 2 }, 'OPTION_INVALID'],
])('%s', async (_, options, code) => {
  using model = await openModel(mlp());
  await expect(model.stability({ ratio: 0.5, ...options })).rejects.toMatchObject({ code });
});
