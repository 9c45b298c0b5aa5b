import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { layersOf } from '../../src/cost/latency/layers.js';
import { CostModel } from '../../src/cost/model.js';
import { analyse } from '../../src/coupling/analysis.js';
import { Widths } from '../../src/coupling/widths.js';
import { readGraph } from '../../src/model/graph.js';
import { openBytes, openFile } from '../../src/native/index.js';
import { registry } from '../../src/ops/registry.js';
import { shared } from '../runtime/models.js';
import { encodeModel, floats } from '../support/onnx.js';

const next = () => 0.5;

test('a depthwise convolution shrinks as one width, its group with it', async () => {
  const native = await openBytes(
    encodeModel({
      opset: 17,
      nodes: [
        { op: 'Conv', inputs: ['x', 'a'], outputs: ['h'] },
        { op: 'Conv', inputs: ['h', 'd'], outputs: ['g'], attributes: { group: 16 } },
        { op: 'Conv', inputs: ['g', 'b'], outputs: ['y'] },
      ],
      inputs: [{ name: 'x', shape: ['n', 3, 8, 8] }],
      outputs: [{ name: 'y', shape: ['n', 4, 8, 8] }],
      initializers: [
        floats('a', [16, 3, 1, 1], next),
        floats('d', [16, 1, 1, 1], next),
        floats('b', [4, 16, 1, 1], next),
      ],
    }),
  );
  const analysis = analyse(readGraph(native.describe(), 'm'), registry, (tensor) => native.numbers(tensor));
  const costs = new CostModel(analysis);
  const layers = layersOf(analysis, costs);
  expect(layers.map(({ widths }) => widths.map(({ whole }) => whole))).toEqual([[16], [16], [16]]);
  const [first, depthwise, last] = layers.map((layer) => layer.at([4]));
  const dims = (node: typeof first) => node!.operands.map((operand) => operand?.dims);
  expect(dims(first)).toEqual([
    [1, 3, 8, 8],
    [4, 3, 1, 1],
  ]);
  expect(dims(depthwise)).toEqual([
    [1, 4, 8, 8],
    [4, 1, 1, 1],
  ]);
  expect(depthwise!.attributes.group).toEqual({ type: 'int', value: 4 });
  expect(dims(last)).toEqual([
    [1, 4, 8, 8],
    [4, 4, 1, 1],
  ]);
  const widths = new Widths(analysis);
  widths.set(analysis.groups[0]!, 7);
  expect(layers.map((layer) => layer.widths[0]!.after(widths))).toEqual([7, 7, 7]);
  native.dispose();
});

test.skipIf(!existsSync(shared('models'))).each([
  ['lenet5_mnist', 1],
  ['resnet20_cifar10_bn', 1],
  ['mbv2_small_cifar10_bn', 1],
  ['vit_tiny_mnist', 0.9],
])('%s: layers with a table do most of the work (needs ../shared)', async (name, share) => {
  const native = await openFile(shared(`models/${name}.onnx`));
  const analysis = analyse(readGraph(native.describe(), 'm'), registry, (tensor) => native.numbers(tensor));
  const costs = new CostModel(analysis);
  const covered = layersOf(analysis, costs).reduce((sum, { macs }) => sum + macs, 0);
  expect(covered / costs.of().macs).toBeGreaterThanOrEqual(share - 1e-9);
  native.dispose();
});
