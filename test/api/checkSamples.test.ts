import { expect, test } from 'vitest';
import { datasetOf, openModel } from '../../src/index.js';
import { encodeModel, floats, type ModelSpec } from '../support/onnx.js';
import { random } from '../support/random.js';

const CHANNELS = 6;
const next = random(5);
/** A convolution, and a normalisation that knows what its answers are on samples around 0 that vary by 1; then classes. */
const spec = (sharpness: number, output = 'logits'): ModelSpec => ({
  opset: 17,
  inputs: [{ name: 'x', shape: ['n', 3, 8, 8] }],
  outputs: [{ name: output, shape: ['n', 5] }],
  initializers: [
    floats('w', [CHANNELS, 3, 1, 1], random(2)),
    floats('gamma', [CHANNELS], () => sharpness),
    floats('beta', [CHANNELS], () => 0),
    floats('mean', [CHANNELS], () => 0),
    floats('variance', [CHANNELS], () => 1),
    floats('v', [CHANNELS * 64, 5], random(3)),
  ],
  nodes: [
    { op: 'Conv', inputs: ['x', 'w'], outputs: ['h'] },
    { op: 'BatchNormalization', inputs: ['h', 'gamma', 'beta', 'mean', 'variance'], outputs: ['a'] },
    { op: 'Flatten', inputs: ['a'], outputs: ['b'] },
    { op: 'MatMul', inputs: ['b', 'v'], outputs: [output] },
  ],
});

const samples = (scale: number, shift = 0) =>
  datasetOf({
    x: {
      data: Float32Array.from({ length: 32 * 192 }, () => shift + scale * 2 * next()),
      dims: [32, 3, 8, 8],
    },
  });

const codes = async (sharpness: number, data: ReturnType<typeof samples>) => {
  using model = await openModel(encodeModel(spec(sharpness)));
  return (await model.checkSamples(data)).map(({ code }) => code);
};

test('samples such as the model was trained on: nothing is said', async () => {
  expect(await codes(1, samples(1))).toEqual([]);
});

test('statistics that are far from those that the first normalisation holds', async () => {
  expect(await codes(1, samples(100))).toContain('STATISTICS_FAR');
  expect(await codes(1, samples(0.01))).toContain('STATISTICS_FAR');
  expect(await codes(1, samples(1, 50))).toContain('STATISTICS_FAR');
});

test('an embedding is no answer that is near to guessing', async () => {
  using model = await openModel(encodeModel(spec(1e-4, 'embedding')));
  expect(await model.checkSamples(samples(1))).toEqual([]);
});

test('answers that are near to guessing, and answers that are all alike', async () => {
  expect(await codes(1e-4, samples(1))).toEqual(['ANSWERS_UNIFORM']);
  expect(await codes(1, samples(0.1, 20))).toContain('ANSWERS_ALIKE');
});
