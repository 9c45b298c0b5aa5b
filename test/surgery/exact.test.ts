import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Step } from '../support/convnets.js';
import { growConvnet, KINDS } from '../support/convnets.js';
import { prunesExactly } from '../support/exact.js';

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ kind: fc.constantFrom(...KINDS), pick: fc.nat(11), size: fc.nat(11) }),
  { minLength: 1, maxLength: 12 },
);

/** Cases in a test run; more with ESPALIER_CASES, from another seed with ESPALIER_SEED. */
const CASES = Number(process.env.ESPALIER_CASES ?? 300);
const SEED = Number(process.env.ESPALIER_SEED ?? 20260101);

test('masked original equals pruned model, on random convolutional networks', async () => {
  let pruned = 0;
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(1_000_000), async (grown, seed) => {
      if ((await prunesExactly(growConvnet(grown, seed), seed)) !== undefined) pruned += 1;
    }),
    { numRuns: CASES, seed: SEED },
  );
  // A property that hardly ever removed anything would hold for nothing.
  expect(pruned).toBeGreaterThan(CASES * 0.9);
}, 3_600_000);
