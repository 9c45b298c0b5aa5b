import { transform } from 'esbuild';
import { afterEach, expect, test } from 'vitest';
import { openModel, type Registration, registerOperator } from '../../src/index.js';
import { difference, ROUNDING, randomFeeds, randomPlan, run } from '../support/exact.js';
import { encodeModel, type FunctionSpec, integers, type ModelSpec, masked } from '../support/onnx.js';
import { specBetween } from './models.js';
import { filesIn } from './outside.js';

/**
 * The operator of docs/extending.md as a function of ONNX operators, so that onnxruntime can run it: y = slope · max(x, 0) + min(x, 0). A
 * model that has the function in it is analysed by what is in the function. So models are pruned without it, by the registered rule
 * alone, and run with it.
 */
const channelGate: FunctionSpec = {
  domain: 'com.example',
  name: 'ChannelGate',
  inputs: ['x', 'slope'],
  outputs: ['y'],
  nodes: [
    { op: 'Constant', inputs: [], outputs: ['behind'], attributes: { value: integers('', [1, 2]) } },
    { op: 'Unsqueeze', inputs: ['slope', 'behind'], outputs: ['s'] },
    { op: 'Relu', inputs: ['x'], outputs: ['above'] },
    { op: 'Sub', inputs: ['x', 'above'], outputs: ['below'] },
    { op: 'Mul', inputs: ['above', 's'], outputs: ['scaled'] },
    { op: 'Add', inputs: ['scaled', 'below'], outputs: ['y'] },
  ],
};

const spec: ModelSpec = specBetween(
  [{ op: 'ChannelGate', domain: 'com.example', name: 'gate', inputs: ['c', 'slope'], outputs: ['g'] }],
  (b) => b.weight('slope', [6]),
);

/** The model with the function behind everything else, where a file has its functions. */
function withFunction(model: Uint8Array): Uint8Array {
  const functions = encodeModel({ ...spec, functions: [channelGate] }).subarray(encodeModel(spec).length);
  return Buffer.concat([model, functions]);
}

let registrations: Registration[] = [];
afterEach(() => {
  for (const own of registrations) own.unregister();
  registrations = [];
});

/** How far the model, pruned at random by what the rule says, is from the original with zeros in what leaves. */
async function distance(seed: number): Promise<number> {
  const bytes = encodeModel(spec);
  const plan = await randomPlan(bytes, seed);
  using model = await openModel(bytes);
  const pruned = await model.apply(plan!);
  expect(Object.keys(pruned.plan.tensors)).toContain('first');
  const feeds = randomFeeds(spec, seed);
  const wanted = await run(withFunction(encodeModel(masked(spec, pruned.plan.tensors))), feeds);
  return difference(await run(withFunction(await pruned.toBytes()), feeds), wanted);
}

test('the rule of docs/extending.md is right: masked original equals pruned model', async () => {
  const { code } = await transform(filesIn('docs/extending.md')['channel-gate.ts']!, { loader: 'ts' });
  const register = new Function('registerOperator', code.replace(/^import .*$/m, ''));
  register((definition: Parameters<typeof registerOperator>[0]) => {
    registrations.push(registerOperator(definition));
  });
  for (const seed of [1, 2, 3, 4]) expect(await distance(seed)).toBeLessThan(ROUNDING);
});

test('a rule that mixes lanes up is told by that', async () => {
  registrations.push(
    registerOperator({
      domain: 'com.example',
      op: 'ChannelGate',
      summary: 'a rule that is wrong',
      rule: ({ input, lanes }) => {
        const x = input(0);
        const slope = lanes.pick(input(1)[0]!, [5, 4, 3, 2, 1, 0]);
        return [[x[0]!, lanes.unify([x[1]!, slope]), ...x.slice(2)]];
      },
    }),
  );
  expect(Math.max(...(await Promise.all([1, 2, 3, 4].map(distance))))).toBeGreaterThan(ROUNDING);
});

test('an operator that the model brings along as a function is followed through its body', async () => {
  const summary = 'a rule that is never asked';
  const rule = (): never => expect.fail('it was asked');
  registrations.push(registerOperator({ domain: 'com.example', op: 'ChannelGate', summary, rule }));
  using model = await openModel(withFunction(encodeModel(spec)));
  expect(model.inspect().groups).toMatchObject([{ id: 'first', lanes: 6, exact: true }]);
});
