import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Dim } from '../../src/model/dim.js';
import * as dim from '../../src/model/dim.js';

const assign = (name: string): number => ({ n: 3, h: 14, w: 10 })[name] ?? 1;

const dims: fc.Arbitrary<Dim> = fc.letrec<{ dim: Dim }>((tie) => ({
  dim: fc.oneof(
    { maxDepth: 4 },
    fc.integer({ min: -6, max: 12 }),
    fc.constantFrom('n', 'h', 'w').map((name) => dim.symbol(name)),
    fc.tuple(tie('dim'), tie('dim')).map(([a, b]) => dim.add(a, b)),
    fc.tuple(tie('dim'), tie('dim')).map(([a, b]) => dim.multiply(a, b)),
    fc.tuple(tie('dim'), fc.integer({ min: 1, max: 7 })).map(([a, b]) => dim.floorDivide(a, b)),
  ),
})).dim;

describe('symbolic lengths', () => {
  const operations = [
    [dim.add, (a: number, b: number) => a + b],
    [dim.subtract, (a: number, b: number) => a - b],
    [dim.multiply, (a: number, b: number) => a * b],
    [dim.minimum, Math.min],
    [dim.maximum, Math.max],
  ] as const;

  test('compute what numbers compute', () => {
    fc.assert(
      fc.property(dims, dims, fc.constantFrom(...operations), (a, b, [symbolic, plain]) => {
        const value = dim.evaluate(symbolic(a, b), assign);
        expect(value).toBe(plain(dim.evaluate(a, assign), dim.evaluate(b, assign)) + 0);
      }),
    );
  });

  test('division rounds down, up, or to zero', () => {
    fc.assert(
      fc.property(dims, fc.integer({ min: 1, max: 9 }), (a, b) => {
        const value = dim.evaluate(a, assign);
        expect(dim.evaluate(dim.floorDivide(a, b), assign)).toBe(Math.floor(value / b));
        expect(dim.evaluate(dim.ceilDivide(a, b), assign)).toBeCloseTo(Math.ceil(value / b));
        expect(dim.evaluate(dim.truncatedDivide(a, b), assign)).toBeCloseTo(Math.trunc(value / b));
        expect(dim.evaluate(dim.modulo(a, b), assign)).toBe(((value % b) + b) % b);
      }),
    );
  });

  test('a quotient is exact for every assignment', () => {
    fc.assert(
      fc.property(dims, dims, (a, b) => {
        const found = dim.quotient(dim.multiply(a, b), b);
        if (found === undefined || dim.equal(b, 0)) return;
        expect(dim.evaluate(dim.multiply(found, b), assign)).toBe(dim.evaluate(dim.multiply(a, b), assign));
      }),
    );
  });

  test('equal lengths have one normal form', () => {
    const [n, h] = [dim.symbol('n'), dim.symbol('h')];
    expect(dim.equal(dim.multiply(dim.add(n, 1), h), dim.add(h, dim.multiply(h, n)))).toBe(true);
    expect(dim.quotient(dim.multiply(n, 12), dim.multiply(n, 4))).toBe(3);
    expect(dim.quotient(dim.add(n, 1), n)).toBeUndefined();
    expect(dim.subtract(n, n)).toBe(0);
  });
});
