import type { Tensor } from '../../src/runtime/runtime.js';
import { encodeModel, integers, type NodeSpec } from './onnx.js';
import { random } from './random.js';
import { Sheet } from './sheet.js';

/** Models whose answers are no plain tensors of a known shape, with weights that can be pruned. */

const ML = 'ai.onnx.ml';

/** Numbers that look random, the same each time. */
export const samplesOf = (dims: readonly number[], seed = 7): Tensor => {
  const next = random(seed);
  return {
    type: 'float32',
    data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, next),
    dims,
  };
};

/** x [n, 6] through a hidden layer of 32 to [n, width]. */
function perceptron(sheet: Sheet, width: number, from = sheet.input('x', ['n', 6]), length = 6): string {
  const hidden = sheet.node('Relu', [sheet.linear(from, '1', length, 32)]);
  return sheet.linear(hidden, '2', 32, width);
}

/** What skl2onnx writes for a classifier: the class as a text, and probabilities as a sequence of maps. */
export function mapped(names: readonly string[], keep: 'both' | 'maps' = 'both'): Uint8Array {
  const sheet = new Sheet(17, 5);
  const scores = sheet.node('Softmax', [perceptron(sheet, names.length)], { axis: 1 });
  const best = sheet.node('ArgMax', [scores], { axis: 1, keepdims: 0 });
  const ends = (op: string, input: string, output: string, attributes: NodeSpec['attributes']) =>
    sheet.nodes.push({ op, domain: ML, inputs: [input], outputs: [output], attributes: attributes! });
  ends('ZipMap', scores, 'probabilities', { classlabels_strings: names });
  if (keep === 'both') {
    ends('LabelEncoder', best, 'label', { classes_strings: names });
    sheet.outputs.push({ name: 'label', dtype: 'string', shape: ['n'] });
  }
  sheet.outputs.push({ name: 'probabilities', shape: [], kind: 'maps of string' });
  return encodeModel(sheet.model());
}

/** A sequence of two tensors, one of the kind that a branch makes, and a tensor. */
export function sequences(): Uint8Array {
  const sheet = new Sheet(17, 6);
  const scores = perceptron(sheet, 3);
  const squared = sheet.node('Mul', [scores, scores]);
  const list = sheet.node('SequenceConstruct', [scores, squared]);
  const total = sheet.node('ReduceSum', [scores], { keepdims: 0 });
  sheet.initializers.push({ name: 'zero', dims: [], data: new Float32Array(1) });
  const branch = (name: string, ...of: string[]) => ({
    nodes: [{ op: 'SequenceConstruct', inputs: of, outputs: [name] }],
    inputs: [],
    outputs: [{ name, shape: [], kind: 'sequence' as const }],
    initializers: [],
  });
  const positive = sheet.node('Greater', [total, 'zero']);
  const chosen = sheet.node('If', [positive], {
    then_branch: branch('one', scores),
    else_branch: branch('two', scores, squared),
  });
  sheet.output(squared, 'y', ['n', 3]);
  for (const name of [list, chosen]) sheet.outputs.push({ name, shape: [], kind: 'sequence' });
  return encodeModel(sheet.model());
}

/** Halves of a hidden layer that go through a sequence, as torch.split is exported; the second is read behind what the first makes. */
export function halved(): Uint8Array {
  const sheet = new Sheet(17, 11);
  const hidden = sheet.node('Relu', [sheet.linear(sheet.input('x', ['n', 6]), '1', 6, 32)]);
  sheet.initializers.push(
    integers('half', [16], []),
    integers('first', [0], []),
    integers('second', [1], []),
  );
  const parts = sheet.node('SplitToSequence', [hidden, 'half'], { axis: 1 });
  const one = sheet.node('SequenceAt', [parts, 'first']);
  const two = sheet.node('SequenceAt', [parts, 'second']);
  const behind = sheet.node('Relu', [sheet.linear(one, '2', 16, 24)]);
  const both = sheet.node('Concat', [sheet.linear(behind, '3', 24, 8), two], { axis: 1 });
  const last = sheet.node('Relu', [sheet.linear(both, '4', 24, 32)]);
  sheet.output(sheet.linear(last, '5', 32, 3), 'y', ['n', 3]);
  return encodeModel(sheet.model());
}

