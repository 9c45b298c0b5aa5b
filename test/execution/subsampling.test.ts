import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shareOf, strideFor, stridesFor, wantedRows } from '../../src/execution/subsampling.js';

const size = fc.record({
  inputs: fc.integer({ min: 1, max: 4096 }),
  rows: fc.integer({ min: 1, max: 2 ** 26 }),
});

test('small layers are seen whole, and leave their share to others', () => {
  const small = { inputs: 16, rows: 4000 };
  const large = { inputs: 2048, rows: 2 ** 22 };
  expect(shareOf([small, small])).toBe(Number.POSITIVE_INFINITY);
  const alone = shareOf([large]);
  const beside = shareOf([small, large, small]);
  expect(alone).toBeLessThan(Number.POSITIVE_INFINITY);
  expect(beside / alone).toBeGreaterThan(0.999);
  expect(shareOf([large, large])).toBeCloseTo(alone / 2, -3);
  expect(strideFor(small, beside)).toBe(1);
  expect(strideFor(large, beside)).toBeGreaterThan(1);
});

test('every layer keeps as many positions as its inputs need, however little is left for it', () => {
  fc.assert(
    fc.property(fc.array(size, { minLength: 1, maxLength: 40 }), (sizes) => {
      const share = shareOf(sizes);
      for (const own of sizes) {
        const seen = own.rows / strideFor(own, share);
        expect(seen).toBeGreaterThanOrEqual(Math.min(own.rows, wantedRows(own.inputs)));
      }
    }),
  );
});

test('targets make positions dearer', () => {
  const own = { inputs: 256, rows: 2 ** 20 };
  const share = shareOf(Array.from({ length: 20 }, () => own));
  expect(strideFor({ ...own, targets: 4096 }, share)).toBeGreaterThan(strideFor(own, share));
});

test('whole batches are left out first, but never so that few samples are seen', () => {
  expect(stridesFor(1, 512)).toEqual({ batches: 1, positions: 1 });
  expect(stridesFor(7, 512)).toEqual({ batches: 4, positions: 1 });
  expect(stridesFor(40, 512)).toEqual({ batches: 4, positions: 10 });
  expect(stridesFor(4000, 2048)).toEqual({ batches: 8, positions: 500 });
  expect(stridesFor(4000, 200)).toEqual({ batches: 1, positions: 4000 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e5 }), (every, samples) => {
      const { batches, positions } = stridesFor(every, samples);
      expect(batches * positions).toBeLessThanOrEqual(every);
      expect(batches * positions).toBeGreaterThan(every / 2);
      expect([1, 2, 4, 8]).toContain(batches);
      expect(batches === 1 || samples / batches >= 128).toBe(true);
    }),
  );
});
