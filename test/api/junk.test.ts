import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CriterionDefinition,
  combine,
  datasetOf,
  EspalierError,
  loadData,
  type Model,
  onnxruntime,
  openModel,
  type PolicyDefinition,
  type Pruned,
  type Registration,
  readPlan,
  registerCriterion,
  registerOperator,
  registerPolicy,
  verify,
} from '../../src/index.js';
import { applyOptions, inspectOptions } from '../../src/options/calibration.js';
import { callOptions } from '../../src/options/call.js';
import { treeOptions } from '../../src/options/growing.js';
import { planOptions } from '../../src/options/planning.js';
import { scoreOptions } from '../../src/options/scoring.js';
import { verifyOptions } from '../../src/options/verifying.js';
import { growConvnet } from '../support/convnets.js';
import { encodeModel } from '../support/onnx.js';

const bytes = encodeModel(growConvnet([{ kind: 'conv', pick: 0, size: 5 }], 3));
const runs = Number(process.env.ESPALIER_CASES ?? 60);
const seed = Number(process.env.ESPALIER_SEED ?? 5);

let folder: string;
let model: Model;
let pruned: Pruned;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-junk-'));
  const path = join(folder, 'model.onnx');
  writeFileSync(path, bytes);
  model = await openModel(path);
  pruned = await model.prune({ ratio: 0.5 });
});
afterAll(() => {
  model.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Whatever a caller may hand over by mistake. */
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({
    withBigInt: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withNullPrototype: true,
    withDate: true,
  }),
  fc.constantFrom<unknown>(
    Number.NaN,
    -0,
    Number.MAX_VALUE,
    Symbol('s'),
    () => 1,
    new URL('https://example.org/a'),
    new ArrayBuffer(3),
    new Proxy({}, {}),
    Object.create(null),
    Promise.resolve(1),
    /a/,
    'file://',
    '__proto__',
    { toString: 1 },
    [[1, 2], [3]],
    [[[]]],
  ),
);

/** No path that something could be written to. */
const noPath = junk.filter(
  (value) => typeof value !== 'string' && !(value instanceof URL && value.protocol === 'file:'),
);

/** What would be done as asked, and take long: a share of the latency is measured, so many runs and random samples are made. */
const lasts: Readonly<Record<string, (own: number) => boolean>> = {
  latency: (own) => own > 0 && own <= 1,
  runs: (own) => own > 100,
  samples: (own) => own > 100,
};

const value = (name: string): fc.Arbitrary<unknown> =>
  junk.filter((own) => !(typeof own === 'number' && lasts[name]?.(own)));

const calls: Readonly<
  Record<string, { readonly names: readonly string[]; readonly valid: object; call(options: never): unknown }>
> = {
  openModel: {
    names: callOptions.names,
    valid: {},
    call: (options) => openModel(bytes, options).then((own) => own.dispose()),
  },
  inspect: { names: inspectOptions.names, valid: {}, call: (options) => model.inspect(options) },
  sha256: { names: callOptions.names, valid: {}, call: (options) => model.sha256(options) },
  score: { names: scoreOptions.names, valid: {}, call: (options) => model.score(options) },
  plan: { names: planOptions.names, valid: { ratio: 0.5 }, call: (options) => model.plan(options) },
  prune: { names: planOptions.names, valid: { ratio: 0.5 }, call: (options) => model.prune(options) },
  stability: {
    names: planOptions.names,
    valid: { ratio: 0.5 },
    call: (options) => model.stability(options),
  },
  tree: {
    names: treeOptions.names,
    valid: { group: 'none', data: { x: [] } },
    call: (options) => model.tree(options),
  },
  apply: {
    names: applyOptions.names,
    valid: {},
    call: (options) => model.apply(pruned.plan, options),
  },
  toBytes: { names: callOptions.names, valid: {}, call: (options) => pruned.toBytes(options) },
  verify: {
    names: verifyOptions.names,
    valid: { runs: 0, samples: 1 },
    call: (options) => verify(bytes, bytes, options),
  },
};

/** Done, or refused in words of ours; nothing is written. */
async function survives(act: () => unknown): Promise<void> {
  try {
    await act();
  } catch (problem) {
    if (!(problem instanceof EspalierError)) throw problem;
    expect(problem.code, problem.message).not.toBe('INTERNAL');
    expect(problem.message).not.toMatch(/--[a-z]/);
  }
  expect(readdirSync(folder)).toEqual(['model.onnx']);
}

describe('junk for an option is used or refused, never stumbled over', () => {
  test.each(Object.entries(calls))('%s', async (_, { names, valid, call }) => {
    const cases = fc.constantFrom(...names).chain((name) => fc.tuple(fc.constant(name), value(name)));
    await fc.assert(
      fc.asyncProperty(cases, async ([name, own]) =>
        survives(() => call({ ...valid, [name]: own } as never)),
      ),
      { numRuns: runs, seed },
    );
    // And in place of all of them.
    await fc.assert(
      fc.asyncProperty(junk, async (options) => survives(() => call(options as never))),
      { numRuns: runs, seed },
    );
  });

  test('names that are no options are refused, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), junk, async (name, own) => {
        fc.pre(!planOptions.names.includes(name) && name !== '__proto__');
        await expect(model.plan({ ratio: 0.5, [name]: own })).rejects.toMatchObject({
          code: 'OPTION_INVALID',
        });
      }),
      { numRuns: runs, seed },
    );
  });
});

