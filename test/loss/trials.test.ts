import { describe, expect, test } from 'vitest';
import type { Layer } from '../../src/layers/layers.js';
import { samplesOfTrials } from '../../src/loss/trials.js';

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
