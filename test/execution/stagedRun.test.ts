import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StagedRun } from '../../src/execution/stagedRun.js';
import { SubgraphPartition } from '../../src/execution/subgraphPartition.js';
import { NO_EDITS } from '../../src/model/edits.js';
import { openBytes } from '../../src/native/index.js';
import { onnxruntime } from '../../src/runtime/onnxruntime.js';
import type { Tensor } from '../../src/runtime/runtime.js';
import { feedsFor, samplesOf } from '../refit/refits.js';
import { Builder } from '../support/builder.js';
import { growConvnet, KINDS } from '../support/convnets.js';
import { run } from '../support/exact.js';
import { documentOf } from '../support/graph.js';
import { encodeModel, type ModelSpec } from '../support/onnx.js';
import { draws } from '../support/random.js';
import { growSequenceNet, SEQUENCE_KINDS } from '../support/sequencenets.js';

const step = <K extends string>(kinds: readonly K[]) =>
  fc.record({ kind: fc.constantFrom(...kinds), pick: fc.nat(11), size: fc.nat(11) });

/** Values that an output needs, in the order in which they are made. */
function neededOf(spec: ModelSpec): readonly string[] {
  const needed = new Set(spec.outputs.map(({ name }) => name));
  for (const { inputs, outputs } of spec.nodes.toReversed())
    if (outputs.some((name) => needed.has(name))) for (const name of inputs) needed.add(name);
  return spec.nodes.flatMap(({ outputs }) => outputs.filter((name) => name !== '' && needed.has(name)));
}

/** Asks for some values after each other, and compares with those of a whole run. */
async function comparesParts(spec: ModelSpec, seed: number): Promise<void> {
  const draw = draws(seed);
  const needed = neededOf(spec);
  const wanted = needed.filter(() => draw(4) === 0);
  wanted.push(...spec.outputs.map(({ name }) => name).filter((name) => !wanted.includes(name)));
  const native = await openBytes(encodeModel(spec));
  const shown = await native.saveToBytes({ ...NO_EDITS, outputs: wanted.map((name) => ({ name })) });
  const batches = [2, 3];
  const whole = await Promise.all(batches.map((samples, i) => run(shown, feedsFor(spec, samples, seed + i))));
  const feeds = batches.map((samples, i) => samplesOf(spec, samples, seed + i));
  const parts = new SubgraphPartition(native.describe());
  const advance = new StagedRun(native, parts, onnxruntime(), feeds.slice(0, 1), () => NO_EDITS, {});
  // The second batch comes later, somewhere on the way.
  const late = draw(wanted.length);
  try {
    expect(advance.batches).toBe(1);
    // Some at a time.
    for (let from = 0; from < wanted.length; ) {
      const own = wanted.slice(from, from + 1 + draw(2));
      if (advance.batches === 1 && from >= late) await advance.extend(feeds.slice(1));
      from += own.length;
      const seen: number[] = [];
      await advance.to(own, async (batch, tensors) => {
        seen.push(batch);
        for (const name of own) {
          const [found, expected] = [tensors.get(name)!, whole[batch]![name]!];
          expect(found.dims).toEqual(expected.dims);
          close(found, expected.data as Float32Array);
        }
      });
      expect(seen).toEqual(advance.batches === 1 ? [0] : [0, 1]);
      expect(advance.before(own).size).toBe(0);
    }
  } finally {
    await advance.close();
    native.dispose();
  }
}

function close({ data }: Tensor, expected: ArrayLike<number | bigint>): void {
  const values = data as ArrayLike<number | bigint>;
  let [worst, scale] = [0, 1e-6];
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(Number(values[i]) - Number(expected[i])));
    scale = Math.max(scale, Math.abs(Number(expected[i])));
  }
  expect(worst / scale).toBeLessThan(1e-4);
}

test('values computed part by part are those of the whole, in convolutional networks', async () => {
  const steps = fc.array(step(KINDS), { minLength: 2, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(1_000_000), (grown, seed) =>
      comparesParts(growConvnet(grown, seed), seed),
    ),
    { numRuns: 15 },
  );
}, 300_000);

test('and over sequences', async () => {
  // What is rounded to eight bits is rounded otherwise by another choice of kernels.
  const kinds = SEQUENCE_KINDS.filter((kind) => kind !== 'quantised');
  const steps = fc.array(step(kinds), { minLength: 2, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(1_000_000), (grown, seed) =>
      comparesParts(growSequenceNet(grown, seed), seed),
    ),
    { numRuns: 15 },
  );
}, 300_000);

