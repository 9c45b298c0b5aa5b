import { describe, expect, test } from 'vitest';
import { INTERFACE_KEY, readChanges } from '../../src/data/interfaceChanges.js';
import type { Dataset, Plan } from '../../src/index.js';
import { datasetOf, openModel, verify } from '../../src/index.js';
import { openBytes } from '../../src/native/index.js';
import { encodeModel, type ModelSpec } from '../support/onnx.js';
import { random } from '../support/random.js';
import { Sheet } from '../support/sheet.js';

const [INPUT, HIDDEN, OUT, SAMPLES, STEPS] = [6, 16, 4, 64, 5];

/** An LSTM between two layers whose states go in and come out. */
function speech(): ModelSpec {
  const sheet = new Sheet(17);
  const x = sheet.input('x', [STEPS, 'n', INPUT]);
  const states = ['h', 'c'].map((name) => sheet.input(name, [1, 'n', HIDDEN]));
  const features = sheet.node('Relu', [sheet.linear(x, 'in', INPUT, 12)]);
  const weights = [
    sheet.weight('W', [1, 4 * HIDDEN, 12]),
    sheet.weight('R', [1, 4 * HIDDEN, HIDDEN]),
    sheet.weight('B', [1, 8 * HIDDEN]),
  ];
  const [y, h, c] = sheet.many(3, 'LSTM', [features, ...weights, '', ...states], { hidden_size: HIDDEN });
  const flat = sheet.node('Squeeze', [y!, sheet.ints([1])]);
  sheet.output(sheet.linear(flat, 'out', HIDDEN, OUT), 'y', [STEPS, 'n', OUT]);
  sheet.output(h!, 'hn', [1, 'n', HIDDEN]);
  sheet.output(c!, 'cn', [1, 'n', HIDDEN]);
  return sheet.model();
}

/** Samples one by one: no input has its samples on the first axis. */
function samples(): Dataset {
  const next = random(7);
  const array = (dims: readonly number[]) => ({
    type: 'float32' as const,
    data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, next),
    dims,
  });
  return datasetOf({
    x: array([SAMPLES, STEPS, 1, INPUT]),
    h: array([SAMPLES, 1, 1, HIDDEN]),
    c: array([SAMPLES, 1, 1, HIDDEN]),
  });
}

const FREE = ['h', 'c', 'hn', 'cn'];
const bytes = encodeModel(speech());
const data = samples();
const ratio = { ratio: 0.5, roundTo: 1, free: FREE, data };

describe('a model whose states are free', () => {
  test('is refitted, verified and replayed on samples that are cut to fit', async () => {
    using model = await openModel(bytes);
    const pruned = await model.prune(ratio);
    expect(pruned.reconstruction!.layers).toBeGreaterThan(1);
    const { inputs, outputs } = pruned.plan.interface!;
    expect(Object.keys(inputs)).toEqual(['h', 'c']);
    expect(inputs.h).toEqual({ 2: { length: HIDDEN, kept: expect.any(Array) } });
    expect(inputs.h!['2']!.kept).toHaveLength(HIDDEN / 2);
    expect(outputs).toEqual({ hn: inputs.h, cn: inputs.h });

    const small = await pruned.toBytes();
    const native = await openBytes(small);
    const { metadata, graph } = native.describe();
    native.dispose();
    expect(readChanges(metadata[INTERFACE_KEY])).toEqual(pruned.plan.interface);
    const shapes = [...graph.inputs, ...graph.outputs].map(({ name, shape }) => [name, shape?.[2]]);
    expect(Object.fromEntries(shapes)).toMatchObject({ h: 8, c: 8, hn: 8, cn: 8, x: INPUT, y: OUT });

    const verified = await verify(bytes, small, { data, runs: 2 });
    expect(verified).toMatchObject({
      ok: true,
      latency: { ratio: expect.any(Number) },
      warnings: expect.arrayContaining([
        { code: 'INTERFACE_DECLARED', text: expect.stringContaining('h: 8 of 16 on axis 2; c: 8 of 16') },
      ]),
    });
    expect(verified.outputs.map(({ name }) => name)).toEqual(['y', 'hn', 'cn']);
    for (const { cosine } of verified.outputs) expect(cosine!).toBeGreaterThan(0.7);
    expect(await verify(bytes, small, { runs: 0 })).toMatchObject({ ok: true, data: { random: true } });

    const replayed = await model.apply(JSON.parse(JSON.stringify(pruned.plan)) as Plan, { data });
    expect(await replayed.toBytes()).toEqual(small);
  });

  test('refits help, and see the states as they are', async () => {
    using model = await openModel(bytes);
    const error = async (reconstruct: boolean): Promise<number> => {
      const pruned = await model.prune({ ...ratio, reconstruct });
      const { outputs } = await verify(bytes, await pruned.toBytes(), { data, runs: 0 });
      return outputs.find(({ name }) => name === 'y')!.relativeError!;
    };
    expect(await error(true)).toBeLessThan(0.8 * (await error(false)));
  });

  test('keeps its guards, and its budget under trials', async () => {
    using model = await openModel(bytes);
    const pruned = await model.prune({
      ...{ macs: 0.5, roundTo: 1, free: FREE, data },
      guard: [{ metric: 'cosine', atLeast: 0.6 }],
    });
    expect(pruned.guard!.guards[0]!.value).toBeGreaterThanOrEqual(0.6);
    expect(pruned.plan.groups.length).toBeGreaterThan(0);
  });

  test('is as it was without the option', async () => {
    using model = await openModel(bytes);
    const { free: _, ...rest } = ratio;
    const { plan } = await model.prune(rest);
    expect(plan).not.toHaveProperty('interface');
    expect(plan.made).not.toHaveProperty('free');
    expect(Object.keys(plan.tensors)).not.toContain('R');
  });

  test('can be pruned again, and compared with either', async () => {
    using model = await openModel(bytes);
    const once = await (await model.prune(ratio)).toBytes();
    using smaller = await openModel(once);
    const kept = await (await smaller.prune({ ratio: 0.25, roundTo: 1, criterion: 'l2' })).toBytes();
    expect(await verify(bytes, kept, { data, runs: 0 })).toMatchObject({ ok: true });
    expect(await verify(once, kept, { runs: 0 })).toMatchObject({ ok: true });
    const again = await smaller.prune({ ratio: 0.5, roundTo: 1, criterion: 'l2', free: FREE });
    const least = await again.toBytes();
    expect(again.plan.interface!.inputs.h!['2']).toMatchObject({ length: 8 });
    expect(await verify(once, least, { runs: 0 })).toMatchObject({ ok: true });
    expect(await verify(bytes, least, { runs: 0 })).toMatchObject({
      ok: false,
      faults: expect.arrayContaining([expect.objectContaining({ code: 'INTERFACE_CHANGED' })]),
    });
  });
});

