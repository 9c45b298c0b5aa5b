import { expect, test } from 'vitest';
import { analyse } from '../../src/coupling/analysis.js';
import { isObserved, layersOf } from '../../src/layers/layers.js';
import { readersOf } from '../../src/model/readers.js';
import { openBytes } from '../../src/native/index.js';
import { registry, rows } from '../../src/ops/registry.js';
import { postOpsOf } from '../../src/refit/target.js';
import { Builder } from '../support/builder.js';
import { graphOf } from '../support/graph.js';
import { encodeModel, type ModelSpec, type NodeSpec } from '../support/onnx.js';
import { datasetFor, error, feedsFor, prune } from './refits.js';

type Attributes = NonNullable<NodeSpec['attributes']>;

/** A network in which some nodes are one, or are spelled out. */
class Net {
  readonly b = new Builder();
  readonly domain = 'com.microsoft';

  fused(op: string, name: string, inputs: readonly string[], attributes: Attributes = {}): void {
    this.b.nodes.push({ op, name, inputs, outputs: [name], attributes, domain: this.domain });
  }

  /** x [n 3 6 6] -> h of twelve lanes, and a stream [n 8 6 6]. */
  image(): void {
    const { b } = this;
    b.node('Conv', 'a', ['x', b.weight('w1', [12, 3, 3, 3]), b.weight('b1', [12])], { pads: [1, 1, 1, 1] });
    b.node('Relu', 'h', ['a']);
    b.node('Conv', 'z', ['h', b.weight('wz', [8, 12, 1, 1])]);
  }

  /** x [n 5 6] -> h of twelve lanes, and a stream [n 5 8]. */
  sequence(): void {
    const { b } = this;
    b.node('MatMul', 'm', ['x', b.weight('w1', [6, 12])]);
    b.node('Relu', 'h', ['m']);
    b.node('MatMul', 'z', ['h', b.weight('wz', [12, 8])]);
  }

  imageHead(from = 'f'): void {
    this.b.node('Conv', 'y', [from, this.b.weight('wy', [3, 8, 1, 1])]);
  }

  sequenceHead(from = 'f', lanes = 8): void {
    this.b.node('MatMul', 'y', [from, this.b.weight('wy', [lanes, 3])]);
  }
}

interface Twins {
  readonly shape: readonly (number | string)[];
  readonly fused: (net: Net) => void;
  readonly spelled: (net: Net) => void;
  /** No processor runs the operator: what rules say is compared alone. */
  readonly noKernel?: boolean;
}

const IMAGE = ['n', 3, 6, 6];
const SEQUENCE = ['n', 5, 6];
const ROWS = ['n', 6];

/** How a fused activation is said, and spelled out. */
interface Activation {
  readonly fused: Attributes;
  readonly spelled: (net: Net, from: string, to: string) => void;
}

const spelledAs =
  (op: string, attributes: Attributes = {}) =>
  (net: Net, from: string, to: string): void => {
    net.b.node(op, to, [from], attributes);
  };

const scalar = (net: Net, name: string, value: number): string => {
  net.b.initializers.push({ name, dims: [], data: Float32Array.of(value) });
  return name;
};

const activations: Readonly<Record<string, Activation>> = {
  none: { fused: {}, spelled: spelledAs('Identity') },
  Relu: { fused: { activation: 'Relu' }, spelled: spelledAs('Relu') },
  Clip: {
    fused: { activation: 'Clip', activation_params: { floats: [-0.5, 0.75] } },
    spelled: (net, from, to) => {
      net.b.node('Clip', to, [from, scalar(net, 'low', -0.5), scalar(net, 'high', 0.75)]);
    },
  },
  LeakyRelu: {
    fused: { activation: 'LeakyRelu', activation_params: { floats: [0.1] } },
    spelled: spelledAs('LeakyRelu', { alpha: { float: 0.1 } }),
  },
  Sigmoid: { fused: { activation: 'Sigmoid' }, spelled: spelledAs('Sigmoid') },
  Tanh: { fused: { activation: 'Tanh' }, spelled: spelledAs('Tanh') },
  HardSigmoid: {
    fused: { activation: 'HardSigmoid', activation_params: { floats: [0.4, 0.5] } },
    spelled: spelledAs('HardSigmoid', { alpha: { float: 0.4 }, beta: { float: 0.5 } }),
  },
};

