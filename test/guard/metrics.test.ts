import { describe, expect, test } from 'vitest';
import { answersOf, type GuardMetric, metricNamed, valuesOf } from '../../src/guard/metrics.js';
import type { Tensor } from '../../src/runtime/runtime.js';

const floats = (dims: readonly number[], ...values: number[]): Tensor => ({
  type: 'float32',
  data: new Float32Array(values),
  dims,
});

const values = (
  name: GuardMetric,
  original: Tensor,
  pruned: Tensor,
  samples = original.dims[0]!,
  labels?: Int32Array,
): number[] => valuesOf(metricNamed(name), answersOf(original, pruned, samples, labels));

describe('metrics, sample by sample', () => {
  const original = floats([3, 2], 1, 2, 3, 1, 0, 5);
  const pruned = floats([3, 2], 2, 1, 3, 2, 0, 4);

  test('agreement, and fidelity of classes: the same arg-max', () => {
    expect(values('agreement', original, pruned)).toEqual([0, 1, 1]);
    expect(values('fidelity', original, pruned)).toEqual([0, 1, 1]);
    const lost = floats([3, 2], Number.NaN, Number.NaN, 3, 2, 0, 4);
    expect(values('agreement', original, lost)).toEqual([0, 1, 1]);
    // Where neither model answers there is nothing to agree about.
    expect(values('agreement', lost, lost)).toEqual([Number.NaN, 1, 1]);
    expect(values('fidelity', lost, lost)).toEqual([Number.NaN, 1, 1]);
    // A logit that is no number makes no answer, wherever the largest of the others lies.
    expect(values('agreement', original, floats([3, 2], 1, 2, 3, Number.NaN, 0, 5))).toEqual([1, 0, 1]);
  });

  test('accuracy: the arg-max of the pruned model is the label', () => {
    expect(values('accuracy', original, pruned, 3, Int32Array.of(0, 1, 1))).toEqual([1, 0, 1]);
  });

  test('fidelity of what is no classes: 1 - relative error, 0 at least', () => {
    const a = floats([4, 1, 2], 3, 4, 3, 4, 0, 0, 3, 4);
    const b = floats([4, 1, 2], 3, 4, 3, 5, 1, 0, -30, 4);
    expect(values('fidelity', a, b)).toEqual([1, 0.8, 0, 0]);
    expect(values('fidelity', a, floats([4, 1, 2], 3, Number.NaN, 3, 4, 0, 0, 3, Infinity))).toEqual([
      0, 1, 1, 0,
    ]);
  });

  test('fidelity of integers: equal elements', () => {
    const ids = (...ints: bigint[]): Tensor => ({
      type: 'int64',
      data: BigInt64Array.from(ints),
      dims: [2, 2],
    });
    expect(values('fidelity', ids(1n, 2n, 3n, 4n), ids(1n, 2n, 3n, 9n))).toEqual([1, 0.5]);
  });

  test('cosine', () => {
    const a = floats([4, 2], 1, 0, 1, 0, 0, 0, 0, 0);
    const b = floats([4, 2], 2, 0, 0, 3, 0, 0, 0, 1);
    expect(values('cosine', a, b)).toEqual([1, 0, 1, 0]);
    expect(values('cosine', a, floats([4, 2], Number.NaN, 0, 1, 0, 0, 0, 0, 0))).toEqual([0, 1, 1, 1]);
  });

  test('kl: of softmaxed outputs in bits, and of probabilities as they are', () => {
    const [p, q] = [0.75, 0.25];
    const bits = p * Math.log2(p / 0.5) + q * Math.log2(q / 0.5);
    const even = floats([1, 2], 7, 7);
    expect(values('kl', floats([1, 2], Math.log(3) + 7, 7), even)[0]).toBeCloseTo(bits, 6);
    expect(values('kl', floats([1, 2], p, q), floats([1, 2], 0.5, 0.5))[0]).toBeCloseTo(bits, 6);
    expect(values('kl', floats([1, 2], 0.5, 0.5), floats([1, 2], 1, 0))[0]).toBeCloseTo(31, 6);
    expect(values('kl', even, floats([1, 2], Number.NaN, 7))).toEqual([64]);
    expect(values('kl', original, original)).toEqual([0, 0, 0]);
    const certain = floats([1, 2], Infinity, 0);
    expect(values('kl', certain, certain)).toEqual([0]);
    expect(values('kl', certain, floats([1, 2], 9, Infinity))).toEqual([64]);
  });

  test('an output without an axis for samples is all of each sample’s', () => {
    expect(values('cosine', floats([1, 2], 1, 0), floats([1, 2], 1, 0), 3)).toEqual([1, 1, 1]);
  });
});
