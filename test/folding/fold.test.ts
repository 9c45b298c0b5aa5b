import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { walk } from '../../src/coupling/walking.js';
import { foldedGraph } from '../../src/folding/fold.js';
import { openModel } from '../../src/index.js';
import { NO_EDITS } from '../../src/model/edits.js';
import { readGraph } from '../../src/model/graph.js';
import { openBytes } from '../../src/native/index.js';
import { registry } from '../../src/ops/registry.js';
import { datasetFor, distance, error, feedsFor, prune } from '../refit/refits.js';
import { difference, prunesExactly, run } from '../support/exact.js';
import { encodeModel, type ModelSpec, type NodeSpec, type TensorSpec } from '../support/onnx.js';
import { draws } from '../support/random.js';
import { FORMS, type Form, modelOf } from './forms.js';

/** What a weight that a model computes is once it is stored, as the addon computes it. */
async function derivedIn(model: ModelSpec): Promise<Map<string, TensorSpec>> {
  const native = await openBytes(encodeModel(model));
  try {
    const read = (tensor: number): Float64Array => native.numbers(tensor);
    const graph = readGraph(native.describe(), 'model.onnx');
    const folded = foldedGraph(walk(graph, registry, read), native, registry, read);
    const found = new Map<string, TensorSpec>();
    for (const { id, name, dims, derived } of folded?.document.tensors ?? [])
      if (derived !== undefined) found.set(name, { name, dims, data: await native.floats(id) });
    return found;
  } finally {
    native.dispose();
  }
}

/** The same model with the weights that it computes stored, and what computed them left where it is. */
async function twinOf(model: ModelSpec): Promise<ModelSpec> {
  const derived = await derivedIn(model);
  const nodes = model.nodes.filter(({ outputs }) => !outputs.some((name) => derived.has(name)));
  const reads = (name: string): boolean => nodes.some(({ inputs }) => inputs.includes(name));
  const needed = (own: NodeSpec): boolean => own.outputs.some((name) => reads(name) || name === 'y');
  let left = nodes;
  for (let count = -1; count !== left.length; ) {
    count = left.length;
    left = left.filter(
      (own) =>
        needed(own) &&
        own.outputs.some((name) => name === 'y' || left.some(({ inputs }) => inputs.includes(name))),
    );
  }
  const read = new Set(left.flatMap(({ inputs }) => inputs));
  const initializers = [...model.initializers, ...derived.values()].filter(({ name }) => read.has(name));
  return { ...model, nodes: left, initializers };
}

describe('what is computed of stored tensors is what the runtime computes', () => {
  for (const [name, form] of Object.entries(FORMS))
    test(name, async () => {
      const model = modelOf(form, 5);
      const derived = await derivedIn(model);
      expect(derived.size).toBeGreaterThan(0);
      const native = await openBytes(encodeModel(model));
      const outputs = [...derived.keys()].map((own) => ({ name: own }));
      const shown = await native.saveToBytes({ ...NO_EDITS, outputs });
      const values = await run(shown, feedsFor(model, 2, 1));
      for (const [own, { data, dims }] of derived) {
        const wanted = values[own] as ort.Tensor;
        expect(dims).toEqual(wanted.dims);
        const found = { [own]: new ort.Tensor('float32', data as Float32Array, wanted.dims) };
        expect(difference(found, { [own]: wanted })).toBeLessThan(1e-6);
      }
    });
});

describe('a model is pruned as its twin whose weights are stored', () => {
  for (const [name, form] of Object.entries(FORMS))
    test(name, async () => {
      const model = modelOf(form, 5);
      const twin = await twinOf(model);
      expect(twin.nodes.length).toBeLessThan(model.nodes.length);
      for (const options of [{}, { data: datasetFor(model, 96) }]) {
        const criterion = 'data' in options ? 'information' : 'l2';
        const [a, b] = [
          await prune(model, { ratio: 0.5, criterion, ...options }),
          await prune(twin, { ratio: 0.5, criterion, ...options }),
        ];
        expect(a.plan.groups.map(({ kept }) => kept)).toEqual(b.plan.groups.map(({ kept }) => kept));
        expect(a.bytes.length).toBeLessThan(encodeModel(model).length);
        const feeds = feedsFor(model, 16, 9);
        expect(difference(await run(a.bytes, feeds), await run(b.bytes, feeds))).toBeLessThan(1e-4);
      }
    });
});

describe('masked is pruned, of what the plan says that it zeroes', () => {
  for (const [name, form] of Object.entries(FORMS))
    test(name, async () => {
      for (let seed = 1; seed <= 3; seed++) expect(await prunesExactly(modelOf(form, seed), seed)).toBe(true);
    });
});

test('a plan is replayed by its tables, and by its groups', async () => {
  const model = modelOf(FORMS['weight normalisation']!, 3);
  using opened = await openModel(encodeModel(model));
  const pruned = await opened.prune({ ratio: 0.5 });
  const bytes = await pruned.toBytes();
  expect(Object.keys(pruned.plan.derived ?? {}).length).toBeGreaterThan(0);
  const { derived: _, ...groups } = { ...pruned.plan, tensors: {} };
  for (const plan of [pruned.plan, JSON.parse(JSON.stringify(pruned.plan)), groups]) {
    const again = await opened.apply(plan);
    expect(
      difference(
        await run(await again.toBytes(), feedsFor(model, 4, 1)),
        await run(bytes, feedsFor(model, 4, 1)),
      ),
    ).toBe(0);
  }
  const [name] = Object.keys(pruned.plan.derived!);
  const wrong = { ...pruned.plan, derived: { ...pruned.plan.derived, [name!]: { 0: [0] } } };
  await expect(opened.apply(wrong)).rejects.toMatchObject({ code: 'PLAN_MALFORMED' });
});