/** The same, with parameters by name. */
const named: Readonly<Record<string, Activation>> = {
  Relu: activations.Relu!,
  Sigmoid: activations.Sigmoid!,
  LeakyRelu: {
    fused: { activation: 'LeakyRelu', activation_alpha: { float: 0.1 } },
    spelled: spelledAs('LeakyRelu', { alpha: { float: 0.1 } }),
  },
};

const convolutions = Object.entries(activations).flatMap(([activation, { fused, spelled }]) =>
  [false, true].map((sums): [string, Twins] => {
    const attributes = { auto_pad: 'SAME_UPPER' };
    const weights = ({ b }: Net): string[] => ['h', b.weight('w2', [8, 12, 3, 3]), b.weight('b2', [8])];
    return [
      `FusedConv ${activation}${sums ? ' of a sum' : ''}`,
      {
        shape: IMAGE,
        fused: (net) => {
          net.image();
          net.fused('FusedConv', 'f', [...weights(net), ...(sums ? ['z'] : [])], { ...attributes, ...fused });
          net.imageHead();
        },
        spelled: (net) => {
          net.image();
          net.b.node('Conv', 'c', weights(net), attributes);
          if (sums) net.b.node('Add', 's', ['c', 'z']);
          spelled(net, sums ? 's' : 'c', 'f');
          net.imageHead();
        },
      },
    ];
  }),
);

const gemms = Object.entries(named).map(([activation, { fused, spelled }]): [string, Twins] => {
  const weights = ({ b }: Net): string[] => ['h', b.weight('w2', [8, 12]), b.weight('b2', [8])];
  return [
    `FusedGemm ${activation}`,
    {
      shape: ROWS,
      fused: (net) => {
        net.sequence();
        net.fused('FusedGemm', 'f', weights(net), { transB: 1, ...fused });
        net.sequenceHead();
      },
      spelled: (net) => {
        net.sequence();
        net.b.node('Gemm', 'c', weights(net), { transB: 1 });
        spelled(net, 'c', 'f');
        net.sequenceHead();
      },
    },
  ];
});

/** α W x + β b, where either is another number than 1; b may be none, and then there is room for one. */
const factors = [
  ['Gemm', 0.5, 4, true],
  ['Gemm', -2, 1, true],
  ['Gemm', 1, 0.25, true],
  ['Gemm', 0.5, 2, false],
  ['FusedGemm', 0.5, 4, true],
].map(([op, alpha, beta, biased]): [string, Twins] => {
  const attributes = { alpha: { float: alpha as number }, beta: { float: beta as number } };
  const end = (net: Net): void => {
    if (op === 'Gemm') net.b.node('Relu', 'f', ['g']);
    net.sequenceHead();
  };
  return [
    `${op} of ${alpha} and ${beta}${biased ? '' : ' without a bias'}`,
    {
      shape: ROWS,
      fused: (net) => {
        net.sequence();
        const weights = ['h', net.b.weight('w2', [8, 12]), ...(biased ? [net.b.weight('b2', [8])] : [])];
        if (op === 'Gemm') net.b.node('Gemm', 'g', weights, { ...attributes, transB: 1 });
        else net.fused('FusedGemm', 'f', weights, { ...attributes, transB: 1, activation: 'Relu' });
        end(net);
      },
      spelled: (net) => {
        net.sequence();
        const { b } = net;
        b.node('Transpose', 'w2t', [b.weight('w2', [8, 12])], { perm: [1, 0] });
        b.node('MatMul', 'c', ['h', 'w2t']);
        b.node('Mul', biased ? 's' : 'g', ['c', scalar(net, 'alpha', alpha as number)]);
        if (biased) {
          b.weight('b2', [8]);
          const added = b.initializers.pop()!;
          const data = (added.data as Float32Array).map((value) => (beta as number) * value);
          b.initializers.push({ ...added, data });
          b.node('Add', 'g', ['s', 'b2']);
        }
        if (op === 'FusedGemm') b.node('Relu', 'f', ['g']);
        end(net);
      },
    },
  ];
});

