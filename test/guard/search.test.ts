import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hardest, MOST_TRIES } from '../../src/guard/search.js';

const search = async (holdsAt: (severity: number) => boolean, leaves = (_: number) => true) => {
  const tried: number[] = [];
  const found = await hardest(async (severity) => {
    tried.push(severity);
    const holds = holdsAt(severity);
    return { result: holds && leaves(severity) ? severity : undefined, holds };
  });
  return { found, tried };
};

test('what was asked for is tried first, and alone where it holds', async () => {
  expect(await search(() => true)).toEqual({ found: 1, tried: [1] });
});

test('nothing holds', async () => {
  const { found, tried } = await search(() => false);
  expect(found).toBeUndefined();
  expect(tried).toHaveLength(MOST_TRIES);
});

test('where it is monotone, the limit is met to within 1/64', () =>
  fc.assert(
    fc.asyncProperty(fc.double({ min: 1 / 64, max: 1, noNaN: true }), async (limit) => {
      const { found } = await search((severity) => severity <= limit);
      expect(found).toBeLessThanOrEqual(limit);
      expect(found).toBeGreaterThan(limit - 1 / 64);
    }),
  ));

test('where it is not, what is found holds and is the hardest of those tried that hold', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 65, maxLength: 65 }), async (table) => {
      const holdsAt = (severity: number): boolean => table[Math.round(severity * 64)]!;
      const { found, tried } = await search(holdsAt);
      const held = tried.filter(holdsAt);
      expect(found).toBe(held.length === 0 ? undefined : Math.max(...held));
    }),
  ));

test('an amount that removes nothing is no result', async () => {
  const { found } = await search(
    (severity) => severity < 0.2,
    (severity) => severity > 0.4,
  );
  expect(found).toBeUndefined();
});
