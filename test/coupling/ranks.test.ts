import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Ranks } from '../../src/coupling/ranks.js';
import { walk } from '../../src/coupling/walking.js';
import { openModel } from '../../src/index.js';
import { registry, rows } from '../../src/ops/registry.js';
import { growConvnet, KINDS } from '../support/convnets.js';
import { distanceFromMasked, ROUNDING } from '../support/exact.js';
import { graphOf } from '../support/graph.js';
import type {
  AttributeSpec,
  GraphSpec,
  ModelSpec,
  NodeSpec,
  TensorSpec,
  ValueSpec,
} from '../support/onnx.js';
import { encodeModel, floats, integers } from '../support/onnx.js';
import { random } from '../support/random.js';
import { growSequenceNet, SEQUENCE_KINDS } from '../support/sequencenets.js';

const next = random(3);
const weight = (name: string, ...dims: number[]): TensorSpec => floats(name, dims, next);
const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, AttributeSpec>> = {},
): NodeSpec => ({ op, name: output, inputs, outputs: [output], attributes });

/** Lanes that the first layer makes, if they are prunable. */
async function lanesOf(model: ModelSpec, of = 6): Promise<number | undefined> {
  using opened = await openModel(encodeModel(model));
  const { groups } = opened.inspect();
  const first = groups.filter(({ axes }) => axes.some(({ tensor }) => tensor === 'w1'));
  return first.find(({ lanes }) => lanes === of)?.lanes;
}

const mystery: NodeSpec = { op: 'Mystery', name: 'mystery', domain: 'vendor', inputs: ['x'], outputs: ['m'] };

/** A custom operator, what stands behind it, and two layers: W1 makes six lanes, W2 reads them. */
const behindMystery = (
  nodes: readonly NodeSpec[],
  initializers: readonly TensorSpec[],
  stated: readonly ValueSpec[] = [],
): ModelSpec => ({
  opset: 17,
  nodes: [mystery, ...nodes],
  inputs: [{ name: 'x', shape: ['n'] }],
  outputs: [{ name: 'shown', shape: [1] }],
  initializers: [...initializers, integers('axes', [1, 2])],
  stated,
});
const summed = node('ReduceSum', ['y'], 'all', { keepdims: 0 });
const shown = [summed, node('Reshape', ['all', 'one'], 'shown')];
const one = integers('one', [1]);

const conv = [weight('w1', 6, 4, 3), weight('w2', 2, 6, 3), one];
const convs = (from: string): NodeSpec[] => [
  node('Conv', [from, 'w1'], 'c1'),
  node('Relu', ['c1'], 'r'),
  node('Conv', ['r', 'w2'], 'y'),
  ...shown,
];
const dense = [weight('w1', 4, 6), weight('w2', 6, 2), one];
const denses = (from: string): NodeSpec[] => [
  node('MatMul', [from, 'w1'], 'c1'),
  node('Relu', ['c1'], 'r'),
  node('MatMul', ['r', 'w2'], 'y'),
  ...shown,
];