test('what shrank earlier is still told', async () => {
  using model = await openModel(bytes);
  const { plan, ...first } = await (async () => {
    const pruned = await model.prune({ ...ratio, criterion: 'l2' });
    return { plan: pruned.plan, bytes: await pruned.toBytes() };
  })();
  using smaller = await openModel(first.bytes);
  const second = await smaller.prune({ ratio: 0.25, roundTo: 1, criterion: 'l2', free: ['y', 'x'] });
  const both = await second.toBytes();
  const native = await openBytes(both);
  const told = readChanges(native.describe().metadata[INTERFACE_KEY])!;
  native.dispose();
  expect(told.inputs).toEqual({ ...plan.interface!.inputs, ...second.plan.interface!.inputs });
  for (const original of [bytes, first.bytes])
    expect(await verify(original, both, { runs: 0 })).toMatchObject({ ok: true });
});

test('labels say nothing of classes of which some left', async () => {
  const sheet = new Sheet(17);
  const hidden = sheet.node('Relu', [sheet.linear(sheet.input('x', ['n', 6]), '1', 6, 8)]);
  sheet.output(sheet.linear(hidden, '2', 8, 10), 'y', ['n', 10]);
  const classifier = encodeModel(sheet.model());
  const next = random(3);
  const labelled = datasetOf({
    x: { type: 'float32', data: Float32Array.from({ length: 32 * 6 }, next), dims: [32, 6] },
    label: { type: 'int32', data: Int32Array.from({ length: 32 }, (_, i) => i % 10), dims: [32] },
  });
  using model = await openModel(classifier);
  const small = async (free: readonly string[]): Promise<Uint8Array> =>
    (await model.prune({ ratio: 0.5, roundTo: 1, criterion: 'l2', free })).toBytes();
  const whole = await verify(classifier, await small([]), { data: labelled, labels: 'label', runs: 0 });
  expect(whole.accuracy).toBeDefined();
  const fewer = await verify(classifier, await small(['y']), { data: labelled, labels: 'label', runs: 0 });
  expect(fewer.accuracy).toBeUndefined();
  expect(fewer.warnings.map(({ code }) => code)).toEqual(
    expect.arrayContaining(['INTERFACE_DECLARED', 'LABELS']),
  );
});

describe('what does not fit', () => {
  test('names that the model does not have', async () => {
    using model = await openModel(bytes);
    for (const wrong of ['state', 'R'])
      await expect(model.plan({ ratio: 0.5, free: ['h', wrong] })).rejects.toMatchObject({
        code: 'OPTION_INVALID',
        message: expect.stringContaining(`free: "${wrong}" matches no input and no output`),
        todo: expect.stringContaining('Inputs are x, h, c; outputs are y, hn, cn'),
      });
  });

  test('a plan whose interface says something else than its tensors', async () => {
    using model = await openModel(bytes);
    const { plan } = await model.prune({ ratio: 0.5, roundTo: 1, free: FREE, criterion: 'l2' });
    const other = structuredClone(plan) as { interface: { inputs: { h: { 2: { kept: number[] } } } } } & Plan;
    other.interface.inputs.h[2].kept.pop();
    await expect(model.apply(other)).rejects.toMatchObject({ code: 'PLAN_MALFORMED' });
    const { interface: _, ...derived } = plan;
    expect((await model.apply(derived)).plan.interface).toEqual(plan.interface);
    const frozen = { ...plan, made: {} };
    await expect(model.apply(frozen)).rejects.toMatchObject({ code: 'PLAN_MALFORMED' });
  });

  test.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['no outputs', '{"inputs":{}}'],
    ['an index beyond', '{"inputs":{"h":{"2":{"length":2,"kept":[2]}}},"outputs":{}}'],
    ['not ascending', '{"inputs":{"h":{"2":{"length":4,"kept":[1,1]}}},"outputs":{}}'],
    ['no axis', '{"inputs":{"h":{"x":{"length":4,"kept":[1]}}},"outputs":{}}'],
    ['no list', '{"inputs":{"h":{"2":{"length":4}}},"outputs":{}}'],
  ])('metadata that say nothing: %s', (_, text) => {
    expect(readChanges(text)).toBeUndefined();
  });
});
