import { beforeAll, describe, expect, test } from 'vitest';
import { openModel } from '../../src/api/open.js';
import { datasetOf } from '../../src/data/dataset.js';
import type { Model, TreePairs } from '../../src/options/types.js';
import { model, tensorType } from '../runtime/models.js';

/**
 * x [n, 4] -> h = relu(x W) [n, 6] -> y = h V [n, 3]. The columns of W: x0, x1, x0 again, x2, nothing, x3 times 3.
 * x is at least 0, so that h holds these as they are.
 */
const W = [
  [1, 0, 1, 0, 0, 0],
  [0, 1, 0, 0, 0, 0],
  [0, 0, 0, 1, 0, 0],
  [0, 0, 0, 0, 0, 3],
];
const V = [
  [1, 0, 0],
  [0, 1, 0],
  [1, 0, 0],
  [0, 0, 1],
  [0, 0, 0],
  [0, 0, 4],
];
const bytes = model({
  nodes: [
    { op: 'MatMul', inputs: ['x', 'w'], outputs: ['z'] },
    { op: 'Relu', inputs: ['z'], outputs: ['h'] },
    { op: 'MatMul', inputs: ['h', 'v'], outputs: ['y'] },
  ],
  inputs: [{ name: 'x', type: tensorType.float32, shape: ['n', 4] }],
  outputs: [{ name: 'y', type: tensorType.float32, shape: ['n', 3] }],
  weights: { w: { dims: [4, 6], data: W.flat() }, v: { dims: [6, 3], data: V.flat() } },
});
const SAMPLES = 200;
const fraction = (value: number): number => value - Math.floor(value);
const data = datasetOf({
  x: {
    type: 'float32',
    dims: [SAMPLES, 4],
    data: Float32Array.from({ length: 4 * SAMPLES }, (_, i) =>
      fraction(Math.sin(i * 78.233 + 1) * 43758.5453),
    ),
  },
});

let opened: Model;
let group: string;
beforeAll(async () => {
  opened = await openModel(bytes);
  group = opened.inspect().groups[0]!.id;
});

describe('model.tree', () => {
  test('pairs: the copy leaves first, then the constant', async () => {
    const tree = (await opened.tree({ group, data })) as TreePairs;
    expect(tree).toMatchObject({
      ...{ variant: 'pairs', group, lanes: 6, pairCount: 15, depth: 3, samples: SAMPLES, rows: SAMPLES },
      values: ['h'],
      unseen: [],
    });
    expect(tree.entropies[4]).toBe(0);
    expect(tree.levels[0]!.parents[0]).toMatchObject({
      kept: 0,
      deleted: 2,
      cost: 0,
      mutual: tree.entropies[0],
    });
    expect(tree.order.slice(0, 2)).toEqual([2, 4]);
    expect(tree.pairs).toHaveLength(15);
    const gaussian = (await opened.tree({ group, data, estimator: 'gaussian', pairs: false })) as TreePairs;
    expect(gaussian.order.slice(0, 2)).toEqual([2, 4]);
    expect(gaussian.pairs).toBeUndefined();
  });

  test('consumers: what nothing is made of says nothing', async () => {
    const tree = await opened.tree({ group, data, variant: 'consumers' });
    if (tree.variant === 'pairs') return expect.fail('it is of consumers');
    expect(tree.readers).toMatchObject([{ value: 'y', targets: 3 }]);
    expect(tree.order[0]).toBe(4);
    expect(tree.ratios).toHaveLength(6);
    expect([...tree.ratios].every((ratio) => ratio >= 0 && ratio <= 1)).toBe(true);
    // y2 is mostly lane 5; y1 is lane 1.
    expect(tree.best[5]).toMatchObject({ reader: 0, target: 2 });
    expect(tree.best[1]!.target).toBe(1);
  });

  test('output: the class is named mostly by the widest lane', async () => {
    const tree = await opened.tree({ group, data, variant: 'output' });
    if (tree.variant === 'pairs') return expect.fail('it is of the output');
    expect(tree.readers).toMatchObject([{ value: 'y' }]);
    expect(tree.order[0]).toBe(4);
    expect(tree.order.at(-1)).toBe(5);
  });

  test('fewer rows and samples; the same seed draws the same', async () => {
    const draw = (seed: number) => opened.tree({ group, data, rows: 50, samples: 150, seed });
    const first = await draw(1);
    expect(first).toMatchObject({ samples: 150, rows: 50 });
    expect(await draw(1)).toEqual(first);
    expect((await draw(2)).entropies).not.toEqual(first.entropies);
  });

  test('what is refused', async () => {
    const code = (promise: Promise<unknown>) =>
      promise.then(
        () => expect.fail(),
        (problem) => `${problem}`,
      );
    expect(await code(opened.tree({ group: 'ww', data }))).toMatch(
      /OPTION_INVALID.*"ww"[\s\S]*Did you mean w/,
    );
    expect(await code(opened.tree({ group }))).toMatch(/OPTION_INVALID[\s\S]*Give data:/);
    expect(await code(opened.tree({ group, data, bins: 65 }))).toMatch(/from 2 to 64/);
    expect(await code(opened.tree({ group, data, rows: 1 }))).toMatch(/rows/);
    const gaussian = { estimator: 'gaussian', variant: 'output' } as const;
    expect(await code(opened.tree({ group, data, ...gaussian }))).toMatch(/histograms only/);
    const broken = datasetOf({
      x: { type: 'float32', dims: [1, 4], data: Float32Array.of(Number.POSITIVE_INFINITY, 0, 0, 0) },
    });
    expect(await code(opened.tree({ group, data: broken }))).toMatch(/NON_FINITE[\s\S]*"h"/);
  });
});

