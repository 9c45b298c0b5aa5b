import { describe, expect, test } from 'vitest';
import type { EspalierError } from '../../src/base/errors.js';
import { combine, openModel } from '../../src/index.js';
import { criteria } from '../../src/scoring/criteria.js';
import { Builder } from '../support/builder.js';
import type { ModelSpec, TensorSpec } from '../support/onnx.js';
import { encodeModel } from '../support/onnx.js';

const given = (name: string, dims: readonly number[], values: readonly number[]): TensorSpec => ({
  name,
  dims,
  data: Float32Array.from(values),
});

/** x [n 2] -> w1 -> 3 lanes -> w2 [3 2] */
function twoLayers(w1: readonly number[], between: (b: Builder) => string = () => 'h'): ModelSpec {
  const b = new Builder();
  b.initializers.push(given('w1', [2, 3], w1), given('w2', [3, 2], [1, 1, 1, 1, 1, 1]));
  b.node('MatMul', 'h', ['x', 'w1']);
  b.node('MatMul', 'y', [between(b), 'w2']);
  const inputs = [{ name: 'x', shape: ['n', 2] }];
  const outputs = [{ name: 'y', shape: ['n', 2] }];
  return { opset: 17, nodes: b.nodes, initializers: b.initializers, inputs, outputs };
}

async function scoresOf(model: ModelSpec, criterion: string): Promise<readonly number[]> {
  using opened = await openModel(encodeModel(model));
  const [group] = await opened.score({ criterion });
  return [...group!.scores];
}

test('fpgm is the sum of distances to all others', async () => {
  // Columns (0, 0), (3, 4), (0, 4).
  const scores = await scoresOf(twoLayers([0, 3, 0, 0, 4, 4]), 'fpgm');
  expect(scores).toEqual([5 + 4, 5 + 3, 4 + 3]);
});

test('the variance of weights stands behind their Gaussian entropy', async () => {
  using opened = await openModel(encodeModel(twoLayers([1, 3, 0, 1, -3, 1])));
  const [group] = await opened.score({ criterionOptions: { of: 'weights', estimator: 'gaussian', bins: 8 } });
  const width = (64 * ((0 + 9 + 0.25) / 3)) / 64;
  const bits = (variance: number): number => 0.5 * Math.log2(1 + (2 * Math.PI * Math.E * variance) / width);
  for (const [lane, variance] of [0, 9, 0.25].entries())
    expect(group!.scores[lane]).toBeCloseTo(bits(variance), 10);
});

describe('bn-scale', () => {
  const normalised = (gammas: readonly number[]) => (b: Builder) => {
    b.initializers.push(given('gamma', [3], gammas));
    for (const name of ['beta', 'mean', 'var']) b.initializers.push(given(name, [3], [1, 1, 1]));
    return b.node('BatchNormalization', 'n', ['h', 'gamma', 'beta', 'mean', 'var']);
  };
  test('is the magnitude of γ', async () => {
    const model = twoLayers([1, 2, 3, 4, 5, 6], normalised([0.5, -2, 0]));
    expect(await scoresOf(model, 'bn-scale')).toEqual([0.5, 2, 0]);
  });
  test('is the norm of the weights where nothing normalises', async () => {
    const model = twoLayers([3, 0, 1, 4, 2, 0]);
    expect(await scoresOf(model, 'bn-scale')).toEqual([5, 2, 1]);
    expect(await scoresOf(model, 'l2')).toEqual([5, 2, 1]);
  });
});

describe('several criteria as one', () => {
  // l1: 3, 3, 6; l2: 3, √5, √18.
  const model = twoLayers([3, 1, 3, 0, 2, 3]);
  const score = async (...args: Parameters<typeof combine>) => {
    using opened = await openModel(encodeModel(model));
    const [group] = await opened.score({ criterion: combine(...args) });
    return group!;
  };

  test('by rank, equal scores share theirs', async () => {
    const { scores, parts } = await score([{ criterion: 'l1', weight: 2 }, { criterion: 'l2' }]);
    expect([...scores]).toEqual([2 * 0.25 + 0.5, 2 * 0.25 + 0, 2 * 1 + 1]);
    expect([...parts!.l1!]).toEqual([3, 3, 6]);
    expect(parts!.l2![2]).toBeCloseTo(Math.sqrt(18), 6);
  });
  test('by share of the mean', async () => {
    const { scores } = await score([{ criterion: 'l1' }], 'share');
    expect([...scores]).toEqual([0.75, 0.75, 1.5]);
  });
  test('one criterion with other options twice', async () => {
    const { parts } = await score([
      { criterion: 'entropy', options: { of: 'weights' } },
      { criterion: 'entropy', options: { of: 'weights', estimator: 'mass' } },
    ]);
    expect(Object.keys(parts!)).toEqual(['entropy', 'entropy 2']);
  });
  test('a plan says what it was made with', async () => {
    using opened = await openModel(encodeModel(model));
    const criterion = combine([{ criterion: 'l1', weight: 0.5 }, { criterion: 'random' }]);
    const plan = await opened.plan({ ratio: 0.4, criterion });
    expect(plan.made.criterion).toBe('0.5 l1 + random, by rank');
    expect(JSON.parse(JSON.stringify(criterion))).toEqual(criterion);
  });
  test('what cannot be combined is refused', async () => {
    const refused = (error: unknown) => expect((error as EspalierError).code).toBe('OPTION_INVALID');
    for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => combine([{ criterion: 'l1', weight }])).toThrow(/weight/);
    expect(() => combine([])).toThrow(/parts must be an array of one criterion at least/);
    await score([{ criterion: 'l3' }]).then(() => expect.fail(), refused);
    await score([{ criterion: 'l1', options: { bins: 3 } }]).then(() => expect.fail(), refused);
    // One of them needs data.
    await score([{ criterion: 'l1' }, { criterion: 'apoz' }]).then(() => expect.fail(), refused);
  });
});

test('names are told apart, and each says what it needs', () => {
  expect(new Set(criteria.map(({ name }) => name)).size).toBe(criteria.length);
  for (const { name, needs, summary, source } of criteria)
    expect([name, ['nothing', 'weights', 'data'].includes(needs), summary !== '', source !== '']).toEqual([
      name,
      true,
      true,
      true,
    ]);
});