/** Products with a weight, in sequences: scaled, or with an activation. */
const products = [
  ['FusedMatMul', { transB: 1 }, [8, 12]],
  ['FusedMatMul scaled', { alpha: { float: 0.5 }, transB: 1 }, [8, 12]],
  ['TransposeMatMul', { transB: 1 }, [8, 12]],
  ['FusedMatMulActivation', { activation: 'Relu' }, [12, 8]],
  ['GemmFastGelu', {}, [12, 8]],
].map(([name, attributes, dims]): [string, Twins] => {
  const [op] = (name as string).split(' ') as [string];
  const isTransposed = (dims as number[])[0] === 8;
  const weights = ({ b }: Net): string[] => [
    ...['h', b.weight('w2', dims as number[])],
    ...(op === 'GemmFastGelu' ? [b.weight('b2', [8])] : []),
  ];
  return [
    name as string,
    {
      shape: SEQUENCE,
      noKernel: op === 'FusedMatMulActivation' || op === 'GemmFastGelu',
      fused: (net) => {
        net.sequence();
        net.fused(op, 'f', weights(net), attributes as Attributes);
        net.sequenceHead();
      },
      spelled: (net) => {
        net.sequence();
        const [x, weight, added] = weights(net) as [string, string, string];
        if (isTransposed) net.b.node('Transpose', 'w2t', [weight], { perm: [1, 0] });
        net.b.node('MatMul', 'c', [x, isTransposed ? 'w2t' : weight]);
        if (name === 'FusedMatMul scaled') net.b.node('Mul', 'f', ['c', scalar(net, 'alpha', 0.5)]);
        else if (op === 'FusedMatMulActivation') net.b.node('Relu', 'f', ['c']);
        else if (op === 'GemmFastGelu') {
          net.b.node('Add', 's', ['c', added]);
          gelu(net, 's', 'f');
        } else net.b.node('Identity', 'f', ['c']);
        net.sequenceHead();
      },
    },
  ];
});

/** A product with a weight, and what reads it. */
const behindProduct = (
  name: string,
  fused: (net: Net) => void,
  spelled: (net: Net) => void,
  more: Partial<Twins> = {},
): [string, Twins] => {
  const product = (net: Net): void => {
    net.sequence();
    net.b.node('MatMul', 'p', ['h', net.b.weight('w2', [12, 8])]);
  };
  const build = (rest: (net: Net) => void) => (net: Net) => {
    product(net);
    rest(net);
    net.sequenceHead('f', net.b.nodes.at(-1)!.op === 'BiasSplitGelu' || halves.has(net) ? 4 : 8);
  };
  return [name, { shape: SEQUENCE, fused: build(fused), spelled: build(spelled), ...more }];
};
/** Networks whose last values have half of the lanes. */
const halves = new WeakSet<Net>();

const bias = ({ b }: Net): string => b.weight('b2', [8]);

function gelu(net: Net, from: string, to: string): void {
  const { b } = net;
  b.node('Div', `${to}.d`, [from, scalar(net, `${to}.root`, Math.SQRT2)]);
  b.node('Erf', `${to}.e`, [`${to}.d`]);
  b.node('Add', `${to}.o`, [`${to}.e`, scalar(net, `${to}.one`, 1)]);
  b.node('Mul', `${to}.m`, [from, `${to}.o`]);
  b.node('Mul', to, [`${to}.m`, scalar(net, `${to}.half`, 0.5)]);
}

