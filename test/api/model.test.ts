import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Plan } from '../../src/index.js';
import { EspalierError, openModel, readPlan } from '../../src/index.js';
import { growConvnet } from '../support/convnets.js';
import { expectClose, randomFeeds, run } from '../support/exact.js';
import { encodeModel } from '../support/onnx.js';

const spec = growConvnet(
  [
    { kind: 'conv', pick: 0, size: 5 },
    { kind: 'residual', pick: 0, size: 6 },
    { kind: 'gate', pick: 0, size: 4 },
    { kind: 'concat', pick: 1, size: 0 },
    { kind: 'conv', pick: 0, size: 6 },
  ],
  3,
);
const bytes = encodeModel(spec);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const problem = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return problem instanceof EspalierError ? problem.code : `${problem}`;
};

describe('a plan', () => {
  test('applied again gives the same bytes as pruning did', async () => {
    using model = await openModel(bytes);
    const pruned = await model.prune({ ratio: 0.5 });
    const again = await model.apply(readPlan(JSON.stringify(pruned.plan)));
    expect(Buffer.from(await again.toBytes()).equals(Buffer.from(await pruned.toBytes()))).toBe(true);
  });

  test('with edited groups and no tables is derived again', async () => {
    using model = await openModel(bytes);
    const plan = await model.plan({ ratio: 0.5 });
    const groups = plan.groups.slice(0, 1).map((group) => ({ ...group, kept: [0] }));
    const pruned = await model.apply({ ...plan, groups, tensors: {} });
    expect(Object.keys(pruned.plan.tensors).length).toBeGreaterThan(1);
    await run(await pruned.toBytes(), randomFeeds(spec, 1));
  });

  test('with one index changed is refused, and says where', async () => {
    using model = await openModel(bytes);
    const plan = await model.plan({ ratio: 0.5, roundTo: 1 });
    const [tensor, axes] = Object.entries(plan.tensors)[0]!;
    const [axis, kept] = Object.entries(axes)[0]!;
    const tensors = { ...plan.tensors, [tensor]: { ...axes, [axis]: kept.slice(1) } };
    const problem = await model
      .apply({ ...plan, tensors })
      .catch((thrown: unknown) => thrown as EspalierError);
    expect(problem).toMatchObject({ code: 'PLAN_MALFORMED' });
  });

  test('of another model is refused', async () => {
    using model = await openModel(bytes);
    const plan = await model.plan({ ratio: 0.5 });
    using other = await openModel(encodeModel(growConvnet([{ kind: 'conv', pick: 0, size: 5 }], 4)));
    expect(await codeOf(other.apply(plan))).toBe('PLAN_STALE');
    const forged: Plan = { ...plan, model: { ...plan.model, sha256: await other.sha256() } };
    expect(await codeOf(other.apply(forged))).toBe('PLAN_STALE');
  });

  test.each([
    ['not JSON', '{'],
    ['another format', '{"format": "other", "version": 1}'],
    ['nothing', 'null'],
    [
      'kept not ascending',
      JSON.stringify({
        format: 'espalier-plan',
        version: 1,
        model: { sha256: 'a'.repeat(64), file: 'm' },
        groups: [{ id: 'a', lanes: 3, kept: [2, 1] }],
      }),
    ],
    [
      'kept empty',
      JSON.stringify({
        format: 'espalier-plan',
        version: 1,
        model: { sha256: 'a'.repeat(64), file: 'm' },
        groups: [{ id: 'a', lanes: 3, kept: [] }],
      }),
    ],
  ])('that is malformed is refused: %s', (_, text) => {
    expect(() => readPlan(text)).toThrow(expect.objectContaining({ code: 'PLAN_MALFORMED' }));
  });
});

