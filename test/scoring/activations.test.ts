import { Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import type { EspalierError } from '../../src/base/errors.js';
import type { Dataset } from '../../src/data/dataset.js';
import { datasetOf } from '../../src/data/dataset.js';
import type { ScoreOptions } from '../../src/index.js';
import { openModel } from '../../src/index.js';
import { Builder } from '../support/builder.js';
import { run } from '../support/exact.js';
import type { ModelSpec } from '../support/onnx.js';
import { encodeModel, floats } from '../support/onnx.js';
import { random } from '../support/random.js';

const SAMPLES = 64;

/** x [n 6] -> 5 lanes -> ReLU -> 7 lanes, no non-linearity -> 3, with what lies between as outputs too. */
function network(): ModelSpec {
  const b = new Builder();
  b.node('MatMul', 'a', ['x', b.weight('w1', [6, 5])]);
  b.node('Relu', 'h', ['a']);
  b.node('MatMul', 'g', ['h', b.weight('w2', [5, 7])]);
  b.node('MatMul', 'y', ['g', b.weight('w3', [7, 3])]);
  const inputs = [{ name: 'x', shape: ['n', 6] }];
  const outputs = [{ name: 'y', shape: ['n', 3] }];
  return { opset: 17, nodes: b.nodes, initializers: b.initializers, inputs, outputs };
}

const model = network();
const x = floats('x', [SAMPLES, 6], random(3)).data as Float32Array;
const data: Dataset = datasetOf({ x: { type: 'float32', data: x, dims: [SAMPLES, 6] } });

/** The values of each lane of h and of g on the data. */
async function lanes(): Promise<readonly (readonly number[][])[]> {
  const shown = { ...model, outputs: ['h', 'g'].map((name) => ({ name, shape: ['n', 'm'] })) };
  const found = await run(encodeModel(shown), { x: new Tensor('float32', x, [SAMPLES, 6]) });
  return [5, 7].map((n, index) => {
    const values = Array.from(Object.values(found)[index]!.data as Float32Array);
    return Array.from({ length: n }, (_, lane) => values.filter((_, i) => i % n === lane));
  });
}

async function scores(options: ScoreOptions): Promise<readonly (readonly number[])[]> {
  using opened = await openModel(encodeModel(model));
  const groups = await opened.score({ data, ...options });
  expect(groups.map(({ id, lanes: count }) => [id, count])).toEqual([
    ['w1', 5],
    ['w2', 7],
  ]);
  return groups.map(({ scores: own }) => [...own]);
}

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
const variance = (values: readonly number[]): number => mean(values.map((v) => (v - mean(values)) ** 2));

function close(found: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  expect(found.map((own) => own.length)).toEqual(expected.map((own) => own.length));
  for (const [group, own] of expected.entries())
    for (const [lane, value] of own.entries()) expect(found[group]![lane]).toBeCloseTo(value, 5);
}

describe('criteria of activations are what their definitions say', () => {
  const statistics: Readonly<Record<string, (values: readonly number[]) => number>> = {
    'activation-mean': (values) => mean(values.map(Math.abs)),
    'activation-variance': variance,
    apoz: (values) => values.filter((value) => value !== 0).length / values.length,
  };
  for (const [criterion, of] of Object.entries(statistics))
    test(criterion, async () => {
      close(
        await scores({ criterion }),
        (await lanes()).map((group) => group.map(of)),
      );
    });

  test('wanda', async () => {
    const norms = ['w2', 'w3'].map((name, index) => {
      const [rows, columns] = [
        [5, 7],
        [7, 3],
      ][index] as [number, number];
      const weights = Array.from(model.initializers.find((own) => own.name === name)!.data, Number);
      return Array.from({ length: rows }, (_, row) =>
        Math.sqrt(weights.slice(row * columns, (row + 1) * columns).reduce((sum, w) => sum + w * w, 0)),
      );
    });
    const expected = (await lanes()).map((group, index) =>
      group.map((values, lane) => Math.sqrt(mean(values.map((v) => v * v))) * norms[index]![lane]!),
    );
    close(await scores({ criterion: 'wanda' }), expected);
  });

  test('entropy by histograms', async () => {
    const bits = (values: readonly number[], min: number, max: number): number => {
      const counts = new Map<number, number>();
      for (const value of values) {
        const bin = Math.min(7, Math.floor(((value - min) / (max - min)) * 8));
        counts.set(bin, (counts.get(bin) ?? 0) + 1);
      }
      return [...counts.values()].reduce((sum, k) => sum - (k / SAMPLES) * Math.log2(k / SAMPLES), 0);
    };
    const all = await lanes();
    const own = { of: 'activations', estimator: 'histogram', bins: 8 };
    close(
      await scores({ criterion: 'entropy', criterionOptions: own }),
      all.map((group) =>
        group.map((values) => bits(values, Math.min(...group.flat()), Math.max(...group.flat()))),
      ),
    );
    close(
      await scores({ criterion: 'entropy', criterionOptions: { ...own, range: 'lane' } }),
      all.map((group) => group.map((values) => bits(values, Math.min(...values), Math.max(...values)))),
    );
    const [, second] = await scores({
      criterion: 'entropy',
      criterionOptions: { ...own, binning: 'quantile', range: 'lane' },
    });
    // Samples that no lane of the layer before answers have equal values here.
    expect(second).toHaveLength(all[1]!.length);
    for (const value of second!) expect(value).toBeCloseTo(3, 1);
  });

  test('entropy by mass, and as of Gaussians', async () => {
    const all = await lanes();
    const mass = all.map((group) => group.map((values) => mean(values.map(Math.abs))));
    const shares = mass.map((group) => group.map((own) => own / group.reduce((a, b) => a + b)));
    close(
      await scores({ criterion: 'entropy', criterionOptions: { of: 'activations', estimator: 'mass' } }),
      shares.map((group) => group.map((p) => (p === 0 ? 0 : -p * Math.log2(p)))),
    );
    const expected = all.map((group) => {
      const spread = group.map(variance);
      const width = (64 * mean(spread)) / 16 ** 2;
      return spread.map((own) => 0.5 * Math.log2(1 + (2 * Math.PI * Math.E * own) / width));
    });
    close(
      await scores({
        criterion: 'entropy',
        criterionOptions: { of: 'activations', estimator: 'gaussian', bins: 16 },
      }),
      expected,
    );
  });
});

test('fewer samples are another estimate; the same ones the same', async () => {
  const few = await scores({ criterion: 'activation-mean', samples: 5 });
  expect(few).not.toEqual(await scores({ criterion: 'activation-mean' }));
  expect(few).toEqual(await scores({ criterion: 'activation-mean', samples: 5, threads: 1 }));
});

test('without data they are refused before anything is read', async () => {
  using opened = await openModel(encodeModel(model));
  for (const options of [
    { criterion: 'wanda' },
    { criterion: 'entropy', criterionOptions: { of: 'activations' } },
  ]) {
    const problem = (await opened.score(options).catch((error: unknown) => error)) as EspalierError;
    expect(problem.code).toBe('OPTION_INVALID');
    expect(problem.todo).toContain('Give data:');
  }
});

test('what the weights have no estimate for is refused', async () => {
  using opened = await openModel(encodeModel(model));
  const criterionOptions = { of: 'weights', binning: 'quantile', estimator: 'histogram' };
  await expect(opened.score({ criterion: 'entropy', criterionOptions })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  });
});