describe('the criterion', () => {
  const scores = async (criterionOptions: Record<string, string | number | boolean> = {}) =>
    (await opened.score({ criterion: 'tree', criterionOptions, data }))[0]!;
  const order = (values: Float64Array) => Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);

  test('scores rise strictly in the order of the tree', async () => {
    const tree = (await opened.tree({ group, data })) as TreePairs;
    const own = await scores();
    expect(order(own.scores)).toEqual([...tree.order]);
    expect(new Set(own.scores).size).toBe(6);
    expect(own.parts!.level![tree.order.at(-1)!]).toBe(tree.depth + 1);
    expect(own.parts!.cost![2]).toBe(0);
  });

  test('weighted, within a level what consumers make little of leaves first', async () => {
    const plain = await scores();
    const own = await scores({ weighted: true });
    expect(own.parts!.level).toEqual(plain.parts!.level);
    const levels = order(own.scores).map((lane) => own.parts!.level![lane]!);
    expect(levels).toEqual(levels.toSorted());
  });

  test('by gain ratios', async () => {
    for (const variant of ['consumers', 'output'] as const) {
      const tree = await opened.tree({ group, data, variant });
      expect(order((await scores({ variant })).scores)).toEqual([...tree.order]);
    }
  });

  test('without classes there is nothing to be judged by', async () => {
    const nodes = [
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
      { op: 'MatMul', inputs: ['h', 'v'], outputs: ['y'] },
    ];
    const plain = await openModel(
      model({
        nodes,
        inputs: [{ name: 'x', type: tensorType.float32, shape: ['n', 4] }],
        outputs: [{ name: 'y', type: tensorType.float32, shape: ['n', 1] }],
        weights: { w: { dims: [4, 6], data: W.flat() }, v: { dims: [6, 1], data: V.map(([v]) => v!) } },
      }),
    );
    const judged = { criterion: 'tree', criterionOptions: { variant: 'output' }, data };
    await expect(plain.score(judged)).rejects.toThrow(/no output that tells classes apart/);
    const [judgedByPairs] = await plain.score({ criterion: 'tree', data });
    expect([...judgedByPairs!.parts!.level!].sort()).toEqual([1, 1, 1, 2, 3, 4]);
  });

  test('prunes by it, and is refused without data', async () => {
    const { plan } = await opened.prune({ ratio: 0.33, criterion: 'tree', data });
    expect(plan.groups[0]!.kept).toEqual([0, 1, 3, 5]);
    await expect(opened.score({ criterion: 'tree' })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });
});
