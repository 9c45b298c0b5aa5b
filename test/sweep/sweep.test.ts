import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { parseNumbers } from '../../src/cli/values.js';
import { picked } from '../../src/data/picked.js';
import {
  datasetOf,
  openModel,
  paretoFront,
  type Sweep,
  type SweepPoint,
  sweep,
  verify,
} from '../../src/index.js';
import { sweepReport } from '../../src/report/sweep.js';
import { drawn } from '../../src/sweep/grid.js';
import { mlp } from '../cli/espalier.js';

const SAMPLES = 64;
const model = mlp(24);
const data = datasetOf({
  x: { data: Float32Array.from({ length: 4 * SAMPLES }, (_, i) => Math.cos(0.7 * i)), dims: [SAMPLES, 4] },
  label: { data: Int32Array.from({ length: SAMPLES }, (_, i) => i % 3), dims: [SAMPLES] },
});
const asked = { data, labels: 'label', macs: [0.3, 0.6], criterion: ['l2', 'information'] } as const;
let found: Sweep;

beforeAll(async () => {
  found = await sweep(model, { ...asked, seeds: 2 });
});

test('each combination is a point: amounts within seeds within criteria', () => {
  expect(found.data).toMatchObject({ samples: 48 });
  expect(found.test).toMatchObject({ samples: 16 });
  expect(found.points.map(({ criterion, seed, macs }) => [criterion, seed, macs])).toEqual(
    ['l2', 'information'].flatMap((criterion) =>
      [0, 1].flatMap((seed) => [0.6, 0.3].map((macs) => [criterion, seed, macs])),
    ),
  );
  for (const { size, macs, fidelity, accuracy } of found.points) {
    expect(size!.macs / found.model.size.macs).toBeLessThanOrEqual(macs!);
    expect(fidelity).toBeGreaterThan(0);
    expect(accuracy).toBeGreaterThanOrEqual(0);
  }
});

test('a point is what prune and verify give', async () => {
  const opened = await openModel(model);
  const calibrating = picked(data, SAMPLES, [...Array(48).keys()]);
  const held = picked(
    data,
    SAMPLES,
    Array.from({ length: 16 }, (_, i) => 48 + i),
  );
  const pruned = await opened.prune({ data: calibrating, criterion: 'l2', macs: 0.3 });
  const result = await verify(model, await pruned.toBytes(), { data: held, labels: 'label', runs: 0 });
  opened.dispose();
  const point = found.points.find(
    ({ criterion, seed, macs }) => criterion === 'l2' && seed === 0 && macs === 0.3,
  )!;
  expect(point.size!.params).toBe(pruned.after.params);
  expect(point.fidelity).toBe(result.outputs[0]!.fidelity);
  expect(point.accuracy).toBe(result.accuracy!.pruned);
  expect(found.accuracy).toBe(result.accuracy!.original);
});

test('what is known is not done again, and nothing of it is lost', async () => {
  const steps: number[] = [];
  const more = await sweep(model, {
    ...asked,
    criterion: ['l2'],
    macs: [0.6, 0.45],
    known: found,
    onPoint: (all) => {
      steps.push(all.points.length);
    },
  });
  expect(steps).toHaveLength(1);
  expect(more.points).toHaveLength(found.points.length + 1);
  expect(more.points).toEqual(expect.arrayContaining([...found.points]));
  await expect(sweep(mlp(8), { ...asked, known: found })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    message: expect.stringMatching(/of another model/),
  });
  await expect(sweep(model, { ...asked, samples: 32, known: found })).rejects.toMatchObject({
    message: expect.stringMatching(/on other samples/),
  });
});

test('a pruning that fails is a point that says why', async () => {
  const { points } = await sweep(model, { data, macs: [0.5, 0.001], criterion: ['l2'] });
  expect(points[0]!.failed).toBeUndefined();
  expect(points[1]).toMatchObject({
    macs: 0.001,
    failed: { code: expect.any(String), text: expect.stringMatching(/./) },
  });
  expect(points[1]!.size).toBeUndefined();
});

test.each<[string, object, RegExp]>([
  ['no amount', { data }, /how much to remove/],
  ['no data', { macs: [0.5] }, /data/],
  ['no numbers', { data, macs: [] }, /macs must be an array of fractions/],
  ['a fraction that is none', { data, macs: [2] }, /macs/],
  ['an unknown criterion', { data, macs: [0.5], criterion: ['l3'] }, /l3/],
  ['a policy that takes no budget', { data, macs: [0.5], policy: ['uniform'] }, /needs a ratio/],
  ['too few samples', { data: picked(data, SAMPLES, [0]), macs: [0.5] }, /samples that judge/],
])('wrong options are told before anything is done: %s', async (_, options, text) => {
  await expect(sweep(model, options as never)).rejects.toMatchObject({
    message: expect.stringMatching(text),
  });
});

test('the table tells means over seeds, and marks what no other beats', () => {
  const text = sweepReport(found);
  expect(text).toMatch(/^l2 +allocate +macs 0\.3 .* ±/m);
  expect(text).toMatch(/ best$/m);
});

test('a front holds exactly the points that no other beats', () => {
  const point = fc.record({ macs: fc.integer({ min: 1, max: 9 }), fidelity: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(fc.array(point), (all) => {
      const points = all.map(({ macs, fidelity }) => ({
        size: { macs },
        fidelity,
      })) as unknown as SweepPoint[];
      const front = paretoFront({ points });
      const beats = (a: SweepPoint, b: SweepPoint) =>
        a.size!.macs <= b.size!.macs &&
        a.fidelity! >= b.fidelity! &&
        (a.size!.macs < b.size!.macs || a.fidelity! > b.fidelity!);
      for (const own of points) {
        const beaten = points.some((other) => beats(other, own));
        const alike = front.some(
          ({ size, fidelity }) => size!.macs === own.size!.macs && fidelity === own.fidelity,
        );
        expect(alike).toBe(!beaten);
      }
    }),
  );
});

test('numbers and ranges on the command line', () => {
  expect(parseNumbers('0.5')).toEqual([0.5]);
  expect(parseNumbers('0.9..0.6,0.2')).toEqual([0.9, 0.8, 0.7, 0.6, 0.2]);
  expect(parseNumbers('0.2..0.3..0.05')).toEqual([0.2, 0.25, 0.3]);
  for (const wrong of ['', 'a', '0.1..0.2..0', '0.1..0.2..0.1..4', '0..1..1e-9'])
    expect(() => parseNumbers(wrong)).toThrow();
});

test('picked samples are those of the dataset, in the order that was asked for', async () => {
  const values = datasetOf({ x: { data: Float32Array.from({ length: 20 }, (_, i) => i), dims: [10, 2] } });
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 0, max: 9 })), fc.nat(9), async (chosen, from) => {
      const view = picked(values, 10, chosen).arrays.get('x')!;
      const read = await view.read(Math.min(from, chosen.length), chosen.length);
      expect([...(read as Float32Array)]).toEqual(chosen.slice(from).flatMap((i) => [2 * i, 2 * i + 1]));
    }),
  );
  expect(drawn(8, 0, () => 0.5)).toHaveLength(8);
  expect(drawn(8, 1, () => 0.3)).toHaveLength(6);
});
