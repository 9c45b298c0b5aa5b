import { beforeAll, expect, test } from 'vitest';
import { openModel } from '../../src/api/open.js';
import { datasetOf } from '../../src/data/dataset.js';
import { treeOptions } from '../../src/options/growing.js';
import { planOptions } from '../../src/options/planning.js';
import { scoreOptions } from '../../src/options/scoring.js';
import type { Model } from '../../src/options/types.js';
import { verifyOptions } from '../../src/options/verifying.js';
import type { OptionSet } from '../../src/schema/declaration.js';
import { verify } from '../../src/verify/verify.js';
import { Builder } from '../support/builder.js';
import { encodeModel } from '../support/onnx.js';
import { random } from '../support/random.js';

/** x [n 8] -> 16 lanes -> 64 lanes -> y [n 4]: one group that is rounded by default, and one that is not. */
function bytes(lanes = 64): Uint8Array {
  const b = new Builder();
  const weights = [b.weight('w1', [8, 16]), b.weight('w2', [16, lanes]), b.weight('w3', [lanes, 4])];
  const relu = (name: string, input: string, weight: string): string =>
    b.node('Relu', `${name} relu`, [b.node('MatMul', name, [input, weight])]);
  const hidden = relu('h2', relu('h1', 'x', weights[0]!), weights[1]!);
  b.node('MatMul', 'y', [hidden, weights[2]!]);
  return encodeModel({
    opset: 17,
    nodes: b.nodes,
    initializers: b.initializers,
    inputs: [{ name: 'x', shape: ['n', 8] }],
    outputs: [{ name: 'y', shape: ['n', 4] }],
  });
}

const next = random(2);
const data = datasetOf({
  x: { type: 'float32', dims: [64, 8], data: Float32Array.from({ length: 512 }, () => next()) },
});

let model: Model;
let wide: Model;
let smaller: Uint8Array;
beforeAll(async () => {
  model = await openModel(bytes());
  wide = await openModel(bytes(300));
  smaller = await (await model.prune({ ratio: 0.5 })).toBytes();
});

/** What a call gives, without what it was asked for. */
type Act = (options: object) => Promise<unknown>;
const prune: Act = async (options) => {
  const pruned = await model.prune(options as never);
  const { groups, tensors } = pruned.plan;
  return { groups, tensors, refitted: pruned.reconstruction };
};
const score: Act = (options) => model.score(options);
const compare: Act = (options) => verify(bytes(), smaller, { runs: 0, ...options });
const tree: Act = (options) => model.tree({ group: 'w2', ...options } as never);
const wideTree: Act = (options) => wide.tree({ group: 'w2', ...options } as never);

/** Each case that a default is stated for, and options that make it. */
const cases: readonly (readonly [OptionSet<object>, string, string | undefined, Act, object])[] = [
  [planOptions, 'policy', undefined, prune, { ratio: 0.3 }],
  [planOptions, 'policy', 'with a budget', prune, { macs: 0.6 }],
  [planOptions, 'policy', 'with a budget and `data`', prune, { macs: 0.6, data }],
  [planOptions, 'reconstruct', undefined, prune, { ratio: 0.3, data }],
  // At this ratio another number of lanes of either group would be kept under the other's default.
  [planOptions, 'roundTo', undefined, prune, { ratio: 0.3, keep: ['w3'] }],
  [planOptions, 'roundTo', 'in groups of 32 lanes and more', prune, { ratio: 0.3, keep: ['w1'] }],
  [scoreOptions, 'criterion', undefined, score, {}],
  [scoreOptions, 'criterion', 'with `data`', score, { data }],
  [scoreOptions, 'seed', undefined, score, { criterion: 'random' }],
  ...['variant', 'estimator', 'bins', 'binning', 'range', 'rows', 'seed'].map(
    (name) => [treeOptions, name, undefined, tree, { data }] as const,
  ),
  [treeOptions, 'pairs', undefined, wideTree, { data }],
  [treeOptions, 'pairs', 'in groups of up to 256 lanes', tree, { data }],
  [verifyOptions, 'seed', undefined, compare, {}],
  [treeOptions, 'bins', "with `estimator: 'gaussian'`", tree, { data, estimator: 'gaussian' }],
];

/** The literals that an option states as its default, by the case in which it is. */
const stated = (set: OptionSet<object>, name: string): ReadonlyMap<string | undefined, unknown> => {
  const defaults = set.all[name]!.defaults ?? [];
  return new Map(
    defaults.flatMap((own) => {
      const when = typeof own.when === 'object' ? own.when.api : own.when;
      return 'is' in own ? [[when, own.is] as const] : [];
    }),
  );
};

test.each(cases.map(([set, ...rest]) => [set.name, ...rest, set] as const))(
  '%s.%s, %s',
  async (_, name, when, act, options, set) => {
    const defaults = stated(set, name);
    expect([...defaults.keys()]).toContain(when);
    expect(await act({ ...options, [name]: defaults.get(when) })).toEqual(await act(options));
  },
);

test('no default is stated that is not tried', () => {
  for (const set of [planOptions, scoreOptions, treeOptions, verifyOptions])
    for (const name of Object.keys(set.own))
      for (const when of stated(set, name).keys())
        expect(
          cases.some(([of, own, at]) => of === set && own === name && at === when),
          `${set.name}.${name} ${when}`,
        ).toBe(true);
});