describe('pruning', () => {
  test('is deterministic, on any number of threads', async () => {
    using model = await openModel(bytes);
    const results = await Promise.all(
      [1, 2, 5].map(async (threads) => (await model.prune({ ratio: 0.5, threads })).toBytes({ threads })),
    );
    for (const result of results) expect(Buffer.from(result).equals(Buffer.from(results[0]!))).toBe(true);
  });

  test('keeps the model’s interface and its dynamic batch', async () => {
    using model = await openModel(bytes);
    const pruned = await (await model.prune({ ratio: 0.5 })).toBytes();
    using small = await openModel(pruned);
    expect(small.inspect().inputs).toEqual(model.inspect().inputs);
    expect(small.inspect().outputs).toEqual(model.inspect().outputs);
    for (const batch of [1, 3]) {
      const feeds = randomFeeds({ ...spec, inputs: [{ name: 'x', shape: [batch, 3, 8, 8] }] }, 1);
      expect((await run(pruned, feeds)).y!.dims).toEqual([batch, 4]);
    }
  });

  test('a seed draws the same lanes again, another seed others', async () => {
    using model = await openModel(bytes);
    const draw = async (seed: number): Promise<unknown> =>
      (await model.plan({ ratio: 0.5, criterion: 'random', seed })).tensors;
    expect(await draw(1)).toEqual(await draw(1));
    expect(await draw(1)).not.toEqual(await draw(2));
  });

  test.each([
    ['macs', { macs: 0.5 }],
    ['params', { params: 0.4 }],
    ['bytes', { bytes: 3000 }],
  ] as const)('reaches a budget of %s and never exceeds it', async (name, budget) => {
    using model = await openModel(bytes);
    const pruned = await model.prune({ ...budget, roundTo: 1 });
    const [amount] = Object.values(budget) as [number];
    const limit = name === 'bytes' ? amount : amount * pruned.before[name];
    expect(pruned.after[name]).toBeLessThanOrEqual(limit);
    if (name === 'bytes') expect((await pruned.toBytes()).length).toBeLessThanOrEqual(limit);
  });

  test('a budget that cannot be met says what can', async () => {
    using model = await openModel(bytes);
    const problem = await model.prune({ params: 0.001 }).catch((thrown: unknown) => thrown as EspalierError);
    expect(problem).toMatchObject({ code: 'BUDGET_IMPOSSIBLE' });
    expect((problem as EspalierError).what).toMatch(/smallest possible model has \d+\.\d %/);
  });

  test('keep leaves the named tensors whole', async () => {
    using model = await openModel(bytes);
    const name = spec.initializers[0]!.name;
    expect((await model.plan({ ratio: 0.5 })).tensors).toHaveProperty(name);
    const plan = await model.plan({ ratio: 0.5, keep: [name] });
    expect(plan.tensors).not.toHaveProperty(name);
    await model.apply(readPlan(JSON.stringify(plan)));
    expect(await codeOf(model.plan({ ratio: 0.5, keep: ['nothing-of-that-name'] }))).toBe('OPTION_INVALID');
  });

  test.each([
    [{}],
    [{ ratio: 1.5 }],
    [{ ratio: 0 }],
    [{ ratio: Number.NaN }],
    [{ ratio: 0.5, macs: 0.5 }],
    [{ macs: 2 }],
    [{ bytes: -1 }],
    [{ ratio: 0.5, roundTo: 0 }],
    [{ ratio: 0.5, policy: 'global' }],
    [{ ratio: 0.5, policy: 'none' }],
    [{ ratio: 0.5, criterion: 'none' }],
    [{ ratio: 0.5, criterionOptions: { bins: 1 } }],
    [{ ratio: 0.5, criterionOptions: { nothing: 1 } }],
    [{ ratio: 0.5, seed: 0.5 }],
    [{ ratio: 0.5, threads: 0 }],
  ])('refuses the options %j', async (options) => {
    using model = await openModel(bytes);
    expect(await codeOf(model.plan(options))).toBe('OPTION_INVALID');
  });
});

describe('saving', () => {
  test('an empty removal copies the file byte for byte', async () => {
    using model = await openModel(bytes);
    const { sha256 } = { sha256: await model.sha256() };
    const nothing: Plan = {
      format: 'espalier-plan',
      version: 1,
      model: { sha256, file: 'model.onnx' },
      made: {},
      groups: [],
      tensors: {},
    };
    const same = await (await model.apply(nothing)).toBytes();
    // What comes after the original is the metadata that says which plan made it.
    expect(Buffer.from(same).subarray(0, bytes.length).equals(Buffer.from(bytes))).toBe(true);
    const feeds = randomFeeds(spec, 5);
    expectClose(await run(same, feeds), await run(bytes, feeds));
  });

  test('refuses to overwrite unless it is forced, and leaves nothing else behind', async () => {
    const [source, out] = [join(folder, 'model.onnx'), join(folder, 'out.onnx')];
    writeFileSync(source, bytes);
    writeFileSync(out, 'precious');
    using model = await openModel(source);
    const pruned = await model.prune({ ratio: 0.5 });
    expect(await codeOf(pruned.save(out))).toBe('OUTPUT_EXISTS');
    expect(readFileSync(out, 'utf8')).toBe('precious');
    await pruned.save(out, { force: true });
    expect(Buffer.from(await pruned.toBytes()).equals(readFileSync(out))).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['model.onnx', 'out.onnx']);
  });

  test('never writes to the original, and says so for a folder that is not there', async () => {
    const source = join(folder, 'model.onnx');
    writeFileSync(source, bytes);
    using model = await openModel(source);
    const pruned = await model.prune({ ratio: 0.5 });
    expect(await codeOf(pruned.save(source, { force: true }))).toMatch(/^OUTPUT_/);
    expect(readFileSync(source).equals(Buffer.from(bytes))).toBe(true);
    expect(await codeOf(pruned.save(join(folder, 'missing', 'out.onnx')))).toBe('OUTPUT_UNWRITABLE');
  });

  test('an aborted call rejects with the signal’s reason and leaves nothing behind', async () => {
    const source = join(folder, 'model.onnx');
    writeFileSync(source, bytes);
    using model = await openModel(source);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(model.prune({ ratio: 0.5, signal })).rejects.toThrow('enough');
    const pruned = await model.prune({ ratio: 0.5 });
    await expect(pruned.save(join(folder, 'out.onnx'), { signal })).rejects.toThrow('enough');
    expect(existsSync(join(folder, 'out.onnx'))).toBe(false);
    await expect(openModel(source, { signal })).rejects.toThrow('enough');
  });
});
