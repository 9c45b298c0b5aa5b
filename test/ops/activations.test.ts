import { describe, expect, test } from 'vitest';
import { isZero } from '../../src/coupling/axis.js';
import type { ElementwiseStep } from '../../src/coupling/passage.js';
import { walk } from '../../src/coupling/walking.js';
import { registry } from '../../src/ops/registry.js';
import { Builder } from '../support/builder.js';
import { graphOf } from '../support/graph.js';
import type { AttributeSpec, ModelSpec, NodeSpec } from '../support/onnx.js';

type Attributes = Readonly<Record<string, AttributeSpec>>;

/** What is known of a node behind a convolution without a bias, whose removed lanes are zero. */
function known(node: Partial<NodeSpec> & { readonly op: string }, b = new Builder()) {
  const inputs = node.inputs ?? ['c'];
  b.node('Conv', 'c', ['x', b.weight('w', [5, 3, 1, 1])]);
  b.nodes.push({ name: 'subject', outputs: ['y'], ...node, inputs });
  const model: ModelSpec = {
    ...{ opset: 17, nodes: b.nodes, initializers: b.initializers },
    inputs: [{ name: 'x', shape: ['n', 3, 4, 4] }],
    outputs: [{ name: 'y', shape: [] }],
  };
  const { graph, read } = graphOf(model);
  const { tensors, passages } = walk(graph, registry, read);
  const subject = graph.nodes.find(({ name }) => name === 'subject')!;
  const steps: readonly ElementwiseStep[] =
    passages.get(subject)?.find(({ operand }) => operand === 0)?.steps ?? [];
  return { zero: isZero(tensors.get('y')!.axes![1]!), steps };
}

const { POSITIVE_INFINITY: open } = Number;
const between = (low: number, high: number): readonly ElementwiseStep[] => [{ kind: 'bounds', low, high }];

describe('by attributes', () => {
  test.each<[op: string, Attributes, zero: boolean, readonly ElementwiseStep[]]>([
    ['Relu', {}, true, between(0, open)],
    ['LeakyRelu', {}, true, []],
    ['LeakyRelu', { alpha: { float: 0 } }, true, between(0, open)],
    ['Elu', {}, true, []],
    ['Elu', { alpha: { float: 0 } }, true, between(0, open)],
    ['Selu', {}, true, []],
    ['Selu', { alpha: { float: 0 } }, true, between(0, open)],
    ['ThresholdedRelu', {}, true, between(1, open)],
    ['ThresholdedRelu', { alpha: { float: 0.5 } }, true, between(0.5, open)],
    ['HardSwish', {}, true, between(-3, open)],
    ['HardSigmoid', { alpha: { float: 0.5 }, beta: { float: 0.5 } }, false, between(-1, 1)],
    ['HardSigmoid', { alpha: { float: -0.5 }, beta: { float: 0.5 } }, false, between(-1, 1)],
    ['HardSigmoid', { alpha: { float: 0.5 }, beta: { float: 0 } }, true, between(0, 2)],
    ['HardSigmoid', { alpha: { float: 0 } }, false, []],
    ['Tanh', {}, true, []],
    ['Sigmoid', {}, false, []],
    ['Softplus', {}, false, []],
  ])('%s %j', (op, attributes, zero, steps) => {
    const found = known({ op, attributes });
    expect(found.zero).toBe(zero);
    expect(found.steps.map((step) => JSON.stringify(step))).toEqual(
      steps.map((step) => JSON.stringify(step)),
    );
  });
});

test.each([
  [[0, 0, 0, 0, 0], between(0, open)],
  [[0, 0, 0.25, 0, 0], []],
])('PRelu of slopes %j', (slopes, steps) => {
  const b = new Builder();
  b.initializers.push({ name: 'slopes', dims: [5, 1, 1], data: Float32Array.from(slopes) });
  expect(known({ op: 'PRelu', inputs: ['c', 'slopes'] }, b).steps).toEqual(steps);
});

describe('in a fused operator', () => {
  const listed = (activation: string, ...parameters: number[]): Attributes => ({
    activation,
    ...(parameters.length > 0 && { activation_params: { floats: parameters } }),
  });
  test.each<[Attributes, zero: boolean]>([
    [{}, true],
    [listed('Relu'), true],
    [listed('LeakyRelu', 0.1), true],
    [listed('Clip', 0, 6), true],
    [listed('Clip', 0.5, 6), false],
    [listed('HardSigmoid', 0.5, 0.5), false],
    [listed('HardSigmoid', 0.5, 0), true],
    [listed('Sigmoid'), false],
    // Of what is not known nothing is said.
    [listed('Mystery'), false],
  ])('%j', (attributes, zero) => {
    const b = new Builder();
    const weight = b.weight('v', [7, 5, 1, 1]);
    const node = { op: 'FusedConv', domain: 'com.microsoft', inputs: ['c', weight], attributes };
    expect(known(node, b).zero).toBe(zero);
  });
});
