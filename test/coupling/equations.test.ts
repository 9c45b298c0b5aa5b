import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Equations } from '../../src/coupling/equations.js';
import type { Reason } from '../../src/coupling/reason.js';

const because = (text: string): Reason => ({ why: 'operator', node: 'node', text });

/** Labels by position: the first `LANES` are single lanes, later ones conjunctions of earlier ones. */
const LANES = 6;
type Statement =
  | { readonly kind: 'both'; readonly a: number; readonly b: number }
  | { readonly kind: 'equate'; readonly a: number; readonly b: number }
  | { readonly kind: 'freeze'; readonly a: number };

const statements: fc.Arbitrary<Statement[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('both' as const), a: fc.nat(40), b: fc.nat(40) }),
    fc.record({ kind: fc.constant('equate' as const), a: fc.nat(40), b: fc.nat(40) }),
    fc.record({ kind: fc.constant('equate' as const), a: fc.nat(40), b: fc.nat(40) }),
    fc.record({ kind: fc.constant('freeze' as const), a: fc.nat(40) }),
  ),
  { maxLength: 14 },
);

describe('equations', () => {
  test('whatever is removed, every equation that was stated holds', () => {
    fc.assert(
      fc.property(statements, (stated) => {
        const equations = new Equations();
        const labels = [...equations.fresh(LANES)];
        const equal: [number, number][] = [];
        const always: number[] = [];
        for (const statement of stated) {
          const a = labels[statement.a % labels.length]!;
          if (statement.kind === 'freeze') {
            equations.freeze(a, because('said so'));
            always.push(a);
            continue;
          }
          const b = labels[statement.b % labels.length]!;
          if (statement.kind === 'both') labels.push(equations.conjunction([a, b]));
          else {
            equations.equate(a, b, because('met'));
            equal.push([a, b]);
          }
        }
        const atoms = [...new Set(labels.flatMap((label) => equations.atoms(label)))];
        for (let removed = 0; removed < 2 ** atoms.length; removed++) {
          const gone = new Set(atoms.filter((_, i) => (removed >> i) & 1));
          const keeps = (label: number): boolean => !equations.atoms(label).some((lane) => gone.has(lane));
          for (const [a, b] of equal) expect(keeps(a)).toBe(keeps(b));
          for (const label of always) expect(keeps(label)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('what they settle to says the same of every label, whatever is stated afterwards', () => {
    fc.assert(
      fc.property(statements, statements, (before, after) => {
        const equations = new Equations();
        const labels = [...equations.fresh(LANES)];
        const state = (all: readonly Statement[]): void => {
          for (const { kind, ...of } of all) {
            const a = labels[of.a % labels.length]!;
            const b = 'b' in of ? labels[of.b % labels.length]! : a;
            if (kind === 'both') labels.push(equations.conjunction([a, b]));
            else if (kind === 'equate') equations.equate(a, b, because('met'));
            else equations.freeze(a, because(`froze ${a}`));
          }
        };
        const answers = (own: Pick<Equations, 'atoms' | 'atom' | 'frozenBecause'>): unknown =>
          known.map((label) => [own.atoms(label), own.atom(label), own.frozenBecause(label)?.text]);
        state(before);
        const known = [0, ...labels];
        const wanted = answers(equations);
        const settled = equations.settle();
        state(after);
        expect(answers(settled)).toEqual(wanted);
      }),
      { numRuns: 1000 },
    );
  });

  test('labels kept of what is settled are labels frozen before it was', () => {
    fc.assert(
      fc.property(statements, fc.array(fc.nat(40), { maxLength: 4 }), (stated, places) => {
        const equations = new Equations();
        const labels = [...equations.fresh(LANES)];
        for (const { kind, ...of } of stated) {
          const a = labels[of.a % labels.length]!;
          const b = 'b' in of ? labels[of.b % labels.length]! : a;
          if (kind === 'both') labels.push(equations.conjunction([a, b]));
          else if (kind === 'equate') equations.equate(a, b, because('met'));
          else equations.freeze(a, because('froze'));
        }
        equations.inexact(labels[0]!, because('sums'));
        const settled = equations.settle();
        const before = labels.map((label) => settled.atoms(label));
        const kept = places.map((place) => labels[place % labels.length]!);
        const found = settled.keeping([[kept, because('kept')]]);
        for (const label of kept) equations.freeze(label, because('kept'));
        const wanted = equations.settle();
        for (const label of [0, ...labels]) {
          expect(found.atoms(label)).toEqual(wanted.atoms(label));
          expect(found.atom(label)).toBe(wanted.atom(label));
          expect(found.frozenBecause(label) === undefined).toBe(wanted.frozenBecause(label) === undefined);
          expect(found.compiled(Int32Array.of(label))).toEqual(wanted.compiled(Int32Array.of(label)));
        }
        expect([...found.inexact.keys()].sort()).toEqual([...wanted.inexact.keys()].sort());
        for (const label of kept) expect(found.frozenBecause(label)).toBeDefined();
        expect(labels.map((label) => settled.atoms(label))).toEqual(before);
      }),
      { numRuns: 1000 },
    );
  });

  test('a product makes heads and dims lanes of their own', () => {
    const equations = new Equations();
    const [h, d, both] = equations.fresh(3) as unknown as [number, number, number];
    equations.equate(both, equations.conjunction([h, d]), because('reshaped'));
    expect(equations.atoms(both)).toEqual([...equations.atoms(h), ...equations.atoms(d)]);
  });

  test('products of the same shape are tied factor by factor', () => {
    const equations = new Equations();
    const [h, d, g, e] = equations.fresh(4) as unknown as [number, number, number, number];
    equations.equate(equations.conjunction([h, d]), equations.conjunction([g, e]), because('added'));
    expect(equations.atoms(h)).toEqual(equations.atoms(g));
    expect(equations.atoms(d)).toEqual(equations.atoms(e));
    expect(equations.atoms(h)).not.toEqual(equations.atoms(d));
  });

  test('what meets a frozen lane is frozen for the same reason', () => {
    const equations = new Equations();
    const [a, b] = equations.fresh(2) as unknown as [number, number];
    equations.freeze(a, because('the output shows it'));
    equations.equate(a, b, because('met'));
    expect(equations.atoms(b)).toEqual([]);
    expect(equations.frozenBecause(b)?.text).toBe('the output shows it');
  });
});
