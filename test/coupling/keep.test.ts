import { expect, test } from 'vitest';
import { analyse } from '../../src/coupling/analysis.js';
import { registry } from '../../src/ops/registry.js';
import { Builder } from '../support/builder.js';
import { graphOf } from '../support/graph.js';

/** x [n 2] -> w1 [2 lanes] -> ReLU h -> w2 [lanes 2] -> y */
function perceptron(lanes: number): ReturnType<typeof graphOf> {
  const b = new Builder();
  b.node('MatMul', 'a', ['x', b.weight('w1', [2, lanes])]);
  b.node('Relu', 'h', ['a']);
  b.node('MatMul', 'y', ['h', b.weight('w2', [lanes, 2])]);
  return graphOf({
    opset: 17,
    nodes: b.nodes,
    initializers: b.initializers,
    inputs: [{ name: 'x', shape: ['n', 2] }],
    outputs: [{ name: 'y', shape: ['n', 2] }],
  });
}

test.each(['w1', 'w?', '*'])(
  'what %s matches stays, with what is coupled to it, and the reason names it',
  (glob) => {
    const { graph, read } = perceptron(4);
    const { groups, equations, parameterAxes } = analyse(graph, registry, read, [glob]);
    expect(groups).toEqual([]);
    const [rows] = parameterAxes.filter(({ tensor, axis }) => graph.nameOf(tensor) === 'w2' && axis === 0);
    expect(equations.frozenBecause(rows!.labels[0]!)).toMatchObject({
      why: 'keep',
      text: `it was asked to be kept: ${glob}`,
    });
  },
);

test('any number of lanes can stay', () => {
  const { graph, read } = perceptron(200_000);
  expect(analyse(graph, registry, read, ['w1']).groups).toEqual([]);
  expect(analyse(graph, registry, read).groups.map(({ lanes }) => lanes.length)).toEqual([200_000]);
});
