import { afterEach, expect, test } from 'vitest';
import {
  type OperatorDefinition,
  onnxruntime,
  openModel,
  type Pruned,
  type Registration,
  type Runtime,
  registerOperator,
} from '../../src/index.js';
import { Builder } from '../support/builder.js';
import { encodeModel, type FunctionSpec, type ModelSpec } from '../support/onnx.js';
import { faultOf } from './faults.js';
import { samples } from './models.js';

/** A linear layer of a custom domain: x [n i], W [i o], b [o] -> x W + b [n o]. */
const dense: FunctionSpec = {
  domain: 'com.example',
  name: 'Dense',
  inputs: ['x', 'w', 'b'],
  outputs: ['y'],
  nodes: [
    { op: 'MatMul', inputs: ['x', 'w'], outputs: ['m'] },
    { op: 'Add', inputs: ['m', 'b'], outputs: ['y'] },
  ],
};

const rule: OperatorDefinition['rule'] = ({ input, lanes, linearMap, work }) => {
  const [x, w, b] = [input(0), input(1), input(2)];
  lanes.contract(x[1]!, w[0]!);
  work([x[0]!, w[0]!, w[1]!]);
  linearMap({
    ...{ data: 0, dataAxis: 1, weight: 1, weightInput: 0, weightOutputs: [1], outputAxis: 1, bias: 2 },
  });
  return [[x[0]!, lanes.withZero(lanes.unify([w[1]!, b[0]!]), w[1]!.isZero && b[0]!.isZero)]];
};

/** x [n 4] -> 8 lanes -> Relu -> 6 lanes -> Relu -> y [n 3], each layer such a node. */
function layers(domain: string | undefined, op: string): ModelSpec {
  const b = new Builder();
  const layer = (name: string, from: string, inputs: number, outputs: number): string => {
    b.weight(`${name}.w`, [inputs, outputs]);
    b.weight(`${name}.b`, [outputs]);
    b.nodes.push({
      ...{ op, name, inputs: [from, `${name}.w`, `${name}.b`], outputs: [name] },
      ...(domain !== undefined && { domain }),
    });
    return name;
  };
  const first = b.node('Relu', 'r1', [layer('l1', 'x', 4, 8)]);
  const second = b.node('Relu', 'r2', [layer('l2', first, 8, 6)]);
  layer('y', second, 6, 3);
  return {
    opset: 17,
    nodes: b.nodes,
    initializers: b.initializers,
    inputs: [{ name: 'x', shape: ['n', 4] }],
    outputs: [{ name: 'y', shape: ['n', 3] }],
  };
}

/** onnxruntime, for models whose operator is told to it as a function. */
function knowing(spec: ModelSpec): Runtime {
  const functions = encodeModel({ ...spec, functions: [dense] }).subarray(encodeModel(spec).length);
  return {
    name: 'onnxruntime that knows Dense',
    load: (model, options) =>
      typeof model === 'string'
        ? expect.fail('the model was opened as bytes')
        : onnxruntime().load(Buffer.concat([model, functions]), options),
  };
}

let registration: Registration | undefined;
afterEach(() => registration?.unregister());

interface Refitted {
  readonly pruned: Pruned;
  /** Euclidean norms of the lanes of what was written. */
  readonly norms: readonly Float64Array[];
}

async function refitted(spec: ModelSpec, runtime?: Runtime): Promise<Refitted> {
  using model = await openModel(encodeModel(spec));
  const pruned = await model.prune({
    ...{ ratio: 0.5, data: samples },
    ...(runtime !== undefined && { runtime }),
  });
  using smaller = await openModel(await pruned.toBytes());
  const groups = await smaller.score({ criterion: 'l2' });
  return { pruned, norms: groups.map(({ scores }) => scores) };
}

test('a registered linear map is refitted as the one that it is', async () => {
  registration = registerOperator({ domain: 'com.example', op: 'Dense', summary: 'x W + b', rule });
  const own = layers('com.example', 'Dense');
  const custom = await refitted(own, knowing(own));
  const known = await refitted(layers(undefined, 'Gemm'));
  const planned = ({ pruned }: Refitted) => pruned.plan.groups.map(({ id, kept }) => [id, kept]);
  expect(planned(custom)).toEqual(planned(known));
  expect(known.pruned.reconstruction!.layers).toBe(2);
  expect(custom.pruned.reconstruction).toEqual(known.pruned.reconstruction);
  for (const [group, norms] of known.norms.entries())
    for (const [lane, norm] of norms.entries()) expect(custom.norms[group]![lane]).toBeCloseTo(norm, 4);
});

test('axes that operands do not have are refused', async () => {
  registration = registerOperator({
    ...{ domain: 'com.example', op: 'Dense', summary: 'x W + b' },
    rule: ({ input, linearMap }) => {
      linearMap({ data: 0, dataAxis: 2, weight: 1, weightInput: 0, weightOutputs: [1], outputAxis: 1 });
      return [input(0)];
    },
  });
  using model = await openModel(encodeModel(layers('com.example', 'Dense')));
  const { code, what } = await faultOf(() => model.inspect());
  expect([code, what]).toEqual([
    'EXTENSION_FAILED',
    'the rule of com.example:Dense speaks of the axes 2 of its operand 0, which has 2',
  ]);
});