const twins: Readonly<Record<string, Twins>> = Object.fromEntries([
  ...convolutions,
  ...gemms,
  ...factors,
  ...products,
  [
    'NhwcFusedConv',
    {
      shape: IMAGE,
      noKernel: true,
      fused: (net) => {
        net.image();
        net.b.node('Transpose', 'last', ['h'], { perm: [0, 2, 3, 1] });
        net.b.node('Transpose', 'zlast', ['z'], { perm: [0, 2, 3, 1] });
        const weights = [net.b.weight('w2', [8, 12, 3, 3]), net.b.weight('b2', [8])];
        net.fused('NhwcFusedConv', 'g', ['last', ...weights, 'zlast'], {
          pads: [1, 1, 1, 1],
          activation: 'Relu',
        });
        net.b.node('Transpose', 'f', ['g'], { perm: [0, 3, 1, 2] });
        net.imageHead();
      },
      spelled: (net) => {
        net.image();
        net.b.node('Conv', 'c', ['h', net.b.weight('w2', [8, 12, 3, 3]), net.b.weight('b2', [8])], {
          pads: [1, 1, 1, 1],
        });
        net.b.node('Add', 's', ['c', 'z']);
        net.b.node('Relu', 'f', ['s']);
        net.imageHead();
      },
    } satisfies Twins,
  ],
  behindProduct(
    'BiasGelu',
    (net) => net.fused('BiasGelu', 'f', ['p', bias(net)]),
    (net) => {
      net.b.node('Add', 's', ['p', bias(net)]);
      gelu(net, 's', 'f');
    },
  ),
  behindProduct(
    'FastGelu',
    (net) => net.fused('FastGelu', 'f', ['p', bias(net)]),
    (net) => {
      net.b.node('Add', 's', ['p', bias(net)]);
      gelu(net, 's', 'f');
    },
  ),
  behindProduct(
    'BiasAdd',
    (net) => net.fused('BiasAdd', 'f', ['p', bias(net), 'z']),
    (net) => {
      net.b.node('Add', 's', ['p', bias(net)]);
      net.b.node('Add', 'f', ['s', 'z']);
    },
    { noKernel: true },
  ),
  behindProduct(
    'BiasDropout',
    (net) => net.fused('BiasDropout', 'f', ['p', bias(net), 'z']),
    (net) => {
      net.b.node('Add', 's', ['p', bias(net)]);
      net.b.node('Add', 'f', ['s', 'z']);
    },
    { noKernel: true },
  ),
  behindProduct(
    'BiasSplitGelu',
    (net) => net.fused('BiasSplitGelu', 'f', ['p', bias(net)]),
    (net) => {
      halves.add(net);
      const { b } = net;
      b.node('Add', 's', ['p', bias(net)]);
      const parts = ['s.a', 's.b'];
      b.nodes.push({
        ...{ op: 'Split', name: 'parts', inputs: ['s', b.ints('sizes', [4, 4])], outputs: parts },
        attributes: { axis: -1 },
      });
      gelu(net, 's.b', 's.g');
      b.node('Mul', 'f', ['s.a', 's.g']);
    },
    { noKernel: true },
  ),
  behindProduct(
    'BiasSoftmax',
    (net) => net.fused('BiasSoftmax', 'f', ['p', 'z'], { axis: 2, is_inner_broadcast: 0 }),
    (net) => {
      net.b.node('Add', 's', ['p', 'z']);
      net.b.node('Softmax', 'f', ['s']);
    },
    { noKernel: true },
  ),
  behindProduct(
    'SkipGroupNorm',
    (net) => {
      const parameters = [net.b.weight('gamma', [8]), net.b.weight('beta', [8])];
      net.fused('SkipGroupNorm', 'f', ['p', ...parameters, 'z', bias(net)], { groups: 2 });
    },
    (net) => {
      const parameters = [net.b.weight('gamma', [8]), net.b.weight('beta', [8])];
      net.b.node('Add', 's', ['p', bias(net)]);
      net.b.node('Add', 't', ['s', 'z']);
      // Another normalisation: what lies in front of it is compared.
      net.b.node('LayerNormalization', 'f', ['t', ...parameters]);
    },
    { noKernel: true },
  ),
  behindProduct(
    'SkipLayerNormalization',
    (net) => {
      const parameters = [net.b.weight('gamma', [8]), net.b.weight('beta', [8]), bias(net)];
      net.fused('SkipLayerNormalization', 'f', ['p', 'z', ...parameters]);
    },
    (net) => {
      const parameters = [net.b.weight('gamma', [8]), net.b.weight('beta', [8])];
      net.b.node('Add', 's', ['p', bias(net)]);
      net.b.node('Add', 't', ['s', 'z']);
      net.b.node('LayerNormalization', 'f', ['t', ...parameters], { epsilon: { float: 1e-12 } });
    },
  ),
  behindProduct(
    'SkipSimplifiedLayerNormalization',
    (net) => {
      net.fused('SkipSimplifiedLayerNormalization', 'f', ['p', 'z', net.b.weight('gamma', [8]), bias(net)]);
    },
    (net) => {
      const gamma = net.b.weight('gamma', [8]);
      net.b.node('Add', 's', ['p', bias(net)]);
      net.b.node('Add', 't', ['s', 'z']);
      net.b.node('SimplifiedLayerNormalization', 'f', ['t', gamma], { epsilon: { float: 1e-12 } });
    },
  ),
]);

