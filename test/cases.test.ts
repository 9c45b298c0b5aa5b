import { describe, expect, test } from 'vitest';
import { openModel } from '../src/index.js';
import { Builder } from './support/builder.js';
import { prunesExactly, randomFeeds, run } from './support/exact.js';
import type { ModelSpec } from './support/onnx.js';
import { encodeModel } from './support/onnx.js';

/** What a case is made of: a builder, and shorthands for layers whose weights are named after them. */
class Net extends Builder {
  conv(
    name: string,
    x: string,
    to: number,
    from: number,
    kernel = 3,
    attributes: Record<string, number | readonly number[]> = {},
  ): string {
    const pads = Array.from({ length: 4 }, () => (kernel - 1) / 2);
    const inputs = [
      x,
      this.weight(`${name}.weight`, [to, from, kernel, kernel]),
      this.weight(`${name}.bias`, [to]),
    ];
    return this.node('Conv', name, inputs, { pads, ...attributes });
  }

  linear(name: string, x: string, from: number, to: number): string {
    const product = this.node('MatMul', `${name}.product`, [x, this.weight(`${name}.weight`, [from, to])]);
    return this.node('Add', name, [product, this.weight(`${name}.bias`, [to])]);
  }

  batchNorm(name: string, x: string, channels: number): string {
    const variance = this.weight(`${name}.var`, [channels]);
    const positive = this.initializers.pop()!;
    this.initializers.push({
      ...positive,
      data: (positive.data as Float32Array).map((value) => 1 + Math.abs(value)),
    });
    const vectors = ['scale', 'bias', 'mean'].map((part) => this.weight(`${name}.${part}`, [channels]));
    return this.node('BatchNormalization', name, [x, ...vectors, variance]);
  }

  /** The end of a convolutional case: pooled, and read by a linear layer of 3 outputs. */
  pooled(x: string, channels: number): ModelSpec {
    const flat = this.node('Flatten', 'flat', [this.node('GlobalAveragePool', 'pool', [x])]);
    return this.model(
      [['x', ['n', 3, 8, 8]]],
      this.node('Gemm', 'y', [flat, this.weight('fc', [3, channels])], { transB: 1 }),
      ['n', 3],
    );
  }

  /** The end of a case over sequences. */
  sequence(x: string, channels: number): ModelSpec {
    return this.model([['x', ['n', 's', 6]]], this.linear('y', x, channels, 3), ['n', 's', 3]);
  }

  model(
    inputs: readonly (readonly [string, readonly (number | string)[]])[],
    output: string,
    shape: readonly (number | string)[],
    opset = 17,
  ): ModelSpec {
    return {
      opset,
      nodes: this.nodes,
      initializers: this.initializers,
      inputs: inputs.map(([name, own]) => ({ name, shape: own })),
      outputs: [{ name: output, shape }],
    };
  }
}

/** Groups as `name lanes`, with `~` where they are not exact. */
async function groupsOf(model: ModelSpec): Promise<readonly string[]> {
  using opened = await openModel(encodeModel(model));
  return opened.inspect().groups.map(({ id, lanes, exact }) => `${id} ${lanes}${exact ? '' : ' ~'}`);
}

/** Exact lanes leave what the masked original gives; whatever leaves, the model runs with the same interface. */
async function expectPrunes(model: ModelSpec): Promise<void> {
  const exactly = [];
  for (const seed of [1, 2, 3]) exactly.push(await prunesExactly(model, seed));
  using opened = await openModel(encodeModel(model));
  const canPrune = opened.inspect().groups.some(({ exact, lanes }) => exact && lanes > 1);
  expect(exactly.includes(true), 'exact lanes left').toBe(canPrune);
  const pruned = await opened.prune({ ratio: 0.5, roundTo: 1 });
  expect(pruned.after.params).toBeLessThan(pruned.before.params);
  const feeds = randomFeeds(model, 1);
  const [before, after] = [await run(encodeModel(model), feeds), await run(await pruned.toBytes(), feeds)];
  for (const [name, tensor] of Object.entries(before)) expect(after[name]!.dims).toEqual(tensor.dims);
}

interface Case {
  readonly name: string;
  readonly groups: readonly string[];
  readonly build: (net: Net) => ModelSpec;
}