test('a value that is not finite is named', async () => {
  using opened = await openModel(encodeModel(model));
  const broken = datasetOf({ x: { type: 'float32', data: x.with(7, Number.NaN), dims: [SAMPLES, 6] } });
  const problem = await opened.score({ criterion: 'activation-mean', data: broken }).catch((error) => error);
  expect(problem).toMatchObject({ code: 'NON_FINITE', where: { tensor: 'h' } });
});

test('progress is one count over both passes', async () => {
  using opened = await openModel(encodeModel(model));
  const seen: (readonly [number, number])[] = [];
  await opened.score({
    data,
    criterion: 'entropy',
    criterionOptions: { of: 'activations', estimator: 'histogram' },
    onProgress: ({ phase, done, total }) => {
      if (phase === 'calibrate') seen.push([done, total]);
    },
  });
  expect(seen.at(-1)).toEqual([2 * SAMPLES, 2 * SAMPLES]);
  expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b));
});

test('aborting leaves', async () => {
  using opened = await openModel(encodeModel(model));
  const controller = new AbortController();
  const scored = opened.score({
    criterion: 'activation-mean',
    data,
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await expect(scored).rejects.toThrow(/abort/);
});

test('what was scored on the same samples is not scored again', async () => {
  using opened = await openModel(encodeModel(model));
  const asked: number[] = [];
  const own: Dataset = {
    source: 'memory',
    arrays: new Map(
      [...data.arrays].map(([name, array]) => [
        name,
        {
          ...array,
          read: (from, to) => {
            asked.push(to - from);
            return array.read(from, to);
          },
        },
      ]),
    ),
  };
  const options = { criterion: 'activation-mean', data: own };
  const first = await opened.score(options);
  const reads = asked.length;
  expect(await opened.score(options)).toEqual(first);
  await opened.score({ ...options, threads: 1 });
  expect(asked).toHaveLength(reads);
  await opened.score({ ...options, samples: 3 });
  expect(asked.length).toBeGreaterThan(reads);
});