const criterion = { name: 'mine', summary: 's', score: () => [] };
const operator = { domain: 'com.example', op: 'Mine', summary: 's', rule: () => [] };
const taken = (registration: Registration): void => registration.unregister();

async function scored(score: CriterionDefinition['score']): Promise<void> {
  using _ = registerCriterion({ ...criterion, score });
  await model.score({ criterion: 'mine' });
}

async function kept(allocate: PolicyDefinition['allocate']): Promise<void> {
  using _ = registerPolicy({ name: 'mine', summary: 's', allocate });
  await model.plan({ policy: 'mine', ratio: 0.5 });
}

describe('junk for an argument too', () => {
  test.each<[string, fc.Arbitrary<unknown>, (given: never) => unknown]>([
    ['openModel', junk, (given) => openModel(given)],
    ['loadData', junk, (given) => loadData(given)],
    ['datasetOf', junk, (given) => datasetOf(given)],
    ['an array of datasetOf', junk, (given) => datasetOf({ x: given })],
    ['a shaped array of datasetOf', junk, (given) => datasetOf({ x: { data: given, dims: [2] } })],
    ['dims of datasetOf', junk, (given) => datasetOf({ x: { data: new Float32Array(2), dims: given } })],
    ['a type of datasetOf', junk, (given) => datasetOf({ x: { data: [1, 2], dims: [2], type: given } })],
    ['samples of prune', junk, (given) => model.prune({ ratio: 0.5, data: { x: given } })],
    ['a sequence of samples', junk, (given) => model.prune({ ratio: 0.5, data: [{ x: given }] })],
    ['readPlan', junk, (given) => readPlan(given)],
    ['combine', junk, (given) => combine(given)],
    ['a part of combine', junk, (given) => combine([given])],
    ['a way to combine', junk, (given) => combine([{ criterion: 'l1' }], given)],
    ['registerCriterion', junk, (given) => registerCriterion(given)],
    ['a name of a criterion', junk, (given) => taken(registerCriterion({ ...criterion, name: given }))],
    ['what a criterion needs', junk, (given) => taken(registerCriterion({ ...criterion, needs: given }))],
    ['options of a criterion', junk, (given) => taken(registerCriterion({ ...criterion, options: given }))],
    [
      'an option of a criterion',
      junk,
      (given) => taken(registerCriterion({ ...criterion, options: { a: given } })),
    ],
    ['scores', junk, (given) => scored(() => given)],
    ['scores of a group', junk, (given) => scored(({ groups }) => groups.map(() => given))],
    ['registerPolicy', junk, (given) => registerPolicy(given)],
    ['what a policy keeps', junk, (given) => kept(() => given)],
    [
      'what a policy keeps of a unit',
      junk,
      (given) => kept(({ units }) => new Map(units.map(({ id }) => [id, given]))),
    ],
    ['registerOperator', junk, (given) => registerOperator(given)],
    ['a domain of an operator', junk, (given) => taken(registerOperator({ ...operator, domain: given }))],
    ['versions of an operator', junk, (given) => taken(registerOperator({ ...operator, opsets: given }))],
    ['onnxruntime', junk, (given) => onnxruntime(given)],
    ['a model of a runtime', junk, (given) => onnxruntime().load(given)],
    ['options of a runtime', junk, async (given) => (await onnxruntime().load(bytes, given)).dispose()],
    ['a plan', junk, (given) => model.apply(given)],
    ['a group of a plan', junk, (given) => model.apply({ ...pruned.plan, groups: [given] })],
    ['save', noPath, (given) => pruned.save(given)],
    [
      'options of save',
      junk.filter(
        (own) =>
          own !== undefined && !(typeof own === 'object' && own !== null && Object.keys(own).length === 0),
      ),
      (given) => pruned.save(join(folder, 'model.onnx'), given),
    ],
    ['writeWeightTerms', noPath, (given) => model.writeWeightTerms(given)],
    ['verify', junk, (given) => verify(given, bytes, { runs: 0, samples: 1 })],
    ['verify, second', junk, (given) => verify(bytes, given, { runs: 0, samples: 1 })],
  ])('%s', async (_, values, call) => {
    await fc.assert(
      fc.asyncProperty(values, async (given) => survives(() => call(given as never))),
      { numRuns: runs, seed },
    );
  });
});
