import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Registration } from '../../../src/base/catalogue.js';
import { registerCompression } from '../../../src/compression/compressions.js';
import { EspalierError, openModel, type PlanOptions, readPlan } from '../../../src/index.js';
import { difference, randomFeeds, run } from '../../support/exact.js';
import { encodeModel, floats, type ModelSpec } from '../../support/onnx.js';
import { random } from '../../support/random.js';
import { halves } from './halves.js';

const next = random(7);
const conv = (input: string, weight: string, output: string) => ({
  op: 'Conv',
  inputs: [input, weight],
  outputs: [output],
});
const spec: ModelSpec = {
  opset: 17,
  inputs: [{ name: 'x', shape: [1, 3, 8, 8] }],
  outputs: [{ name: 'y', shape: [1, 8, 4, 4] }],
  initializers: [
    floats('w1', [48, 3, 3, 3], next),
    floats('w2', [48, 48, 3, 3], next),
    floats('w3', [8, 48, 1, 1], next),
  ],
  nodes: [
    conv('x', 'w1', 'a'),
    { op: 'Relu', inputs: ['a'], outputs: ['b'] },
    conv('b', 'w2', 'c'),
    { op: 'Relu', inputs: ['c'], outputs: ['d'] },
    conv('d', 'w3', 'y'),
  ],
};
const bytes = encodeModel(spec);
const feeds = randomFeeds(spec, 1);
const weights = spec.initializers.filter(({ dims }) => dims.length === 4).map(({ name }) => name);
/** What rounding weights to float16 may change of an answer, relative to the largest: a few times 2^-11 a layer. */
const HALF = 1e-2;

let registration: Registration;

beforeEach(() => {
  registration = registerCompression(halves);
});
afterEach(() => registration.unregister());

const asked = (more: PlanOptions = {}): PlanOptions => ({
  policy: 'allocate',
  compress: { halves: { tensors: weights } },
  ...more,
});

const errorOf = async (promise: Promise<unknown>): Promise<EspalierError> => {
  const problem = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(problem).toBeInstanceOf(EspalierError);
  return problem as EspalierError;
};

describe('a second compression', () => {
  test('is budgeted together with pruning, in one plan that replays to the same bytes', async () => {
    using model = await openModel(bytes);
    const alone = await model.prune(
      asked({ bytes: bytes.length, compress: { prune: false, halves: { tensors: weights } } }),
    );
    // Half precision alone does not come so far down: lanes have to leave too.
    const limit = Math.floor(0.3 * bytes.length);
    const pruned = await model.prune(asked({ bytes: limit }));
    expect(pruned.plan.version).toBe(2);
    expect(pruned.plan.groups.length).toBeGreaterThan(0);
    expect(pruned.plan.sections?.['halves']).toEqual({ tensors: expect.arrayContaining([weights[0]]) });
    const written = await pruned.toBytes();
    expect(written.length).toBeLessThanOrEqual(limit);
    expect(alone.plan.groups).toEqual([]);
    const again = await model.apply(readPlan(JSON.stringify(pruned.plan)));
    expect(Buffer.from(await again.toBytes()).equals(Buffer.from(written))).toBe(true);
    await run(written, feeds);
  });

  test('answers what pruning alone does, but for the rounding of weights', async () => {
    using model = await openModel(bytes);
    const pruned = await model.prune(asked({ ratio: 0.5, policy: 'uniform' }));
    const { sections: _, ...alone } = { ...pruned.plan, version: 1 as const };
    const single = await model.apply(alone);
    const [got, wanted] = [
      await run(await pruned.toBytes(), feeds),
      await run(await single.toBytes(), feeds),
    ];
    expect(difference(got, wanted)).toBeLessThan(HALF);
    expect(pruned.after.macs).toBe(single.after.macs);
    expect(pruned.after.bytes).toBeLessThan(0.7 * single.after.bytes);
  });

  test('without pruning only stores in another type', async () => {
    using model = await openModel(bytes);
    const pruned = await model.prune({
      ratio: 0.5,
      compress: { prune: false, halves: { tensors: weights } },
    });
    expect(pruned.plan.groups).toEqual([]);
    expect(pruned.after.macs).toBe(pruned.before.macs);
    const written = await pruned.toBytes();
    expect(written.length).toBeLessThan(0.6 * bytes.length);
    expect(Math.abs(written.length - pruned.after.bytes)).toBeLessThan(0.1 * written.length);
    expect(difference(await run(written, feeds), await run(bytes, feeds))).toBeLessThan(HALF);
  });

  test('a plan of pruning alone stays one of version 1', async () => {
    using model = await openModel(bytes);
    const plan = await model.plan({ ratio: 0.5 });
    expect(plan.version).toBe(1);
    expect(plan).not.toHaveProperty('sections');
  });
});

describe('names', () => {
  test('that there are not are refused, with the nearest one', async () => {
    using model = await openModel(bytes);
    const problem = await errorOf(model.plan({ ratio: 0.5, compress: { halfs: true } }));
    expect(problem.code).toBe('OPTION_INVALID');
    expect(problem.message).toMatch(/there is no compression "halfs".*Did you mean halves\?/s);
  });

  test('that there are already are refused', () => {
    expect(() => registerCompression(halves)).toThrow(/there is a compression "halves" already/);
  });

  test('of sections that this release does not know are refused with the place', async () => {
    using model = await openModel(bytes);
    const plan = await model.plan(asked({ ratio: 0.5, policy: 'uniform' }));
    const wrong = await errorOf(model.apply({ ...plan, sections: { halves: { tensors: 3 } } }));
    expect([wrong.code, wrong.what]).toEqual([
      'PLAN_MALFORMED',
      expect.stringMatching(/^sections\.halves: /),
    ]);
    registration.unregister();
    const unknown = await errorOf(model.apply(plan));
    registration = registerCompression(halves);
    expect(unknown.what).toMatch(/sections\.halves: this release has no compression of that name/);
  });
});