const cases: readonly Case[] = [
  {
    name: 'conv -> BN -> act -> conv, BN kept',
    groups: ['a 6', 'b 5'],
    build: (net) =>
      net.pooled(
        net.conv('b', net.node('Relu', 'act', [net.batchNorm('bn', net.conv('a', 'x', 6, 3), 6)]), 5, 6),
        5,
      ),
  },
  {
    name: 'conv -> BN -> act -> conv, BN folded',
    groups: ['a 6', 'b 5'],
    build: (net) =>
      net.pooled(net.conv('b', net.node('Sigmoid', 'act', [net.conv('a', 'x', 6, 3)]), 5, 6), 5),
  },
  {
    name: 'residual add, long chains of them',
    groups: ['a 6', 'b0 4', 'b1 4', 'b2 4'],
    build: (net) => {
      let stream = net.conv('a', 'x', 6, 3);
      for (const i of [0, 1, 2])
        stream = net.node('Add', `sum${i}`, [
          stream,
          net.conv(`c${i}`, net.conv(`b${i}`, stream, 4, 6), 6, 4),
        ]);
      return net.pooled(stream, 6);
    },
  },
  {
    name: 'depthwise',
    groups: ['a 6'],
    build: (net) => net.pooled(net.conv('b', net.conv('a', 'x', 6, 3), 6, 1, 3, { group: 6 }), 6),
  },
  {
    name: 'grouped (ResNeXt)',
    groups: ['a 4', 'a#2 2', 'b 3'],
    build: (net) => net.pooled(net.conv('b', net.conv('a', 'x', 8, 3), 12, 2, 3, { group: 4 }), 12),
  },
  {
    name: 'concat (DenseNet, U-Net, Inception)',
    groups: ['a 6', 'b 4', 'c 5'],
    build: (net) => {
      const a = net.conv('a', 'x', 6, 3);
      const joined = net.node('Concat', 'joined', [a, net.conv('b', a, 4, 6)], { axis: 1 });
      return net.pooled(net.conv('c', joined, 5, 10), 5);
    },
  },
  {
    name: 'split (C2f): one half goes on through more layers, all parts are joined',
    groups: ['a 3', 'a#2 3', 'b 3', 'c 4'],
    build: (net) => {
      const a = net.conv('a', 'x', 6, 3);
      net.nodes.push({
        op: 'Split',
        name: 'split',
        inputs: [a, net.ints('lengths', [3, 3])],
        outputs: ['left', 'right'],
        attributes: { axis: 1 },
      });
      const joined = net.node('Concat', 'joined', ['left', 'right', net.conv('b', 'right', 3, 3)], {
        axis: 1,
      });
      return net.pooled(net.conv('c', joined, 4, 9), 4);
    },
  },
  {
    name: 'split (GLU): both halves are one',
    groups: ['a 5'],
    build: (net) => {
      net.nodes.push({
        op: 'Split',
        name: 'split',
        inputs: [net.linear('a', 'x', 6, 10)],
        outputs: ['left', 'right'],
        attributes: { axis: -1 },
      });
      return net.sequence(net.node('Mul', 'gated', ['left', net.node('Sigmoid', 'gate', ['right'])]), 5);
    },
  },
  {
    name: 'channel shuffle',
    groups: ['a 2', 'a#2 3', 'b 4'],
    build: (net) => {
      const apart = net.node('Reshape', 'apart', [net.conv('a', 'x', 6, 3), net.ints('s1', [0, 2, 3, 8, 8])]);
      const back = net.node('Reshape', 'back', [
        net.node('Transpose', 'turned', [apart], { perm: [0, 2, 1, 3, 4] }),
        net.ints('s2', [0, 6, 8, 8]),
      ]);
      return net.pooled(net.conv('b', back, 4, 6), 4);
    },
  },
  {
    name: 'PixelShuffle',
    groups: ['a 3', 'b 4'],
    build: (net) =>
      net.pooled(
        net.conv(
          'b',
          net.node('DepthToSpace', 'shuffled', [net.conv('a', 'x', 12, 3)], { blocksize: 2, mode: 'CRD' }),
          4,
          3,
        ),
        4,
      ),
  },
  {
    name: 'space-to-depth by strided slices',
    groups: ['a 5', 'b 4'],
    build: (net) => {
      const a = net.conv('a', 'x', 5, 3);
      const parts = [0, 1].flatMap((row) =>
        [0, 1].map((column) => {
          const tag = `${row}${column}`;
          const operands = [
            net.ints(`from${tag}`, [row, column]),
            net.ints(`to${tag}`, [100, 100]),
            net.ints(`axes${tag}`, [2, 3]),
            net.ints(`steps${tag}`, [2, 2]),
          ];
          return net.node('Slice', `part${tag}`, [a, ...operands]);
        }),
      );
      return net.pooled(net.conv('b', net.node('Concat', 'joined', parts, { axis: 1 }), 4, 20), 4);
    },
  },
  {
    name: 'Flatten -> Gemm',
    groups: ['a 5'],
    build: (net) => {
      const flat = net.node('Flatten', 'flat', [net.conv('a', 'x', 5, 3)]);
      return net.model(
        [['x', ['n', 3, 8, 8]]],
        net.node('Gemm', 'y', [flat, net.weight('fc', [3, 320])], { transB: 1 }),
        ['n', 3],
      );
    },
  },
  {
    name: 'a zero bias as long as the filters of another layer, expanded when the model runs',
    groups: ['a 6', 'b 6'],
    build: (net) => {
      const bias = (name: string, layer: string): string => {
        const length = net.node('Shape', `${name}.length`, [layer], { start: 0, end: 1 });
        const shape = net.node('Expand', `${name}.shape`, [length, net.ints(`${name}.one`, [1])]);
        net.initializers.push({ name: `${name}.zero`, dims: [], data: Float32Array.of(0) });
        return net.node('Expand', name, [`${name}.zero`, shape]);
      };
      const a = net.node('Conv', 'a', ['x', net.weight('a.weight', [6, 3, 1, 1]), bias('bias1', 'a.weight')]);
      const b = net.node('Conv', 'b', [a, net.weight('b.weight', [6, 6, 1, 1]), bias('bias2', 'a.weight')]);
      return net.pooled(b, 6);
    },
  },
  {
    name: 'LayerNorm: prunable, not exact',
    groups: ['a 6 ~'],
    build: (net) =>
      net.sequence(
        net.node('LayerNormalization', 'norm', [
          net.linear('a', 'x', 6, 6),
          net.weight('scale', [6]),
          net.weight('shift', [6]),
        ]),
        6,
      ),
  },
  {
    name: 'RMSNorm, decomposed: prunable, not exact',
    groups: ['a 6 ~'],
    build: (net) => {
      const a = net.linear('a', 'x', 6, 6);
      const mean = net.node('ReduceMean', 'mean', [net.node('Mul', 'square', [a, a])], { axes: [-1] });
      return net.sequence(
        net.node('Mul', 'scaled', [
          net.node('Div', 'normed', [a, net.node('Sqrt', 'root', [mean])]),
          net.weight('scale', [6]),
        ]),
        6,
      );
    },
  },
  {
    name: 'squeeze-excite, gates',
    groups: ['a 6', 'down 3'],
    build: (net) => {
      const a = net.conv('a', 'x', 6, 3);
      const down = net.conv('down', net.node('GlobalAveragePool', 'squeeze', [a]), 3, 6, 1);
      const up = net.conv('up', net.node('Relu', 'act', [down]), 6, 3, 1);
      return net.pooled(net.node('Mul', 'gated', [a, net.node('Sigmoid', 'gate', [up])]), 6);
    },
  },
  {
    name: 'layer scale, learned position embeddings',
    groups: ['a 6'],
    build: (net) => {
      const scaled = net.node('Mul', 'scaled', [net.linear('a', 'x', 6, 6), net.weight('gamma', [6])]);
      const placed = net.node('Add', 'placed', [scaled, net.weight('position', [1, 1, 6])]);
      return net.sequence(placed, 6);
    },
  },
  {
    name: 'LSTM: a hidden lane owns its gate rows, recurrent column and row, biases and states',
    groups: ['W 5'],
    build: (net) => {
      const turned = net.node('Transpose', 'turned', ['x'], { perm: [1, 0, 2] });
      const weights = [net.weight('W', [1, 20, 6]), net.weight('R', [1, 20, 5]), net.weight('B', [1, 40])];
      const states = net.node('Squeeze', 'states', [
        net.node('LSTM', 'lstm', [turned, ...weights], { hidden_size: 5 }),
        net.ints('one', [1]),
      ]);
      return net.sequence(net.node('Transpose', 'back', [states], { perm: [1, 0, 2] }), 5);
    },
  },
  {
    name: 'one initializer used twice: tied weights are one lane',
    groups: ['tied 6'],
    build: (net) => {
      const tied = net.weight('tied', [6, 6]);
      const once = net.node('MatMul', 'once', [net.linear('a', 'x', 6, 6), tied]);
      return net.sequence(net.node('MatMul', 'twice', [net.node('Relu', 'act', [once]), tied]), 6);
    },
  },
  {
    name: 'one initializer used twice: a bias shared through Identity is copied',
    groups: ['a 6', 'b 6'],
    build: (net) => {
      const bias = net.weight('bias', [6]);
      const layer = (name: string, x: string, shared: string): string =>
        net.node('Add', name, [
          net.node('MatMul', `${name}.product`, [x, net.weight(`${name}.weight`, [6, 6])]),
          shared,
        ]);
      const a = net.node('Relu', 'act', [layer('a', 'x', bias)]);
      return net.sequence(layer('b', a, net.node('Identity', 'same', [bias])), 6);
    },
  },
  {
    name: 'weights behind Constant, Identity, Cast, Transpose, DequantizeLinear',
    groups: ['constant 6', 'quantised 5'],
    build: (net) => {
      const stored = net.weight('stored', [6, 6]);
      const tensor = net.initializers.pop()!;
      net.nodes.push({
        op: 'Constant',
        inputs: [],
        outputs: ['constant'],
        attributes: { value: { ...tensor, name: '' } },
      });
      const seen = net.node(
        'Transpose',
        'turned',
        [net.node('Cast', 'cast', [net.node('Identity', stored, ['constant'])], { to: 1 })],
        { perm: [1, 0] },
      );
      const first = net.node('MatMul', 'first', ['x', seen]);
      net.initializers.push({
        name: 'quantised',
        dims: [6, 5],
        data: Int8Array.from({ length: 30 }, (_, i) => ((i * 37) % 100) - 50),
      });
      net.initializers.push({ name: 'scale', dims: [], data: Float32Array.of(0.02) });
      return net.sequence(
        net.node('MatMul', 'second', [first, net.node('DequantizeLinear', 'real', ['quantised', 'scale'])]),
        5,
      );
    },
  },
  {
    name: 'channels-last graphs (Keras exports with Transposes)',
    groups: ['a 6', 'b 5'],
    build: (net) => {
      const first = net.node('Transpose', 'last1', [net.conv('a', 'x', 6, 3)], { perm: [0, 2, 3, 1] });
      const normed = net.node('Add', 'shifted', [
        net.node('Mul', 'scaled', [first, net.weight('scale', [6])]),
        net.weight('shift', [6]),
      ]);
      const back = net.node('Transpose', 'first2', [net.node('Relu', 'act', [normed])], {
        perm: [0, 3, 1, 2],
      });
      return net.pooled(net.conv('b', back, 5, 6), 5);
    },
  },
  {
    name: 'window partition (Swin): residual lanes pass through the reshapes',
    groups: ['a 6', 'b 4'],
    build: (net) => {
      const last = net.node('Transpose', 'last', [net.conv('a', 'x', 6, 3)], { perm: [0, 2, 3, 1] });
      const apart = net.node('Reshape', 'apart', [last, net.ints('s1', [-1, 2, 4, 2, 4, 6])]);
      const windows = net.node('Reshape', 'windows', [
        net.node('Transpose', 'turned', [apart], { perm: [0, 1, 3, 2, 4, 5] }),
        net.ints('s2', [-1, 16, 6]),
      ]);
      const mixed = net.linear('c', net.node('Relu', 'act', [net.linear('b', windows, 6, 4)]), 4, 6);
      const again = net.node('Reshape', 'again', [mixed, net.ints('s3', [-1, 2, 2, 4, 4, 6])]);
      const merged = net.node('Reshape', 'merged', [
        net.node('Transpose', 'back', [again], { perm: [0, 1, 3, 2, 4, 5] }),
        net.ints('s4', [-1, 8, 8, 6]),
      ]);
      const sum = net.node('Add', 'residual', [last, merged]);
      return net.pooled(net.node('Transpose', 'firstAgain', [sum], { perm: [0, 3, 1, 2] }), 6);
    },
  },
  {
    name: 'dynamic batch and sequence axes, through Shape sub-graphs',
    groups: ['a 2', 'a#2 3', 'b 4'],
    build: (net) => {
      const a = net.linear('a', 'x', 6, 6);
      const shape = net.node('Shape', 'shape', [a]);
      const at = (axis: number): string =>
        net.node('Gather', `length${axis}`, [shape, net.ints(`axis${axis}`, [axis])], { axis: 0 });
      const heads = net.ints('heads', [2]);
      const each = net.node('Div', 'each', [at(2), heads]);
      const [n, s] = [at(0), at(1)];
      const apart = net.node('Reshape', 'apart', [
        a,
        net.node('Concat', 'target', [n, s, heads, each], { axis: 0 }),
      ]);
      const turned = net.node('Transpose', 'turned', [net.node('Tanh', 'act', [apart])], {
        perm: [0, 1, 3, 2],
      });
      const flat = net.node('Mul', 'width', [each, heads]);
      const back = net.node('Reshape', 'back', [
        turned,
        net.node('Concat', 'together', [n, s, flat], { axis: 0 }),
      ]);
      return net.sequence(net.linear('b', back, 6, 4), 4);
    },
  },
];

describe('cases that must come out right', () => {
  test.each(cases)('$name', async ({ groups, build }) => {
    const model = build(new Net());
    expect([...(await groupsOf(model))].sort()).toEqual([...groups].sort());
    await expectPrunes(model);
  });
});
