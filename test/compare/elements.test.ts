import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cosineOf, isAnswered, relativeErrorOf, sumsOf } from '../../src/compare/elements.js';
import { lossBetween } from '../../src/compare/loss.js';
import { answersOf, metricNamed, metrics, valuesOf } from '../../src/guard/metrics.js';
import type { Tensor } from '../../src/runtime/runtime.js';
import { OutputComparison } from '../../src/verify/compare.js';

const tensor = (dims: readonly number[], values: readonly number[]): Tensor => ({
  type: 'float64',
  data: Float64Array.from(values),
  dims,
});

/** Numbers of moderate size, zeros, and what is no number. */
const finite = fc.oneof(fc.constant(0), fc.double({ min: -1e6, max: 1e6, noNaN: true }));
const any = fc.oneof(
  { weight: 6, arbitrary: finite },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity) },
);
const rowsOf = (value: fc.Arbitrary<number>, length = 12) =>
  fc
    .integer({ min: 1, max: length })
    .chain((n) =>
      fc.tuple(
        fc.array(value, { minLength: n, maxLength: n }),
        fc.array(value, { minLength: n, maxLength: n }),
      ),
    );

const apart = (x: number, y: number): boolean =>
  !(Number.isFinite(x) && Number.isFinite(y)) && !Object.is(x, y);

describe('elements', () => {
  test('each is compared, or apart, or answered by neither model', () =>
    fc.assert(
      fc.property(rowsOf(any), ([original, pruned]) => {
        const sums = sumsOf({ original, pruned });
        expect(sums.apart).toBe(original.filter((x, i) => apart(x, pruned[i]!)).length);
        expect(sums.unanswered).toBe(
          original.filter((x, i) => Number.isNaN(x) && Number.isNaN(pruned[i]!)).length,
        );
        expect(sums.elements + sums.unanswered).toBe(original.length);
        expect(sums.max === Infinity).toBe(sums.apart > 0);
      }),
    ));

  test('what is equal has cosine 1 and no error, whatever it holds', () =>
    fc.assert(
      fc.property(fc.array(any, { minLength: 1 }), (values) => {
        const sums = sumsOf({ original: values, pruned: values });
        expect(sums.apart).toBe(0);
        fc.pre(isAnswered(sums));
        expect(cosineOf(sums)).toBeCloseTo(1, 12);
        expect(relativeErrorOf(sums)).toBe(0);
      }),
    ));

  test('elements that are NaN in both, or infinite in both alike, change no likeness of the others', () =>
    fc.assert(
      fc.property(
        rowsOf(finite),
        fc.nat(),
        fc.constantFrom(Number.NaN, Infinity, -Infinity),
        (pair, place, odd) => {
          const [original, pruned] = pair;
          const at = place % (original.length + 1);
          const [plain, more] = [
            sumsOf({ original, pruned }),
            sumsOf({ original: original.toSpliced(at, 0, odd), pruned: pruned.toSpliced(at, 0, odd) }),
          ];
          expect(cosineOf(more)).toBe(cosineOf(plain));
          expect(relativeErrorOf(more)).toBe(relativeErrorOf(plain));
        },
      ),
    ));
});

/** What `verify` reports of one output. */
const reportOf = (original: Tensor, pruned: Tensor, samples: number) =>
  new OutputComparison('y').add(answersOf(original, pruned, samples)).report();

