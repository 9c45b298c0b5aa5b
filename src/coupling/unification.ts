import type { Dim } from '../model/dim.js';
import { equal, product, quotient } from '../model/dim.js';
import type { Axis, Factor } from './axis.js';
import { axisOf, sameAxis } from './axis.js';
import type { Statements } from './statements.js';

/** States that two axes are one, index by index, however their factors lie. */
export function unifyTwo(statements: Statements, a: Axis, b: Axis): void {
  new Unification(statements, a, b).unify();
}

class Unification {
  constructor(
    private readonly statements: Statements,
    private readonly a: Axis,
    private readonly b: Axis,
  ) {}

  /** Walks both lines of factors, outermost first. */
  unify(): void {
    if (sameAxis(this.a, this.b)) return;
    const [left, right] = this.#solved(this.a, this.b);
    const x = [...left.factors];
    const y = [...right.factors];
    while (x.length > 0 && y.length > 0) {
      const [f, g] = [x.shift()!, y.shift()!];
      if (equal(f.length, g.length)) {
        this.#unifyFactors(f, g);
      } else if (
        !this.#unifyWithWhole(f, g, x) &&
        !this.#unifyWithWhole(g, f, y) &&
        !this.#unifyRun(f, x, g, y)
      ) {
        this.#mismatch([f, ...x, g, ...y]);
        return;
      }
    }
    // What is left on one side has no counterpart on the other, so that its length must be 1. A factor with labels is longer:
    // then the two do not fit.
    this.#mismatch([...x, ...y].filter((factor) => factor.labels !== undefined));
  }

  /** A single open length of one side follows from the other side's known one. */
  #solved(a: Axis, b: Axis): readonly [Axis, Axis] {
    const solve = (axis: Axis, length: Dim): Axis => {
      const open = axis.factors.filter((factor) => typeof factor.length !== 'number');
      if (typeof length !== 'number' || open.length !== 1) return axis;
      const known = product(
        axis.factors.filter((factor) => factor !== open[0]).map((factor) => factor.length),
      );
      const solution = quotient(length, known);
      if (solution === undefined) return axis;
      return axisOf(
        axis.factors.map((factor) => (factor === open[0] ? { length: solution, zero: false } : factor)),
      );
    };
    return [solve(a, b.length), solve(b, a.length)];
  }

  #unifyFactors(f: Factor, g: Factor): void {
    if (f.labels === g.labels) return;
    if (f.labels === undefined || g.labels === undefined) {
      const text = 'meets an axis of the same length that no weight gave it';
      this.statements.freezeUnknown(axisOf([f, g]), 'graph-input', text, [this.a.length, this.b.length]);
      return;
    }
    this.statements.equateAll(f.labels, g.labels);
  }

  /**
   * A factor without labels is matched with the other side's factor where its length is a multiple of that one's; what is
   * left of it is matched with the factors that follow.
   */
  #unifyWithWhole(whole: Factor, part: Factor, rest: Factor[]): boolean {
    if (whole.labels !== undefined) return false;
    const left = quotient(whole.length, part.length);
    if (left === undefined) return false;
    const text = 'meets an axis that no weight gave its length';
    this.statements.freezeUnknown(axisOf([part]), 'graph-input', text, [this.a.length, this.b.length]);
    rest.unshift({ length: left, zero: false });
    return true;
  }

  /** The shortest runs of factors on both sides that multiply to the same known length are unified index by index. */
  #unifyRun(f: Factor, x: Factor[], g: Factor, y: Factor[]): boolean {
    const left = [f];
    const right = [g];
    for (;;) {
      const m = product(left.map((factor) => factor.length));
      const n = product(right.map((factor) => factor.length));
      if (typeof m !== 'number' || typeof n !== 'number') return false;
      if (m === n) break;
      const next = m < n ? x.shift() : y.shift();
      if (next === undefined) return false;
      (m < n ? left : right).push(next);
    }
    const { statements } = this;
    statements.equateAll(statements.labelsOf(axisOf(left)), statements.labelsOf(axisOf(right)));
    return true;
  }

  #mismatch(factors: readonly Factor[]): void {
    const axis = axisOf(factors);
    const open = factors.filter(({ length }) => typeof length !== 'number').map(({ length }) => length);
    if (open.length === 0)
      this.statements.freeze(axis, 'mismatch', 'two ways to see one axis do not fit together');
    else
      this.statements.freezeUnknown(axis, 'unknown-shape', 'meets an axis whose length is not known', open);
  }
}