describe('ranks follow from what stands behind an operator that is not followed', () => {
  test.each<[string, NodeSpec[], TensorSpec[]]>([
    ['a convolution', convs('m'), conv],
    [
      'through element-wise operators',
      [node('Relu', ['m'], 'a'), node('Sigmoid', ['a'], 'b'), ...convs('b')],
      conv,
    ],
    [
      'through a mean and a deviation of fewer axes',
      [node('Sub', ['m', 'mean'], 'a'), node('Div', ['a', 'mean'], 'b'), ...convs('b')],
      [...conv, weight('mean', 4, 1)],
    ],
    [
      'behind a broadcast that tells nothing of the operand',
      [node('Sub', ['m', 'mean'], 'a'), ...convs('a')],
      [...conv, weight('mean', 1, 4, 1)],
    ],
    ['through an axis that comes in', [node('Unsqueeze', ['m', 'one'], 'a'), ...convs('a')], conv],
    ['through axes that leave', [node('Squeeze', ['m', 'axes'], 'a'), ...convs('a')], conv],
    ['through a sum', [node('ReduceSum', ['m', 'axes'], 'a', { keepdims: 0 }), ...convs('a')], conv],
    ['through a permutation', [node('Transpose', ['m'], 'a', { perm: [0, 2, 1] }), ...denses('a')], dense],
    [
      'through a join with what has a rank',
      [node('Concat', ['m', 'k'], 'a', { axis: 2 }), ...convs('a')],
      [...conv, weight('k', 1, 4, 2)],
    ],
    [
      'a recurrent layer',
      [
        {
          op: 'LSTM',
          name: 'lstm',
          inputs: ['m', 'lw', 'lr'],
          outputs: ['s'],
          attributes: { hidden_size: 3 },
        },
        node('Squeeze', ['s', 'one'], 'a'),
        ...denses('a'),
      ],
      [weight('lw', 1, 12, 5), weight('lr', 1, 12, 3), weight('w1', 3, 6), weight('w2', 6, 2), one],
    ],
    ['a Gemm', [node('Gemm', ['m', 'w1'], 'c1'), node('Gemm', ['c1', 'w2'], 'y'), ...shown], dense],
    [
      'products of two letters',
      [
        node('Einsum', ['m', 'w1'], 'c1', { equation: 'nk,kl->nl' }),
        node('Gemm', ['c1', 'w2'], 'y'),
        ...shown,
      ],
      dense,
    ],
  ])('%s', async (_, nodes, initializers) => {
    expect(await lanesOf(behindMystery(nodes, initializers))).toBe(6);
  });

  test('and nothing follows from a product that broadcasts', async () => {
    expect(await lanesOf(behindMystery(denses('m'), dense))).toBeUndefined();
  });

  test('a stated shape tells how many axes there are', async () => {
    const stated = [{ name: 'm', shape: [1, 3, 4] }];
    expect(await lanesOf(behindMystery(denses('m'), dense, stated))).toBe(6);
  });

  test('a stated shape that weights contradict is not believed', async () => {
    const stated = [{ name: 'm', shape: [1, 4] }];
    expect(await lanesOf(behindMystery(convs('m'), conv, stated))).toBe(6);
  });

  test('no stated shape is believed where one contradicts what weights say', async () => {
    const nodes = [...denses('m'), node('Conv', ['k', 'cw'], 'other')];
    const more = [...dense, weight('k', 1, 4, 5), weight('cw', 2, 4, 3)];
    const stated = [
      { name: 'm', shape: [1, 3, 4] },
      { name: 'other', shape: [1, 2] },
    ];
    expect(await lanesOf(behindMystery(nodes, more, stated))).toBeUndefined();
    expect(await lanesOf(behindMystery(nodes, more, [stated[0]!]))).toBe(6);
  });

  test('an input without a shape has the rank that its readers want', async () => {
    const model = behindMystery(convs('x'), conv);
    const { graph, read } = graphOf({ ...model, nodes: model.nodes.slice(1) });
    const inputs = graph.inputs.map((input) => ({ ...input, shape: null }));
    const { tensors } = walk({ ...graph, inputs, stated: new Map() }, registry, read);
    expect(tensors.get('x')?.axes?.length).toBe(3);
    expect(tensors.get('c1')?.axes?.length).toBe(3);
  });
});

describe('what a branch reads says nothing of what lies outside', () => {
  const branch = (side: string, nodes: readonly NodeSpec[]): GraphSpec => ({
    nodes,
    inputs: [],
    outputs: [{ name: `${side}_y`, shape: [] }],
    initializers: [],
  });
  test('a convolution in one branch alone', () => {
    const thenBranch = branch('then', [
      node('Conv', ['m', 'w1'], 'then_c'),
      node('ReduceSum', ['then_c'], 'then_y', { keepdims: 0 }),
    ]);
    const elseBranch = branch('else', [node('ReduceSum', ['m'], 'else_y', { keepdims: 0 })]);
    const model: ModelSpec = {
      ...behindMystery([], [weight('w1', 6, 4, 3), one]),
      nodes: [
        mystery,
        node('ReduceSum', ['x'], 'sum', { keepdims: 0 }),
        node('Cast', ['sum'], 'condition', { to: 9 }),
        node('If', ['condition'], 'all', { then_branch: thenBranch, else_branch: elseBranch }),
        node('Reshape', ['all', 'one'], 'shown'),
      ],
    };
    const { graph, read } = graphOf(model);
    const { tensors } = walk(graph, registry, read);
    expect(tensors.get('m')?.axes).toBeUndefined();
  });
});

describe('what is not known names the node that lost it', () => {
  test('every reason and every warning', async () => {
    using model = await openModel(
      encodeModel(behindMystery([node('Relu', ['m'], 'a'), ...denses('a')], dense)),
    );
    const { frozen, warnings } = model.inspect();
    const reasons = frozen.flatMap((own) => own.reasons);
    expect(reasons.length).toBeGreaterThan(0);
    for (const { text, since } of reasons) {
      expect(since).toEqual({ node: 'mystery', op: 'Mystery', text: 'Mystery has no rule' });
      expect(text).toContain('since mystery (Mystery): Mystery has no rule');
    }
    expect(warnings.map(({ text }) => text)).toEqual([
      'node mystery: Mystery has no rule; what they touch stays whole',
      expect.stringMatching(
        /^\d+ more nodes cannot be followed.*, since mystery \(Mystery\): Mystery has no rule$/,
      ),
    ]);
  });

  test('of lengths too', async () => {
    using model = await openModel(encodeModel(behindMystery(convs('m'), conv)));
    const [first] = model.inspect().frozen.filter(({ tensor, axis }) => tensor === 'w1' && axis === 1);
    expect(first?.reasons.map(({ since }) => since?.node)).toEqual(['mystery']);
  });
});