test('what keeps a stored tensor keeps what is derived of it', async () => {
  const model = modelOf(FORMS['weight normalisation']!, 3);
  using opened = await openModel(encodeModel(model));
  const leaf = opened.inspect().groups.length;
  expect(leaf).toBeGreaterThan(0);
  const all = model.initializers.map(({ name }) => name);
  await expect(opened.prune({ ratio: 0.5, keep: all })).rejects.toMatchObject({ code: 'NOTHING_PRUNABLE' });
});

test('nothing is folded where the file would grow', async () => {
  const twice: Form = (b, name, dims) => {
    const w = b.weight(`${name}.w`, dims);
    b.node('Mul', `${name}.other`, [w, w]);
    return b.node('Exp', `${name}.out`, [b.node('Concat', `${name}.both`, [w, w], { axis: 2 })]);
  };
  const model = modelOf(twice, 3, 6);
  expect((await derivedIn(model)).size).toBe(0);
});

test('lanes that others give are given back', async () => {
  for (const form of [FORMS['weight normalisation']!, FORMS['low-rank sums']!]) {
    const model = modelOf(form, 7, 3, true);
    const data = datasetFor(model, 256);
    const feeds = feedsFor(model, 32, 11);
    const [refitted, cut] = [
      await prune(model, { ratio: 0.5, data }),
      await prune(model, { ratio: 0.5, data, reconstruct: false }),
    ];
    expect(await error(model, refitted.bytes, feeds)).toBeLessThan(1e-6);
    expect(await distance(model, cut.bytes, feeds)).toBeGreaterThan(1e-2);
  }
});

/** A chain of functions of stored tensors, drawn at random, that ends in [6, 8, 3]. */
function chain(seed: number): Form {
  return (b, name, dims) => {
    const draw = draws(seed * 31 + name.length);
    let at = b.weight(`${name}.v`, dims);
    let count = 0;
    const node = (op: string, inputs: readonly string[], attributes: NodeSpec['attributes'] = {}): string =>
      b.node(op, `${name}.${op}${count++}`, inputs, attributes);
    const ints = (values: readonly number[]): string => b.ints(`${name}.i${count++}`, values);
    const small = (shape: readonly number[]): string => b.weight(`${name}.s${count++}`, shape);
    const [o, i, k] = dims as [number, number, number];
    const steps: readonly (() => string)[] = [
      () => node('Mul', [at, small([o, 1, 1])]),
      () => node('Add', [small([1, 1, k]), at]),
      () => node('Sub', [at, node('ReduceMean', [at], { axes: [1, 2] })]),
      () => node('Div', [at, node('ReduceL2', [at], { axes: [0], keepdims: 1 })]),
      () =>
        node('Transpose', [node('Tanh', [node('Transpose', [at], { perm: [2, 0, 1] })])], {
          perm: [1, 2, 0],
        }),
      () => node('Reshape', [node('Neg', [node('Reshape', [at, ints([o, -1])])]), ints([0, i, k])]),
      () =>
        node(
          'Concat',
          [
            node('Slice', [at, ints([0]), ints([2]), ints([0])]),
            node('Slice', [at, ints([2]), ints([o]), ints([0])]),
          ],
          { axis: 0 },
        ),
      () => node('Slice', [at, ints([-1]), ints([-100]), ints([2]), ints([-1])]),
      () =>
        node('Add', [
          at,
          node('Reshape', [node('MatMul', [small([o, 2]), small([2, i * k])]), ints([o, i, k])]),
        ]),
      () => node('Gather', [at, ints([...Array(k).keys()].reverse())], { axis: 2 }),
      () => node('Unsqueeze', [node('Squeeze', [node('Unsqueeze', [at, ints([1])]), ints([1])]), ints([])]),
      () =>
        node('Div', [
          at,
          node('Sqrt', [
            node('Add', [
              node('ReduceSumSquare', [at], { axes: [1], keepdims: 1 }),
              node('Abs', [small([1])]),
            ]),
          ]),
        ]),
      () => node('LpNormalization', [at], { axis: 1, p: 2 }),
      () => node('Softmax', [at], { axis: 1 }),
      () => node('Expand', [at, ints([1, i, k])]),
      () => node('Clip', [at, '', '']),
    ];
    for (let step = 0; step < 4; step++) at = steps[draw(steps.length)]!();
    return at;
  };
}

test('chains of functions drawn at random', async () => {
  let folded = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const model = modelOf(chain(seed), seed);
    const derived = await derivedIn(model);
    const native = await openBytes(encodeModel(model));
    const shown = await native.saveToBytes({
      ...NO_EDITS,
      outputs: [...derived.keys()].map((name) => ({ name })),
    });
    const values = await run(shown, feedsFor(model, 2, 1));
    for (const [own, { data, dims }] of derived) {
      folded += 1;
      const wanted = values[own] as ort.Tensor;
      if (Array.from(wanted.data as Float32Array).some((value) => !Number.isFinite(value))) continue;
      const found = { [own]: new ort.Tensor('float32', data as Float32Array, [...dims]) };
      expect(difference(found, { [own]: wanted }), `seed ${seed}`).toBeLessThan(2e-6);
    }
    if (derived.size > 0) await prunesExactly(model, seed);
  }
  expect(folded).toBeGreaterThan(20);
});
