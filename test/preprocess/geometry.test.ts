import fc from 'fast-check';
import { expect, test } from 'vitest';
import { geometryOf } from '../../src/preprocess/geometry.js';
import type { ImagePreprocessing } from '../../src/preprocess/imageSpec.js';

const length = fc.integer({ min: 1, max: 4000 });
const spec: fc.Arbitrary<ImagePreprocessing> = fc.record(
  {
    resize: fc.constantFrom('shortest', 'stretch', 'letterbox', 'none'),
    anchor: fc.constantFrom('centre', 'top-left'),
    rounding: fc.constantFrom('even', 'down'),
  },
  { requiredKeys: ['resize'] },
);

test('an image is in the middle of what the model sees, covers it or lies within it', () => {
  fc.assert(
    fc.property(spec, length, length, length, length, (own, height, width, toHeight, toWidth) => {
      const { resized, offset } = geometryOf(own, [height, width], [toHeight, toWidth]);
      for (const [axis, to] of [toHeight, toWidth].entries()) {
        const [size, at] = [resized[axis]!, offset[axis]!];
        expect(Number.isInteger(size) && size >= 1 && Number.isInteger(at)).toBe(true);
        if (own.resize === 'letterbox') {
          expect(at).toBeGreaterThanOrEqual(0);
          expect(at + size).toBeLessThanOrEqual(to);
        }
        if (own.resize === 'shortest') expect(size).toBeGreaterThanOrEqual(to);
        if (own.resize === 'stretch') expect([size, at]).toEqual([to, 0]);
        const centred = own.resize !== 'letterbox' || own.anchor !== 'top-left';
        if (centred) expect(Math.abs(at - (to - size) / 2)).toBeLessThanOrEqual(0.6);
      }
    }),
    { numRuns: 2000 },
  );
});
