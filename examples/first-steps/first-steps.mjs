// One dense layer of 4 neurons: how much does each say, which two say nearly the same, and what happens without one of them?
//
//   node examples/first-steps/first-steps.mjs
//
// README.md beside this file goes through it line by line.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { datasetOf, loadData, onnxruntime, openModel } from '../../dist/index.js';
import { showing, model as write } from './onnx.mjs';

const INPUTS = 3;
const NEURONS = 4;
const OUTPUTS = 2;
const SAMPLES = 500;

// 1. Numbers that look random, and are the same whenever this runs.
let state = 7;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const drawn = (count) => Array.from({ length: count }, () => 2 * random() - 1);

// 2. The network. neurons = relu(x · w1 + b1), y = neurons · w2 + b2.
const w1 = drawn(INPUTS * NEURONS);
const b1 = drawn(NEURONS);
const w2 = drawn(NEURONS * OUTPUTS);
const b2 = drawn(OUTPUTS);
const network = write({
  nodes: [
    { op: 'MatMul', inputs: ['x', 'w1'], output: 'product1' },
    { op: 'Add', inputs: ['product1', 'b1'], output: 'sum1' },
    { op: 'Relu', inputs: ['sum1'], output: 'neurons' },
    { op: 'MatMul', inputs: ['neurons', 'w2'], output: 'product2' },
    { op: 'Add', inputs: ['product2', 'b2'], output: 'y' },
  ],
  weights: {
    w1: { dims: [INPUTS, NEURONS], values: w1 },
    b1: { dims: [NEURONS], values: b1 },
    w2: { dims: [NEURONS, OUTPUTS], values: w2 },
    b2: { dims: [OUTPUTS], values: b2 },
  },
  input: ['x', INPUTS],
  output: ['y', OUTPUTS],
});

// 3. Samples to watch it on.
const x = { type: 'float32', dims: [SAMPLES, INPUTS], data: Float32Array.from(drawn(SAMPLES * INPUTS)) };
const data = datasetOf({ x });

// 4. What Espalier finds: one group of 4 lanes, our neurons.
const model = await openModel(network);
const [group] = model.inspect().groups;
console.log(`group "${group.id}": ${group.lanes} neurons`);

// 5. The entropy of each neuron, in bits: of its activations, and of the weights that make it.
const entropies = async (criterionOptions) => {
  const [{ scores }] = await model.score({ criterion: 'entropy', criterionOptions, data });
  return [...scores];
};
const activations = await entropies({ of: 'activations', estimator: 'histogram', bins: 16 });
const mass = await entropies({ of: 'weights', estimator: 'mass' });
console.log('\nneuron  entropy of its activations  its weights: -p log2 p');
for (let neuron = 0; neuron < NEURONS; neuron++)
  console.log(`${neuron}       ${bits(activations[neuron]).padEnd(26)}  ${bits(mass[neuron])}`);

// 6. The term of every single weight, -p log2 p, where p is its share of all magnitudes of its matrix.
const folder = await mkdtemp(join(tmpdir(), 'first-steps-'));
await model.writeWeightTerms(join(folder, 'terms.npz'));
const terms = await (await loadData(join(folder, 'terms.npz'))).arrays.get('w1').read(0, INPUTS);
await rm(folder, { recursive: true });
console.log('\nthe terms of w1, in bits: a row for each input, a column for each neuron');
for (let input = 0; input < INPUTS; input++)
  console.log([...terms.slice(input * NEURONS, (input + 1) * NEURONS)].map(bits).join('  '));

// 7. The pruning tree: on each level the two that share most are paired, and the one that says less of both is deleted.
const tree = await model.tree({ group: group.id, data, bins: 16 });
console.log(`\nthe tree: ${tree.pairCount} pairs, ${tree.depth} levels`);
for (const [index, { parents }] of tree.levels.entries())
  for (const { kept, deleted, mutual, entropy, gain, ratio, cost } of parents)
    console.log(
      `level ${index + 1}: ${kept} and ${deleted} share ${bits(mutual)} of ${bits(entropy)} bits; ` +
        `gains ${bits(gain.kept)} and ${bits(gain.deleted)}, ratios ${bits(ratio.kept)} and ${bits(ratio.deleted)}; ` +
        `without ${deleted} ${bits(cost)} bits are lost`,
    );
console.log(`they leave in this order: ${tree.order.join(', ')}`);

// 8. Deletes the lowest: a quarter of four neurons.
const criterion = { criterion: 'tree', criterionOptions: { bins: 16 } };
const pruned = await model.prune({ ratio: 1 / NEURONS, ...criterion, data, reconstruct: false });
const [{ kept }] = pruned.plan.groups;
const smaller = await pruned.toBytes();
model.dispose();
console.log(`\nneuron ${tree.order[0]} is deleted, ${kept.join(', ')} are kept`);
console.log(`parameters: ${pruned.before.params} -> ${pruned.after.params}`);

// 9. Checks the smaller network in onnxruntime: its neurons are those that were kept, and y is what they make.
const before = await run(network, NEURONS);
const after = await run(smaller, kept.length);
let apart = 0;
for (let sample = 0; sample < SAMPLES; sample++) {
  const left = kept.map((neuron) => before.neurons.data[sample * NEURONS + neuron]);
  for (const [place, value] of left.entries())
    apart = Math.max(apart, Math.abs(after.neurons.data[sample * kept.length + place] - value));
  for (let output = 0; output < OUTPUTS; output++) {
    const sum = left.reduce(
      (all, value, place) => all + value * w2[kept[place] * OUTPUTS + output],
      b2[output],
    );
    apart = Math.max(apart, Math.abs(after.y.data[sample * OUTPUTS + output] - sum));
  }
}
console.log(`largest difference from the kept neurons and what they make: ${apart.toExponential(1)}`);
console.log(apart < 1e-5 ? 'the smaller layer is right' : 'the smaller layer is wrong');
process.exitCode = apart < 1e-5 ? 0 : 1;

/** What a network answers, and what its neurons are. */
async function run(bytes, width) {
  const session = await onnxruntime().load(showing(bytes, 'neurons', width));
  const { outputs } = await session.run({ x });
  await session.dispose();
  return outputs;
}

function bits(value) {
  return value.toFixed(3);
}
