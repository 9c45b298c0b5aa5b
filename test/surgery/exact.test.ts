import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Step } from '../support/convnets.js';
import { growConvnet, KINDS } from '../support/convnets.js';
import { distanceFromMasked, prunesExactly, ROUNDING } from '../support/exact.js';
import type { Kept } from '../support/onnx.js';
import { FRONTS, OPEN_KINDS, type OpenStep, openLengthNet } from '../support/openLengths.js';
import type { SequenceStep } from '../support/sequencenets.js';
import { growSequenceNet, SEQUENCE_KINDS } from '../support/sequencenets.js';

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
      if (await prunesExactly(growConvnet(grown, seed), seed)) pruned += 1;
    }),
    { numRuns: CASES, seed: SEED },
  );
  // A property that hardly ever removed anything would hold for nothing.
  expect(pruned).toBeGreaterThan(CASES * 0.9);
}, 3_600_000);

const sequenceSteps: fc.Arbitrary<SequenceStep[]> = fc.array(
  fc.record({ kind: fc.constantFrom(...SEQUENCE_KINDS), pick: fc.nat(11), size: fc.nat(11) }),
  { minLength: 1, maxLength: 8 },
);

test('masked original equals pruned model, on random networks over sequences', async () => {
  let pruned = 0;
  await fc.assert(
    fc.asyncProperty(sequenceSteps, fc.nat(1_000_000), async (grown, seed) => {
      if (await prunesExactly(growSequenceNet(grown, seed), seed)) pruned += 1;
    }),
    { numRuns: CASES, seed: SEED },
  );
  expect(pruned).toBeGreaterThan(CASES * 0.7);
}, 3_600_000);

const openSteps: fc.Arbitrary<OpenStep[]> = fc.array(
  fc.record({ kind: fc.constantFrom(...OPEN_KINDS), size: fc.nat(5) }),
  { minLength: 1, maxLength: 7 },
);

test('masked original equals pruned model, on random networks over lengths that data decides', async () => {
  let pruned = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(FRONTS)),
      openSteps,
      fc.nat(1_000_000),
      async (front, grown, seed) => {
        if (await prunesExactly(openLengthNet(front, seed, grown), seed)) pruned += 1;
      },
    ),
    { numRuns: CASES, seed: SEED },
  );
  expect(pruned).toBeGreaterThan(CASES * 0.9);
}, 3_600_000);

/** The same tables with the first index that stays exchanged for one that does not, in the tensor that leads. */
function wrong(kept: Kept): Kept {
  const [tensor, axes] = Object.entries(kept)[0]!;
  const [axis, indices] = Object.entries(axes)[0]!;
  const gone = Array.from({ length: indices.at(-1)! + 2 }, (_, i) => i).find((i) => !indices.includes(i))!;
  return { ...kept, [tensor]: { ...axes, [axis]: [gone, ...indices.slice(1)].sort((a, b) => a - b) } };
}

test('the comparison sees a single wrong index', async () => {
  const distances: number[] = [];
  for (let seed = 1; seed <= 20; seed++) {
    const grown: Step[] = [
      { kind: 'conv', pick: 0, size: seed % 12 },
      { kind: 'batchNorm', pick: 0, size: 0 },
    ];
    const result = await distanceFromMasked(growConvnet(grown, seed), seed, { mask: wrong });
    if (result !== undefined) distances.push(result.distance);
  }
  expect(distances.length).toBeGreaterThan(10);
  expect(distances.filter((distance) => distance > 10 * ROUNDING).length).toBe(distances.length);
});