/** x -> a -> b -> y, with a read again by y, b by a node that nothing needs, and a branch that captures a. */
function small(): ModelSpec {
  const b = new Builder();
  b.node('Relu', 'a', ['x']);
  b.node('Mul', 'b', ['a', b.weight('w', [4])]);
  b.node('Neg', 'unneeded', ['b']);
  b.node('ReduceSum', 'total', ['b'], { keepdims: 0 });
  b.node('Greater', 'positive', ['total', b.weight('zero', [])]);
  const branch = (op: string) => ({
    nodes: [{ op, inputs: ['a'], outputs: [`${op}_out`] }],
    inputs: [],
    outputs: [{ name: `${op}_out`, shape: ['n', 4] }],
    initializers: [],
  });
  b.node('If', 'c', ['positive'], { then_branch: branch('Exp'), else_branch: branch('Neg') });
  b.node('Add', 'y', ['c', 'b']);
  return {
    opset: 13,
    nodes: b.nodes,
    initializers: b.initializers,
    inputs: [{ name: 'x', shape: ['n', 4] }],
    outputs: [{ name: 'y', shape: ['n', 4] }],
  };
}

test('parts: what is between, what lives, what is needed', () => {
  const { document } = documentOf(small());
  const parts = new SubgraphPartition(document);
  const node = (name: string) => document.graph.nodes.find((own) => own.name === name)!;
  const names = (nodes: Iterable<{ readonly name: string }>) => [...nodes].map((own) => own.name).sort();
  const none = new Set<(typeof document.graph.nodes)[number]>();
  expect(names(parts.between(['b'], none))).toEqual(['a', 'b']);
  expect(names(parts.between(['c'], none))).toEqual(['a', 'b', 'c', 'positive', 'total']);
  expect(names(parts.between(['c'], new Set([node('a'), node('b')])))).toEqual(['c', 'positive', 'total']);
  expect(names(parts.between(['x', 'w'], none))).toEqual([]);
  // Initializers are no values that live; captures of branches are.
  expect([...parts.live(none)]).toEqual(['x']);
  expect([...parts.live(new Set([node('a')]))].sort()).toEqual(['a']);
  expect([...parts.live(new Set([node('a'), node('b')]))].sort()).toEqual(['a', 'b']);
  const most = ['a', 'b', 'total', 'positive', 'c'].map(node);
  expect([...parts.live(new Set(most))].sort()).toEqual(['b', 'c']);
  expect([...parts.live(new Set([...most, node('y')]))]).toEqual([]);
  expect(parts.isInput('x')).toBe(true);
  expect(parts.isInput('w')).toBe(false);
  expect(parts.makerOf('c')).toBe(node('c'));
  expect(document.graph.nodes.filter(({ id }) => !parts.needs(id)).map(({ name }) => name)).toEqual([
    'unneeded',
  ]);
});

test('parts: a part states what it reads and holds what it needs', () => {
  const { document } = documentOf(small());
  const parts = new SubgraphPartition(document);
  const done = new Set(['a'].map((name) => document.graph.nodes.find((own) => own.name === name)!));
  const nodes = parts.between(['c'], done);
  const part = parts.part(nodes, ['c', 'b'], (name) => ({ a: 'float32', x: 'float32' })[name]);
  expect(part.inputs).toEqual([{ name: 'a', dtype: 'float32' }]);
  expect(part.outputs).toEqual(['c', 'b']);
  expect(part.nodes.map((id) => document.graph.nodes.find((own) => own.id === id)!.name)).toEqual([
    'a',
    'unneeded',
    'y',
  ]);
  expect(part.tensors).toEqual([]);
  const first = parts.part(done, ['a'], () => 'float32');
  expect(first.tensors.map((id) => document.tensors[id]!.name)).toEqual(['w', 'zero']);
});

test('a branch is computed in its part, with what it captures', async () => {
  const spec = small();
  const native = await openBytes(encodeModel(spec));
  const feeds = [samplesOf(spec, 3, 5)];
  const advance = new StagedRun(
    native,
    new SubgraphPartition(native.describe()),
    onnxruntime(),
    feeds,
    () => NO_EDITS,
    {},
  );
  const whole = await run(encodeModel(spec), feedsFor(spec, 3, 5));
  for (const value of ['a', 'total', 'c', 'y'])
    await advance.to([value], async (_, tensors) => {
      if (value === 'y') close(tensors.get('y')!, whole.y!.data as Float32Array);
    });
  await advance.close();
  native.dispose();
});
