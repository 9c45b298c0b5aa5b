import { Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import { readGraph } from '../../src/model/graph.js';
import { layOut } from '../../src/model/layOut.js';
import { openBytes } from '../../src/native/index.js';
import { datasetFor, error, feedsFor, repeated } from '../refit/refits.js';
import { difference, distanceFromMasked, type Feeds, ROUNDING, run } from '../support/exact.js';
import {
  encodeModel,
  floats,
  type GraphSpec,
  type ModelSpec,
  type NodeSpec,
  type TensorSpec,
} from '../support/onnx.js';
import { random } from '../support/random.js';

const next = random(11);
const HIDDEN = 8;
/** Pairs of hidden lanes say the same: half of them can leave without loss, once the others are refitted. */
const hidden = (name: string, inputs: number): TensorSpec =>
  repeated(floats(name, [inputs, HIDDEN], next), 1, (lane) => lane / 8 + 0.5);

const node = (op: string, inputs: readonly string[], output: string, attributes = {}): NodeSpec => ({
  op,
  name: `make_${output}`,
  inputs,
  outputs: [output],
  attributes,
});

/** A condition that only data decides: whether the largest number of x lies above -100, or the sum above 0. */
const conditions: Readonly<Record<'always' | 'sometimes', readonly NodeSpec[]>> = {
  always: [node('ReduceMax', ['x'], 'most', { keepdims: 0 }), node('Greater', ['most', 'low'], 'condition')],
  sometimes: [
    node('ReduceSum', ['x'], 'sum', { keepdims: 0 }),
    node('Greater', ['sum', 'zero'], 'condition'),
  ],
};

/** A branch that ends in [n, width]. */
const graph = (
  nodes: readonly NodeSpec[],
  output: string,
  width: number,
  initializers: readonly TensorSpec[] = [],
): GraphSpec => ({ nodes, inputs: [], outputs: [{ name: output, shape: ['n', width] }], initializers });

/**
 * Two nets in the branches of an If. The then branch holds its weights as initializers and in Constants, reads the main graph's, and
 * has an If of its own in which a layer reads what the branch around it made. Names are there twice.
 */
function nets(kind: keyof typeof conditions): ModelSpec {
  const inner = graph([node('MatMul', ['h', 'deep'], 'deeper'), node('Tanh', ['deeper'], 'z')], 'z', 6, [
    floats('deep', [HIDDEN, 6], next),
  ]);
  const other = graph([node('MatMul', ['h', 'plain'], 'z')], 'z', 6, [floats('plain', [HIDDEN, 6], next)]);
  const yes = graph(
    [
      node('MatMul', ['g', 'first'], 'a'),
      node('Relu', ['a'], 'h'),
      node('Greater', ['most_of_all', 'low'], 'again'),
      node('If', ['again'], 'between', { then_branch: inner, else_branch: other }),
      {
        op: 'Constant',
        name: 'held',
        inputs: [],
        outputs: ['last'],
        attributes: { value: floats('', [6, 4], next) },
      },
      node('MatMul', ['between', 'last'], 'out'),
    ],
    'out',
    4,
    [hidden('first', 5)],
  );
  const no = graph(
    [node('MatMul', ['g', 'first'], 'a'), node('Tanh', ['a'], 'h'), node('MatMul', ['h', 'second'], 'out')],
    'out',
    4,
    [hidden('first_else', 5), floats('second', [HIDDEN, 4], next)],
  );
  const renamed = {
    ...no,
    nodes: no.nodes.map((own) => ({
      ...own,
      inputs: own.inputs.map((name) => (name === 'first' ? 'first_else' : name)),
    })),
  };
  return {
    opset: 13,
    nodes: [
      ...conditions[kind],
      node('ReduceMax', ['x'], 'most_of_all', { keepdims: 0 }),
      node('MatMul', ['x', 'w0'], 'f'),
      node('Relu', ['f'], 'g'),
      node('If', ['condition'], 'chosen', { then_branch: yes, else_branch: renamed }),
      node('MatMul', ['chosen', 'w1'], 'y'),
    ],
    inputs: [{ name: 'x', shape: ['n', 6] }],
    outputs: [{ name: 'y', shape: ['n', 3] }],
    initializers: [
      floats('w0', [6, 5], next),
      floats('w1', [4, 3], next),
      floats('low', [], () => -100),
      floats('zero', [], () => 0),
    ],
  };
}

/** What takes the else branch. */
const elsewhere: Feeds = {
  x: new Tensor(
    'float32',
    Float32Array.from({ length: 12 }, () => -200 + next()),
    [2, 6],
  ),
};

describe('a model in which branches are laid out', () => {
  test.each([
    ['outer and inner', 0, 0],
    ['the outer alone', 0, undefined],
    ['the other one', 1, undefined],
  ] as const)('gives what the model gives: %s', async (_, outer, inner) => {
    const spec = nets('always');
    const bytes = encodeModel(spec);
    const read = readGraph((await openBytes(bytes)).describe(), 'model.onnx');
    const ids = new Map(read.nodes.map(({ id, name }) => [name, id]));
    const taken = new Map([[ids.get('make_chosen')!, outer as number]]);
    if (inner !== undefined) taken.set(ids.get('make_between')!, inner);
    const laid = layOut(bytes, read, taken);
    const { graph: flat } = (await openBytes(laid.bytes)).describe();
    const left = (inner === undefined ? 1 : 0) * (outer === 0 ? 1 : 0);
    expect(flat.nodes.filter(({ op }) => op === 'If')).toHaveLength(left);
    expect(laid.nodes).toHaveLength(flat.nodes.length);
    const feeds = outer === 0 ? feedsFor(spec, 4, 3) : elsewhere;
    expect(difference(await run(laid.bytes, feeds), await run(bytes, feeds))).toBe(0);
  });
});

describe('layers in branches', () => {
  test('are refitted where all samples take the branch, also in an If in it; the other is as it was cut', async () => {
    const spec = nets('always');
    const data = datasetFor(spec, 96);
    using opened = await openModel(encodeModel(spec));
    const options = { data, ratio: 0.5, roundTo: 1, criterion: 'l2' } as const;
    const refitted = await opened.prune(options);
    const cut = await opened.prune({ ...options, reconstruct: false });
    expect(refitted.plan.groups).toEqual(cut.plan.groups);
    const [small, plain] = [await refitted.toBytes(), await cut.toBytes()];
    const feeds = feedsFor(spec, 64, 9);
    expect(await error(spec, small, feeds)).toBeLessThan(0.5 * (await error(spec, plain, feeds)));
    // The layers of both branches that are taken, and what reads them.
    expect(refitted.reconstruction!.layers).toBeGreaterThanOrEqual(4);
    expect(refitted.warnings.map(({ code }) => code)).toContain('PARTLY_REFITTED');
    expect(cut.warnings.map(({ code }) => code)).not.toContain('PARTLY_REFITTED');
    const contents = async (bytes: Uint8Array, name: string): Promise<readonly number[]> => {
      const model = await openBytes(bytes);
      return [...model.numbers(model.describe().tensors.find((own) => own.name === name)!.id)];
    };
    for (const name of ['first_else', 'second', 'plain'])
      expect(await contents(small, name), name).toEqual(await contents(plain, name));
    expect(await contents(small, 'deep')).not.toEqual(await contents(plain, 'deep'));
    // It still runs there.
    const there = await run(small, elsewhere);
    expect(there.y!.dims).toEqual([2, 3]);
  });

  test('that nothing is lost in gives nothing away', async () => {
    const spec = nets('always');
    const data = datasetFor(spec, 96);
    using opened = await openModel(encodeModel(spec));
    // Each pair of hidden lanes in the branch says the same, and of each pair one leaves.
    const group = opened
      .inspect()
      .groups.find(({ axes }) => axes.some(({ tensor, axis }) => tensor === 'first' && axis === 1))!;
    const planned = { id: group.id, lanes: HIDDEN, kept: [0, 1, 2, 3], exact: group.exact };
    const plan = {
      format: 'espalier-plan',
      version: 1,
      model: { sha256: await opened.sha256(), file: opened.file },
      made: {},
      groups: [planned],
      tensors: {},
    } as const;
    const pruned = await opened.apply(plan, { data });
    expect(await error(spec, await pruned.toBytes(), feedsFor(spec, 64, 9))).toBeLessThan(1e-4);
  });

  test('stay as they were cut where samples take both, and that is said; what lies outside is refitted', async () => {
    const spec = nets('sometimes');
    using opened = await openModel(encodeModel(spec));
    const options = { data: datasetFor(spec, 96), ratio: 0.4, roundTo: 1, criterion: 'l2' } as const;
    const pruned = await opened.prune(options);
    const warning = pruned.warnings.find(({ code }) => code === 'PARTLY_REFITTED');
    expect(warning?.text).toMatch(/nodes, first make_\w+, lie in a branch that not all samples take/);
    await run(await pruned.toBytes(), feedsFor(spec, 8, 9));
  });

  test.each(['always', 'sometimes'] as const)('leave what the masked original gives: %s', async (kind) => {
    const spec = nets(kind);
    let pruned = 0;
    for (const seed of [1, 2, 3, 4]) {
      const result = await distanceFromMasked(spec, seed);
      if (result === undefined) continue;
      pruned += 1;
      expect(result.distance).toBeLessThan(ROUNDING);
    }
    expect(pruned).toBeGreaterThan(2);
  });
});