/** A colour as text beside numbers. */
export function worded(): Uint8Array {
  const sheet = new Sheet(17, 8);
  const word = sheet.input('colour', ['n', 1], 'string');
  const colours = ['red', 'green', 'blue'];
  const code = sheet.node('LabelEncoder', [word], { classes_strings: colours }, ML);
  sheet.initializers.push({ name: 'ends', dims: [2], data: Float32Array.of(0, 1) });
  const hot = sheet.node('OneHot', [code, sheet.ints([3], []), 'ends']);
  const flat = sheet.node('Reshape', [hot, sheet.ints([-1, 3])]);
  const both = sheet.node('Concat', [flat, sheet.input('x', ['n', 6])], { axis: 1 });
  sheet.output(perceptron(sheet, 3, both, 9), 'y', ['n', 3]);
  return encodeModel(sheet.model());
}

/** A detector of 16 places in pictures of 8 × 8 that keeps the boxes which a suppression leaves; of two classes. */
export function detector(): Uint8Array {
  const sheet = new Sheet(13, 9);
  const x = sheet.input('x', [1, 3, 8, 8]);
  const conv = (from: string, name: string, out: number, channels: number, more = {}): string =>
    sheet.node(
      'Conv',
      [from, sheet.weight(`w${name}`, [out, channels, 1, 1]), sheet.weight(`b${name}`, [out])],
      more,
    );
  const first = sheet.node('Relu', [conv(x, 'a', 32, 3, { strides: [2, 2] })]);
  const shaped = (value: string, rows: number): string =>
    sheet.node('Reshape', [value, sheet.ints([1, rows, 16])]);
  const extents = sheet.node('Transpose', [sheet.node('Sigmoid', [shaped(conv(first, 'b', 4, 32), 4)])], {
    perm: [0, 2, 1],
  });
  // Signs turn extents to the left and the top around; centres lie on a grid.
  sheet.initializers.push({ name: 'signs', dims: [4], data: Float32Array.of(-2, -2, 2, 2) });
  sheet.initializers.push({
    name: 'grid',
    dims: [1, 16, 4],
    data: Float32Array.from({ length: 64 }, (_, i) => 3 * (i % 2 === 0 ? (i >> 2) % 4 : i >> 4)),
  });
  const boxes = sheet.node('Add', [sheet.node('Mul', [extents, 'signs']), 'grid']);
  const scores = sheet.node('Sigmoid', [shaped(conv(first, 'c', 2, 32), 2)]);
  for (const [name, value] of [
    ['overlap', 0.5],
    ['least', 0.5],
  ] as const)
    sheet.initializers.push({ name, dims: [1], data: Float32Array.of(value) });
  const chosen = sheet.node('NonMaxSuppression', [boxes, scores, sheet.ints([16]), 'overlap', 'least']);
  const column = (at: number): string => sheet.node('Gather', [chosen, sheet.ints([at])], { axis: 1 });
  const kept = sheet.node('GatherND', [sheet.node('Squeeze', [boxes, sheet.ints([0])]), column(2)]);
  sheet.output(kept, 'boxes', ['found', 4]);
  sheet.output(sheet.node('GatherND', [scores, chosen]), 'scores', ['found']);
  const labels = sheet.node('Squeeze', [column(1), sheet.ints([1])]);
  sheet.nodes.push({ op: 'Identity', inputs: [labels], outputs: ['labels'] });
  sheet.outputs.push({ name: 'labels', dtype: 'int64', shape: ['found'] });
  return encodeModel(sheet.model());
}

/** Frames as many as what is computed says: [1, 1, frames]. */
export function durations(): Uint8Array {
  const sheet = new Sheet(13, 10);
  const x = sheet.input('x', [1, 4, 't']);
  const conv = (from: string, name: string, out: number, channels: number): string =>
    sheet.node('Conv', [from, sheet.weight(`w${name}`, [out, channels, 1]), sheet.weight(`b${name}`, [out])]);
  const hidden = sheet.node('Relu', [conv(x, 'a', 32, 4)]);
  const each = sheet.node('Sigmoid', [conv(hidden, 'b', 1, 32)]);
  sheet.initializers.push({ name: 'four', dims: [], data: Float32Array.of(4) });
  const sum = sheet.node('Mul', [sheet.node('ReduceSum', [each], { keepdims: 0 }), 'four']);
  sheet.initializers.push(integers('none', [0], []), integers('one', [1], []));
  const frames = sheet.node('Max', [sheet.node('Cast', [sum], { to: 7 }), 'one']);
  const steps = sheet.node('Cast', [sheet.node('Range', ['none', frames, 'one'])], { to: 1 });
  const time = sheet.node('Unsqueeze', [steps, sheet.ints([0, 1])]);
  const mean = sheet.node('ReduceMean', [hidden], { axes: [2] });
  const wave = sheet.node('Add', [mean, sheet.node('Sin', [time])]);
  sheet.output(conv(wave, 'c', 1, 32), 'audio', [1, 1, 'frames']);
  return encodeModel(sheet.model());
}