/** Fronts that onnxruntime runs and no rule follows: x [1 4 t] to data of a rank that is not known. */
const UNFOLLOWED: Readonly<Record<string, { nodes: NodeSpec[]; stated?: ValueSpec[] }>> = {
  'a sequence': {
    nodes: [
      node('SplitToSequence', ['x', 'one'], 'parts', { axis: 0 }),
      node('SequenceAt', ['parts', 'zero'], 'front'),
    ],
  },
  'a loop': {
    nodes: [
      node('Loop', ['two', '', 'x'], 'front', {
        body: {
          nodes: [node('Identity', ['go'], 'goes'), node('Add', ['v', 'v'], 'w')],
          inputs: [
            { name: 'i', shape: [], dtype: 'int64' },
            { name: 'go', shape: [], dtype: 'bool' },
            { name: 'v', shape: [1, 4, 'now'] },
          ],
          outputs: [
            { name: 'goes', shape: [], dtype: 'bool' },
            { name: 'w', shape: [1, 4, 'then'] },
          ],
          initializers: [],
        },
      }),
    ],
  },
  'an optional': {
    nodes: [node('Optional', ['x'], 'maybe'), node('OptionalGetElement', ['maybe'], 'front')],
  },
  'a sequence whose stated length is not true': {
    nodes: [
      node('SplitToSequence', ['x', 'one'], 'parts', { axis: 0 }),
      node('SequenceAt', ['parts', 'zero'], 'front'),
    ],
    stated: [{ name: 'front', shape: [1, 1, 1] }],
  },
};

const behindUnfollowed = (kind: string): ModelSpec => {
  const { nodes, stated = [] } = UNFOLLOWED[kind]!;
  return {
    opset: 17,
    nodes: [
      ...nodes,
      // Lanes are broadcast over what is not followed: true where its channels are one, as a stale shape may say.
      node('Conv', ['x', 'beside'], 'channels', { pads: [1, 1] }),
      node('Mul', ['channels', 'front'], 'gated'),
      node('Conv', ['gated', 'w1'], 'c1'),
      node('Relu', ['c1'], 'r'),
      node('Conv', ['r', 'w2'], 'y'),
    ],
    inputs: [{ name: 'x', shape: [1, 4, 't'] }],
    outputs: [{ name: 'y', shape: [1, 2, 'any'] }],
    initializers: [
      weight('beside', 4, 4, 3),
      weight('w1', 6, 4, 2),
      weight('w2', 2, 6, 2),
      integers('zero', [0], []),
      integers('one', [1], []),
      integers('two', [2], []),
    ],
    stated,
  };
};

describe('behind what is not followed the model stays exact', () => {
  test.each(Object.keys(UNFOLLOWED))('%s', async (kind) => {
    const spec = behindUnfollowed(kind);
    expect(await lanesOf(spec)).toBe(6);
    for (const seed of [1, 2, 3]) {
      const result = await distanceFromMasked(spec, seed);
      expect(result?.distance ?? 0).toBeLessThan(ROUNDING);
    }
  });
});

describe('laws of ranks', () => {
  /** Operators whose ranks say nothing of each other, or of which only data knows them. */
  const NONE = new Set(
    (
      'If Loop Scan SequenceMap SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SplitToSequence ' +
      'ConcatFromSequence SequenceLength Optional OptionalGetElement OptionalHasElement GatherND Unique'
    ).split(' '),
  );
  test('every operator of the standard that is followed has one', () => {
    const without = rows.filter(
      ({ domain, rule }) => domain === '' && rule.ranks === undefined && !rule.says.startsWith('freezes'),
    );
    expect([...new Set(without.map(({ op }) => op))].filter((op) => !NONE.has(op))).toEqual([]);
  });

  const contradictions = (model: ModelSpec): readonly string[] => {
    const { graph, read } = graphOf(model);
    const { tensors } = walk(graph, registry, read);
    const ranks = new Ranks(graph, ({ domain, op, opset }) => registry(domain, op, opset)?.ranks);
    for (const [name, tensor] of tensors) ranks.know(name, tensor);
    return ranks.contradictions;
  };
  test('say what rules say, on random networks', () => {
    const step = <K>(kinds: readonly K[]) =>
      fc.array(fc.record({ kind: fc.constantFrom(...kinds), pick: fc.nat(11), size: fc.nat(11) }), {
        minLength: 1,
        maxLength: 10,
      });
    fc.assert(
      fc.property(step(KINDS), step(SEQUENCE_KINDS), fc.nat(1000), (convs, sequences, seed) => {
        expect(contradictions(growConvnet(convs, seed))).toEqual([]);
        expect(contradictions(growSequenceNet(sequences, seed))).toEqual([]);
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});