describe('verify and guards', () => {
  const pairs = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }), fc.boolean())
    .chain(([samples, width, flat]) => {
      const values = fc.array(any, { minLength: samples * width, maxLength: samples * width });
      const dims = flat ? [samples, width] : [samples, width, 1];
      return fc.tuple(values, values, fc.boolean()).map(([a, b, same]) => ({
        samples,
        original: tensor(dims, a),
        pruned: tensor(dims, same ? a : b),
      }));
    });

  test('say the same of one sample', () =>
    fc.assert(
      fc.property(pairs, ({ original, pruned, samples }) => {
        const of = (name: 'cosine' | 'fidelity') =>
          valuesOf(metricNamed(name), answersOf(original, pruned, samples));
        const [fidelity, cosine] = [of('fidelity'), of('cosine')];
        const report = reportOf(original, pruned, samples);
        const answered = fidelity.filter((value) => !Number.isNaN(value));
        expect(report.unanswered.samples).toBe(samples - answered.length);
        if (answered.length === 0) {
          expect(report).toMatchObject({ fidelity: null, cosine: null, relativeError: null });
          return;
        }
        const mean = answered.reduce((sum, value) => sum + value, 0) / answered.length;
        expect(report.fidelity).toBeCloseTo(mean, 12);
        if (samples > 1) return;
        expect(report.cosine ?? 0).toBe(cosine[0]);
        if (report.top1Agreement === null)
          expect(report.fidelity).toBe(Math.max(0, 1 - (report.relativeError ?? 1)));
      }),
    ));

  test('every metric is at its worst for a sample that is not finite in one model only', () =>
    fc.assert(
      fc.property(pairs, ({ original, pruned, samples }) => {
        const width = original.data.length / samples;
        const worst = { fidelity: 0, accuracy: 0, agreement: 0, cosine: 0, kl: 64 };
        for (const metric of metrics) {
          const answers = answersOf(original, pruned, samples);
          if (!metric.fits(answers)) continue;
          for (const [sample, value] of valuesOf(metric, answers).entries()) {
            const places = Array.from({ length: width }, (_, i) => sample * width + i);
            const [a, b] = [original, pruned].map(({ data }) => places.map((i) => data[i] as number));
            if (a!.some((x, i) => apart(x, b![i]!))) expect(value).toBe(worst[metric.name]);
            else if (!Number.isNaN(value)) {
              expect(value).toBeGreaterThanOrEqual(metric.range[0]);
              expect(value).toBeLessThanOrEqual(metric.range[1]);
            }
          }
        }
      }),
    ));

  test('a model that gives only NaN keeps nothing of one that answers', () =>
    fc.assert(
      fc.property(fc.array(finite, { minLength: 4, maxLength: 4 }), (values) => {
        const nan = tensor([2, 2], [Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
        const comparison = new OutputComparison('y').add(answersOf(tensor([2, 2], values), nan, 2));
        expect(comparison.lost).toBe(true);
        expect(comparison.report()).toMatchObject({
          ...{ fidelity: 0, cosine: 0, relativeError: 1, maxAbsDifference: Infinity, top1Agreement: 0 },
        });
      }),
    ));
});

describe('losses', () => {
  test('an output that overflows has lost all, or more', () =>
    fc.assert(
      fc.property(fc.array(finite, { minLength: 2, maxLength: 9 }), fc.nat(), any, (values, place, other) => {
        const changed = values.with(place % values.length, other);
        const found = lossBetween(tensor([values.length], values), tensor([values.length], changed));
        if (values.every((value) => value === values[0])) return;
        fc.pre(found !== undefined);
        expect(found!.overflows).toBe(!Number.isFinite(other));
        if (!Number.isFinite(other)) expect(found!.loss).toBeGreaterThanOrEqual(1);
        if (Object.is(values[place % values.length], other)) expect(found!.loss).toBe(0);
      }),
    ));

  test('of a mean instead of the values is 1, and what is missing is lost', () => {
    const original = tensor([4], [1, 2, 3, 6]);
    expect(lossBetween(original, tensor([4], [3, 3, 3, 3]))?.loss).toBeCloseTo(1, 12);
    expect(lossBetween(original, tensor([2], [1, 2]))?.loss).toBeCloseTo(0.5, 12);
    expect(lossBetween(original, original)?.loss).toBe(0);
    const nan = tensor([2], [Number.NaN, Number.NaN]);
    expect(lossBetween(nan, nan)).toBeUndefined();
    expect(lossBetween(tensor([2], [1, 1]), tensor([2], [1, 1]))).toBeUndefined();
  });
});
