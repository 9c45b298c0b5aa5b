import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../../src/findings/runs.js';

test('runs alternate, and those that stay come first', () => {
  expect(runsOf([0, 1, 2, 5, 6, 7, 8], 9)).toEqual([3, 2, 4]);
  expect(runsOf([1, 2], 4)).toEqual([0, 1, 2, 1]);
  expect(runsOf([], 3)).toEqual([0, 3]);
});

test('the indices that stay can be read off runs', () =>
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), (stays) => {
      const kept = stays.flatMap((stay, index) => (stay ? [index] : []));
      const read: number[] = [];
      let at = 0;
      for (const [index, run] of runsOf(kept, stays.length).entries()) {
        if (index % 2 === 0) for (let i = at; i < at + run; i++) read.push(i);
        at += run;
      }
      expect(at).toBe(stays.length);
      expect(read).toEqual(kept);
    }),
  ));
