import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Dataset, datasetOf } from '../../src/data/dataset.js';
import type { Guard, PlanOptions, Verification } from '../../src/index.js';
import { openModel, verify } from '../../src/index.js';
import { onnxruntime } from '../../src/runtime/onnxruntime.js';
import type { Session, Tensor } from '../../src/runtime/runtime.js';
import { detector, durations, halved, mapped, samplesOf, sequences, worded } from '../support/answers.js';

const quick = { runs: 0 };

/** Prunes with samples and without, and verifies both. */
async function both(
  model: Uint8Array,
  data: Dataset,
  guard: readonly Guard[],
  { labels, ...options }: Pick<PlanOptions, 'labels' | 'reconstruct'> = {},
) {
  using opened = await openModel(model);
  const named = labels === undefined ? {} : { labels };
  const fitted = await opened.prune({ ratio: 0.5, roundTo: 1, data, guard, ...named, ...options });
  const ranked = await opened.prune({ ratio: 0.5, roundTo: 1, criterion: 'random' });
  const check = async (pruned: { toBytes(): Promise<Uint8Array> }) =>
    verify(model, await pruned.toBytes(), { data, ...named, ...quick });
  return { fitted, refit: await check(fitted), ranked: await check(ranked) };
}

/** Refitting helps, so what is measured means something; and a model is like itself. */
async function means(
  model: Uint8Array,
  data: Dataset,
  { refit, ranked }: Record<'refit' | 'ranked', Verification>,
) {
  const mean = ({ outputs }: Verification): number =>
    outputs.reduce((sum, output) => sum + output.fidelity!, 0) / outputs.length;
  expect(refit.faults).toEqual([]);
  expect(ranked.faults).toEqual([]);
  expect(mean(refit)).toBeGreaterThan(mean(ranked));
  const same = await verify(model, model, { data, ...quick });
  for (const output of same.outputs)
    expect(output).toMatchObject({ fidelity: 1, maxAbsDifference: output.dtype === 'string' ? null : 0 });
}

const lowest = [
  { metric: 'fidelity', atLeast: 0 },
  { metric: 'cosine', atLeast: -1 },
] as const;

describe('lengths that data decide', () => {
  test('boxes are compared as sets, and what belongs to them goes with them', {
    timeout: 60_000,
  }, async () => {
    const model = detector();
    const data = datasetOf({ x: samplesOf([24, 3, 8, 8]) });
    const found = await both(model, data, [...lowest, { metric: 'agreement', atLeast: 0 }]);
    await means(model, data, found);
    const manners = found.ranked.outputs.map(({ name, compared }) => [name, compared]);
    expect(manners).toEqual([
      ['boxes', 'boxes'],
      ['scores', 'rows of boxes'],
      ['labels', 'rows of boxes'],
    ]);
    const { original, pruned, share } = found.ranked.outputs[0]!.lengths!;
    expect(original).not.toBe(pruned);
    expect(share).toBeLessThan(1);
    expect(found.fitted.guard!.guards.map(({ value }) => value > 0)).toEqual([true, true, true]);
  });

  test('sequences are compared up to the shorter', { timeout: 60_000 }, async () => {
    const model = durations();
    const data = datasetOf({ x: samplesOf([24, 1, 4, 12]) });
    const found = await both(model, data, lowest);
    expect(found.refit.faults).toEqual([]);
    expect(found.fitted.guard!.guards[0]!.output).toBe('audio');
    const [audio] = found.ranked.outputs;
    expect(audio).toMatchObject({ name: 'audio', compared: 'sequences' });
    expect(audio!.lengths!.share).toBeLessThan(1);
    expect(audio!.fidelity!).toBeLessThanOrEqual(audio!.lengths!.share);
  });
});

