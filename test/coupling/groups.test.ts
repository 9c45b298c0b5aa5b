import { expect, test } from 'vitest';
import { type Analysis, analyse } from '../../src/coupling/analysis.js';
import { registry } from '../../src/ops/registry.js';
import { cutsOf } from '../../src/surgery/cuts.js';
import { removalOf } from '../../src/surgery/removal.js';
import { Builder } from '../support/builder.js';
import { graphOf } from '../support/graph.js';

/** y = fc(flatten(h + conv2(relu(h)))) with h = conv1(x): the example in the docstring of `Group`. */
function residualSum(): Analysis {
  const b = new Builder();
  const h = b.node('Conv', 'h', ['x', b.weight('conv1.weight', [4, 3, 3, 3]), b.weight('conv1.bias', [4])], {
    pads: [1, 1, 1, 1],
  });
  const relu = b.node('Relu', 'a', [h]);
  const branch = b.node(
    'Conv',
    'c',
    [relu, b.weight('conv2.weight', [4, 4, 3, 3]), b.weight('conv2.bias', [4])],
    { pads: [1, 1, 1, 1] },
  );
  const sum = b.node('Add', 's', [h, branch]);
  const flat = b.node('Flatten', 'f', [sum]);
  b.node('Gemm', 'y', [flat, b.weight('fc.weight', [10, 16]), b.weight('fc.bias', [10])], { transB: 1 });
  const { graph, read } = graphOf({
    opset: 17,
    nodes: b.nodes,
    initializers: b.initializers,
    inputs: [{ name: 'x', shape: ['n', 3, 2, 2] }],
    outputs: [{ name: 'y', shape: ['n', 10] }],
  });
  return analyse(graph, registry, read);
}

test('the worked example of a group: two convolutions, a residual sum, a fully connected layer', () => {
  const analysis = residualSum();
  const nameOf = (tensor: number): string => analysis.graph.nameOf(tensor);
  expect(analysis.groups.map(({ id }) => id)).toEqual(['conv1']);
  const [group] = analysis.groups;
  expect(group!.lanes.length).toBe(4);
  expect(group!.exact).toBe(true);
  expect(
    group!.axes.map(({ parameterAxis: own, lanes }) => [
      nameOf(own.tensor),
      own.axis,
      own.contracted,
      [...lanes],
    ]),
  ).toEqual([
    ['conv1.weight', 0, false, [0, 1, 2, 3]],
    ['conv1.bias', 0, false, [0, 1, 2, 3]],
    ['conv2.weight', 0, false, [0, 1, 2, 3]],
    ['conv2.weight', 1, true, [0, 1, 2, 3]],
    ['conv2.bias', 0, false, [0, 1, 2, 3]],
    ['fc.weight', 1, true, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]],
  ]);

  const { kept } = cutsOf(analysis, removalOf(analysis, new Map([[group!, [0, 1, 2]]])));
  const dims = [...analysis.graph.initializers.values()].map(({ id, name, dims }) => {
    const left = dims.map((length, axis) => kept.get(id)?.get(axis)?.length ?? length);
    return [name, left] as const;
  });
  const parameters = (all: readonly (readonly number[])[]): number =>
    all.reduce((sum, own) => sum + own.reduce((product, length) => product * length, 1), 0);
  expect(parameters([...analysis.graph.initializers.values()].map((own) => own.dims))).toBe(430);
  expect(parameters(dims.map(([, own]) => own))).toBe(298);
  expect(Object.fromEntries(dims)).toEqual({
    'conv1.weight': [3, 3, 3, 3],
    'conv1.bias': [3],
    'conv2.weight': [3, 3, 3, 3],
    'conv2.bias': [3],
    'fc.weight': [10, 12],
    'fc.bias': [10],
  });
});
