import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/coupling/analysis.js';
import type { Layer } from '../../src/layers/layers.js';
import { answersSaturate, samplesOfTrials } from '../../src/loss/trials.js';
import { registry } from '../../src/ops/registry.js';
import { graphOf } from '../support/graph.js';
import { floats } from '../support/onnx.js';
import { random } from '../support/random.js';

const [first, last] = [{} as Layer, {} as Layer];

/** A model of 16 groups that has so many positions in its last layer, and samples in plenty. */
const tried = (
  positions: number,
  macs: number,
  samples = 1000,
  bytes = 1,
): ReturnType<typeof samplesOfTrials> =>
  samplesOfTrials(
    {
      layers: [first, last],
      rows: new Map([
        [first, 1000],
        [last, positions],
      ]),
      ...{ samples, bytes },
    },
    16,
    macs,
  );

describe('how many samples a trial takes', () => {
  test('a large model that answers once for each sample is not tried; one that answers at each step is, on few', () => {
    expect(tried(1, 1e9)).toBeUndefined();
    expect(tried(20, 1e9)).toEqual({ samples: 31, isTight: true });
    expect(tried(20, 1e9, 1000, 1e8)).toBeUndefined();
  });

  test('however many positions each has, some samples must judge', () => {
    expect(tried(1e6, 1e10)).toBeUndefined();
    expect(tried(1e6, 3e9)).toEqual({ samples: 10, isTight: true });
  });

  test('a small model is tried on many, and on half of those that there are', () => {
    expect(tried(1, 1e5)).toEqual({ samples: 256, isTight: false });
    expect(tried(1, 1e5, 60)).toEqual({ samples: 30, isTight: false });
    expect(tried(1, 1e5, 3)).toBeUndefined();
  });
});

describe('whether answers saturate', () => {
  const next = random(1);
  /** A linear layer and what follows it. */
  const saturates = (...ops: readonly string[]): boolean => {
    const values = ops.map((_, index) => (index === ops.length - 1 ? 'y' : `v${index}`));
    const { graph, read } = graphOf({
      opset: 17,
      inputs: [{ name: 'x', shape: [1, 4] }],
      outputs: [{ name: 'y', shape: [1, 3] }],
      initializers: [floats('w', [4, 3], next)],
      nodes: [
        { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
        ...ops.map((op, index) => ({
          op,
          inputs: [index === 0 ? 'h' : values[index - 1]!],
          outputs: [values[index]!],
        })),
      ],
    });
    return answersSaturate(analyse(graph, registry, read));
  };

  test('probabilities do, whatever moves them; scores and features do not', () => {
    expect(saturates('Softmax')).toBe(true);
    expect(saturates('Sigmoid')).toBe(true);
    expect(saturates('Softmax', 'Transpose')).toBe(true);
    expect(saturates('Transpose')).toBe(false);
    expect(saturates('Softmax', 'Relu')).toBe(false);
    expect(saturates('Relu')).toBe(false);
  });
});