describe('what is no tensor', () => {
  const names = ['a', 'b', 'c'];
  const x = samplesOf([48, 6]);
  let session: Session;
  /** What the original says. */
  let said: readonly string[];

  beforeAll(async () => {
    session = await onnxruntime().load(mapped(names));
    const { outputs } = await session.run({ x });
    said = outputs.label!.data as readonly string[];
  });
  afterAll(() => session.dispose());

  test('maps are compared by the scores that they are made of, and texts by being equal', async () => {
    const model = mapped(names);
    const label: Tensor = { type: 'string', data: said, dims: [48] };
    const data = datasetOf({ x, label });
    const guard: Guard[] = [...lowest, { metric: 'accuracy', atLeast: 0 }, { metric: 'kl', atMost: 64 }];
    const found = await both(model, data, guard, { labels: 'label' });
    await means(model, data, found);
    const [text, maps] = found.refit.outputs;
    expect(text).toMatchObject({
      name: 'label',
      dtype: 'string',
      cosine: null,
      top1Agreement: text!.fidelity,
    });
    expect(maps).toMatchObject({ name: 'probabilities', dtype: 'float32', top1Agreement: text!.fidelity });
    expect(maps!.cosine!).toBeGreaterThan(0.9);
    expect(found.refit.unjudged).toEqual([]);
    expect(found.refit.accuracy).toEqual({
      ...{ labels: 'label', output: 'label', original: 1, pruned: text!.fidelity },
    });
  });

  test('labels are the names of a map where nothing else gives them', async () => {
    const model = mapped(names, 'maps');
    const label: Tensor = { type: 'string', data: said, dims: [48] };
    const result = await verify(model, model, { data: datasetOf({ x, label }), labels: 'label', runs: 2 });
    expect(result.accuracy).toEqual({ labels: 'label', output: 'probabilities', original: 1, pruned: 1 });
    expect(result.latency!.runs).toBe(2);
    const numbers: Tensor = {
      type: 'int32',
      data: Int32Array.from(said, (name) => names.indexOf(name)),
      dims: [48],
    };
    const counted = await verify(model, model, {
      data: datasetOf({ x, label: numbers }),
      labels: 'label',
      ...quick,
    });
    expect(counted.accuracy).toMatchObject({ output: 'probabilities', original: 1 });
    const odd: Tensor = { type: 'string', data: said.map(() => 'd'), dims: [48] };
    const wrong = await verify(model, model, {
      data: datasetOf({ x, label: odd }),
      labels: 'label',
      ...quick,
    });
    expect(wrong.accuracy).toMatchObject({ original: 0, pruned: 0 });
    expect(wrong.warnings).toContainEqual({ code: 'LABELS', text: expect.stringContaining('a label is d') });
  });

  test('sequences are compared by what they are made of, or said not to be', async () => {
    const model = sequences();
    const data = datasetOf({ x });
    const found = await both(model, data, lowest);
    await means(model, data, found);
    const { outputs, unjudged, warnings } = found.refit;
    expect(outputs.map(({ name }) => name.replace(/_.*/, ''))).toEqual([
      'y',
      'SequenceConstruct',
      'SequenceConstruct',
    ]);
    expect(outputs[1]!.value).toMatch(/Add/);
    expect(unjudged).toEqual([
      { output: expect.stringMatching(/^If/), why: expect.stringMatching(/made by node If.* \(If\)/) },
    ]);
    expect(warnings).toContainEqual({ code: 'NOT_COMPARED', text: expect.stringContaining('output "If') });
    expect(found.fitted.guard!.unjudged).toEqual(unjudged);
  });
});

test('a sequence between layers is computed again where it is read', async () => {
  const model = halved();
  const data = datasetOf({ x: samplesOf([48, 6]) });
  const found = await both(model, data, lowest);
  await means(model, data, found);
  expect(found.fitted.reconstruction!.layers).toBeGreaterThan(1);
  expect(found.refit.outputs[0]!.cosine!).toBeGreaterThan(0.9);
});

test('texts are samples as numbers are', async () => {
  const model = worded();
  const colours = Array.from({ length: 32 }, (_, i) => ['red', 'green', 'blue', 'other'][(i * i) % 4]!);
  const data = datasetOf({
    colour: { type: 'string', data: colours, dims: [32, 1] },
    x: samplesOf([32, 6]),
  });
  const found = await both(model, data, lowest);
  await means(model, data, found);
  const random = await verify(model, model, quick);
  expect(random).toMatchObject({ ok: true, data: { random: true, samples: 16 } });
});
