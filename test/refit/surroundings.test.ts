import { expect, test } from 'vitest';
import type { ModelSpec } from '../support/onnx.js';
import { datasetFor, distance, feedsFor, modelOf, prune } from './refits.js';

/** Eight lanes behind w1 of which four are the others, scaled, and what surrounds the layer that reads them. */
const cases: Readonly<Record<string, ModelSpec>> = {
  'a layer whose answer is an output of the model too': modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 1, 1])]);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'y', ['h', b.weight('w2', [5, 8, 1, 1])]);
      b.node('Relu', 'z', ['y']);
    },
    ['n', 3, 6, 6],
    { w1: 0 },
    ['y', 'z'],
  ),
  'MatMul, its product an output of the model too': modelOf(
    (b) => {
      b.node('MatMul', 'a', ['x', b.weight('w1', [6, 8])]);
      b.node('Relu', 'h', ['a']);
      b.node('MatMul', 'm', ['h', b.weight('w2', [8, 5])]);
      b.node('Add', 'y', ['m', b.weight('b2', [5])]);
    },
    ['n', 6],
    { w1: 1 },
    ['y', 'm'],
  ),
  'a bias that two layers read': modelOf(
    (b) => {
      b.weight('b', [8]);
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 1, 1])]);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'c', ['h', b.weight('w2', [8, 8, 1, 1]), 'b']);
      b.node('Relu', 'g', ['c']);
      b.node('Conv', 'y', ['g', b.weight('w3', [8, 8, 1, 1]), 'b']);
    },
    ['n', 3, 6, 6],
    { w1: 0, w2: 0, b: 0 },
  ),
  'a bias that two layers read through Identity': modelOf(
    (b) => {
      b.weight('zeros', [8]);
      b.node('Identity', 'i1', ['zeros']);
      b.node('Identity', 'i2', ['zeros']);
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 1, 1]), 'i1']);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'c', ['h', b.weight('w2', [8, 8, 1, 1]), 'i2']);
      b.node('Relu', 'g', ['c']);
      b.node('Conv', 'y', ['g', b.weight('w3', [5, 8, 1, 1])]);
    },
    ['n', 3, 6, 6],
    { w1: 0, w2: 0, zeros: 0 },
  ),
  'Conv along one axis': modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 3])]);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'y', ['h', b.weight('w2', [5, 8, 3])], { strides: [2], pads: [2, 1] });
    },
    ['n', 3, 12],
    { w1: 0 },
  ),
  'Conv along three axes': modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 2, 1, 1, 1])]);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'y', ['h', b.weight('w2', [5, 8, 2, 1, 3])], {
        strides: [1, 2, 1],
        pads: [1, 0, 1, 0, 0, 1],
      });
    },
    ['n', 2, 4, 5, 4],
    { w1: 0 },
  ),
  'negative and tiny scales of BatchNormalization, then a Clip': modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 3, 3])]);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'c', ['h', b.weight('w2', [4, 8, 1, 1])]);
      b.initializers.push(
        { name: 'g', dims: [4], data: Float32Array.of(-1, 2, -3, 1e-7) },
        { name: 'v', dims: [4], data: Float32Array.of(1, 1, 1, 1) },
        { name: 'd', dims: [4], data: Float32Array.of(1, 1, 1, 1) },
        { name: 'm', dims: [4], data: new Float32Array(4) },
        { name: 'lo', dims: [], data: Float32Array.of(0) },
        { name: 'hi', dims: [], data: Float32Array.of(6) },
      );
      b.node('BatchNormalization', 'n', ['c', 'g', 'd', 'm', 'v']);
      b.node('Clip', 'y', ['n', 'lo', 'hi']);
    },
    ['n', 3, 6, 6],
    { w1: 0 },
  ),
  'a Clip from above alone': modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 3, 3])]);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'c', ['h', b.weight('w2', [4, 8, 1, 1])]);
      b.initializers.push({ name: 'hi', dims: [], data: Float32Array.of(1) });
      b.node('Clip', 'y', ['c', '', 'hi']);
    },
    ['n', 3, 6, 6],
    { w1: 0 },
  ),
  'a Clip whose bound is computed': modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 3, 3])]);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'c', ['h', b.weight('w2', [4, 8, 1, 1])]);
      b.node('ReduceMax', 'hi', ['x'], { keepdims: 0 });
      b.node('Clip', 'y', ['c', '', 'hi']);
    },
    ['n', 3, 6, 6],
    { w1: 0 },
  ),
  'a sum of an answer with itself': modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 3, 3])]);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'c', ['h', b.weight('w2', [4, 8, 1, 1])]);
      b.node('Add', 'y', ['c', 'c']);
    },
    ['n', 3, 6, 6],
    { w1: 0 },
  ),
  'a stored tensor of positions is added': modelOf(
    (b) => {
      b.node('MatMul', 'a', ['x', b.weight('w1', [6, 8])]);
      b.node('Relu', 'h', ['a']);
      b.node('MatMul', 'c', ['h', b.weight('w2', [8, 5])]);
      b.node('Add', 's', ['c', b.weight('pos', [1, 5, 5])]);
      b.node('Relu', 'y', ['s']);
    },
    ['n', 5, 6],
    { w1: 1 },
  ),
  'a stored vector of channels is added': modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 3, 3])]);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'c', ['h', b.weight('w2', [5, 8, 1, 1])]);
      b.node('Add', 's', ['c', b.weight('pos', [5, 1, 1])]);
      b.node('Relu', 'y', ['s']);
    },
    ['n', 3, 7, 7],
    { w1: 0 },
  ),
  'a stored vector along another axis of that length is added': modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 3, 3])]);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'c', ['h', b.weight('w2', [5, 8, 1, 1])]);
      b.node('Add', 's', ['c', b.weight('pos', [5])]);
      b.node('Relu', 'y', ['s']);
    },
    ['n', 3, 7, 7],
    { w1: 0 },
  ),
  'a stored number is added': modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 3, 3])]);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'c', ['h', b.weight('w2', [5, 8, 1, 1])]);
      b.node('Add', 's', ['c', b.weight('pos', [])]);
      b.node('Relu', 'y', ['s']);
    },
    ['n', 3, 7, 7],
    { w1: 0 },
  ),
  'Gemm of one output': modelOf(
    (b) => {
      b.node('Gemm', 'a', ['x', b.weight('w1', [8, 6])], { transB: 1 });
      b.node('Relu', 'h', ['a']);
      b.node('Gemm', 'y', ['h', b.weight('w2', [8, 1]), b.weight('b2', [1])]);
    },
    ['n', 6],
    { w1: 0 },
  ),
  'a weight behind Transpose': modelOf(
    (b) => {
      b.node('MatMul', 'a', ['x', b.weight('w1', [6, 8])]);
      b.node('Relu', 'h', ['a']);
      b.node('Transpose', 't', [b.weight('w2', [5, 8])], { perm: [1, 0] });
      b.node('MatMul', 'y', ['h', 't']);
    },
    ['n', 6],
    { w1: 1 },
  ),
  'Flatten, then Gemm': modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 3, 3])]);
      b.node('Relu', 'h', ['a']);
      b.node('Flatten', 'f', ['h']);
      b.node('Gemm', 'y', ['f', b.weight('w2', [5, 8 * 4]), b.weight('b2', [5])], { transB: 1 });
    },
    ['n', 3, 4, 4],
    { w1: 0 },
  ),
  'HardSigmoid behind': modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 3, 3])]);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'c', ['h', b.weight('w2', [5, 8, 1, 1])]);
      b.node('HardSigmoid', 'y', ['c']);
    },
    ['n', 3, 7, 7],
    { w1: 0 },
  ),
  'LayerNormalization behind': modelOf(
    (b) => {
      b.node('MatMul', 'a', ['x', b.weight('w1', [6, 8])]);
      b.node('Relu', 'h', ['a']);
      b.node('MatMul', 'c', ['h', b.weight('w2', [8, 5])]);
      b.node('LayerNormalization', 'y', ['c', b.weight('ln', [5])]);
    },
    ['n', 4, 6],
    { w1: 1 },
  ),
};
test.each(Object.entries(cases))('%s: the refitted model is the original', async (_, spec) => {
  const { plan, bytes } = await prune(spec, { data: datasetFor(spec, 64), ratio: 0.5 });
  expect(plan.groups.map(({ id }) => id)).toContain('w1');
  expect(await distance(spec, bytes, feedsFor(spec, 6, 9))).toBeLessThan(1e-4);
});