/** Operators of com.microsoft that put no sum, bound or activation beside a product, and why. */
const NOT_FUSED: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    'the same as the operator of ai.onnx':
      'QuantizeLinear DequantizeLinear LayerNormalization SimplifiedLayerNormalization RotaryEmbedding Trilu Pad ExpandDims GatherND',
    'an activation or a pooling alone': 'Gelu QuickGelu NhwcMaxPool',
    'what it reads and gives are integers, which are no targets':
      'QLinearAdd QLinearMul QLinearWhere QLinearConcat QLinearLeakyRelu QLinearSigmoid QLinearSoftmax ' +
      'QLinearAveragePool QLinearGlobalAveragePool QLinearReduceMean',
    'its weight is packed, or has no refit':
      'MatMulNBits MatMulBnb4 GatherBlockQuantized DynamicQuantizeLSTM',
    'a product and a bias, with nothing behind them but bounds':
      'MatMulIntegerToFloat DynamicQuantizeMatMul QLinearConv QGemm',
    'what it projects within is no value of its own, spelled out or not':
      'Attention MultiHeadAttention GroupQueryAttention',
    'it looks rows up': 'EmbedLayerNormalization',
    'it normalises what comes as it is': 'GroupNorm',
    'it reads no product but to measure or invert it': 'Inverse CDist',
  }).flatMap(([why, ops]) => ops.split(' ').map((op) => [op, why])),
);

test.each(Object.keys(twins))('%s', async (name) => {
  const { shape, fused, spelled, noKernel = false } = twins[name]!;
  const [one, two] = [fused, spelled].map((build): ModelSpec => {
    const net = new Net();
    build(net);
    const { nodes, initializers } = net.b;
    return {
      opset: 17,
      nodes,
      initializers,
      inputs: [{ name: 'x', shape }],
      outputs: [{ name: 'y', shape: [] }],
    };
  }) as [ModelSpec, ModelSpec];
  expect(await saidOf(one)).toEqual(await saidOf(two));
  if (noKernel) return;
  const refitted = async (model: ModelSpec): Promise<number> => {
    const { bytes } = await prune(model, { data: datasetFor(model, 64), ratio: 0.34, reconstruct: true });
    return error(model, bytes, feedsFor(model, 32, 3));
  };
  const [a, b] = [await refitted(one), await refitted(two)];
  expect(Math.abs(a - b)).toBeLessThan(1e-3 * b);
});

/** What is known of each layer, and of what lies behind it. */
async function saidOf(model: ModelSpec): Promise<unknown> {
  const { graph, read } = graphOf(model);
  const walk = analyse(graph, registry, read);
  const native = await openBytes(encodeModel(model), {});
  try {
    const readers = readersOf(graph);
    // Which of two products in one sum is seen first is the order of nodes.
    const own = layersOf(walk).filter(({ weight }) => weight.name !== 'wz');
    return own.map((layer) => {
      const [use] = layer.uses;
      const { scale, shift, low, high, residualBranch } = postOpsOf(
        walk,
        native,
        readers,
        use!,
        layer.outputs,
      );
      return {
        weight: layer.weight.name,
        observed: isObserved(layer),
        ...{ scale: [...scale], shift: [...shift], low, high, stream: residualBranch?.replace('last', '') },
      };
    });
  } finally {
    native.dispose();
  }
}

test('every operator of onnxruntime that is followed has a twin here, or a reason to have none', () => {
  const followed = rows.filter(
    ({ domain, rule }) => domain === 'com.microsoft' && !rule.says.startsWith('freezes'),
  );
  const missing = followed.filter(
    ({ op }) => !Object.keys(twins).some((name) => name.split(' ')[0] === op) && !(op in NOT_FUSED),
  );
  expect(missing.map(({ op }) => op)).toEqual([]);
});
