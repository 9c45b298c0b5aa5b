import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Planning, planBatches } from '../../src/execution/batchPlan.js';

const MIB = 1024 * 1024;
const NAMES = ['a', 'b', 'c', 'd'];

const planning = fc
  .record({
    from: fc.integer({ min: 1, max: 8 }),
    more: fc.integer({ min: 0, max: 300 }),
    size: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
    bytes: fc.array(fc.integer({ min: 0, max: 64 * MIB }), { minLength: 4, maxLength: 4 }),
    strides: fc.array(fc.constantFrom(1, 2, 4, 8), { minLength: 4, maxLength: 4 }),
    model: fc.integer({ min: 0, max: 512 * MIB }),
  })
  .map(
    ({ from, more, size, bytes, strides, model }): Planning => ({
      ...{ from, total: from + more, values: NAMES, model },
      bytes: new Map(NAMES.map((name, index) => [name, bytes[index]!])),
      select: (batch) => NAMES.filter((_, index) => batch % strides[index]! === 0),
      ...(size !== undefined && { size }),
    }),
  );

test('each sample runs once, in its batch, with the values that are wanted of it, in a session that gives them', () => {
  fc.assert(
    fc.property(planning, (own) => {
      const stretches = planBatches(own);
      const runs = stretches.flatMap((stretch) => stretch.runs).sort((a, b) => a.from - b.from);
      let next = own.from;
      for (const { from, samples } of runs) {
        expect(from).toBe(next);
        expect(samples).toBeGreaterThan(0);
        next += samples;
      }
      expect(next).toBe(own.total);
      for (const { outputs, runs } of stretches)
        for (const { batch, values } of runs) {
          expect(values).toEqual(own.select(batch));
          expect(outputs).toEqual(expect.arrayContaining([...values]));
        }
      const batches = runs.map(({ batch }) => batch);
      expect(batches).toEqual([...batches].sort((a, b) => a - b));
    }),
  );
});

test('a batch whose values take much memory runs in parts, alike to one sample', () => {
  const [stretch] = planBatches({
    ...{ from: 1, total: 17, values: NAMES, select: () => NAMES, model: 0 },
    bytes: new Map([
      ['a', 30 * MIB],
      ['b', 10 * MIB],
    ]),
  });
  expect(stretch!.runs.map(({ samples }) => samples)).toEqual([4, 4, 4, 4]);
});

test('where many bytes are spared, a session of its own gives what few batches do not want', () => {
  const plan = (samples: number, model: number) =>
    planBatches({
      ...{ from: 1, total: 1 + samples, size: 8, values: NAMES, model },
      select: (batch) => (batch % 4 === 0 ? NAMES : ['a']),
      bytes: new Map(NAMES.map((name) => [name, MIB])),
    }).map(({ outputs, runs }) => [outputs.join(''), runs.length]);
  expect(plan(512, 4 * MIB)).toEqual([
    ['abcd', 16],
    ['a', 48],
  ]);
  expect(plan(512, 400 * MIB)).toEqual([['abcd', 64]]);
  expect(plan(64, 4 * MIB)).toEqual([['abcd', 8]]);
});
